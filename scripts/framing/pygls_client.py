"""Make calls through pygls, as it is. Arguments: the command of the server.

stdin: a JSON list of [method, params]. stdout: a list of answers.
"""

import asyncio
import json
import sys

from pygls.client import JsonRPCClient
from pygls.exceptions import JsonRpcException


class Client(JsonRPCClient):
    def report_server_error(self, error, source):
        sys.exit(f"pygls cannot read an answer: {error}")


def plain(value):
    """Return a value without the tuples that pygls makes of objects."""
    if hasattr(value, "_asdict"):
        return {name: plain(inner) for name, inner in value._asdict().items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


async def answer(client, method, params):
    try:
        return {"result": plain(await client.protocol.send_request_async(method, params))}
    except JsonRpcException as error:
        return {"error": {"code": error.code, "message": error.message, "data": plain(error.data)}}


async def main():
    calls = json.load(sys.stdin)
    client = Client()
    await client.start_io(*sys.argv[1:])
    # All are sent before the first is answered.
    answers = await asyncio.gather(*(answer(client, *call) for call in calls))
    client.protocol.notify("ping", {})
    client.protocol.writer.close()
    await client.stop()
    json.dump(answers, sys.stdout)


asyncio.run(main())
