"""Make calls through pygls, as it is. Arguments: the command of the server.

stdin: a JSON list of [method, params]. stdout: a list of answers.
"""

import asyncio
import json
import sys

from lsprotocol.converters import get_converter
from pygls.client import JsonRPCClient
from pygls.exceptions import JsonRpcException


class Client(JsonRPCClient):
    def report_server_error(self, error, source):
        sys.exit(f"pygls cannot read an answer: {error}")


async def answer(client, method, params):
    try:
        return {"result": await client.protocol.send_request_async(method, params)}
    except JsonRpcException as error:
        return {"error": {"code": error.code, "message": error.message, "data": error.data}}


async def main():
    calls = json.load(sys.stdin)
    # The default of pygls makes tuples of objects, and renames members such as _r.
    client = Client(converter_factory=get_converter)
    await client.start_io(*sys.argv[1:])
    # All are sent before the first is answered.
    answers = await asyncio.gather(*(answer(client, *call) for call in calls))
    client.protocol.notify("ping", {})
    client.protocol.writer.close()
    await client.stop()
    json.dump(answers, sys.stdout)


asyncio.run(main())
