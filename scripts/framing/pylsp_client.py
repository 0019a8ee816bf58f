"""Make calls through python-lsp-jsonrpc, as it is. Arguments: the command of the server.

stdin: a JSON list of [method, params]. stdout: a list of answers.
"""

import json
import subprocess
import sys
import threading

from pylsp_jsonrpc.endpoint import Endpoint
from pylsp_jsonrpc.exceptions import JsonRpcException
from pylsp_jsonrpc.streams import JsonRpcStreamReader, JsonRpcStreamWriter


def answer(future):
    try:
        return {"result": future.result(timeout=60)}
    except JsonRpcException as error:
        return {"error": error.to_dict()}


def main():
    calls = json.load(sys.stdin)
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    writer = JsonRpcStreamWriter(server.stdin)
    endpoint = Endpoint({}, writer.write)
    reading = threading.Thread(target=JsonRpcStreamReader(server.stdout).listen, args=[endpoint.consume])
    reading.start()
    # All are sent before the first is answered.
    futures = [endpoint.request(method, params) for method, params in calls]
    answers = [answer(future) for future in futures]
    endpoint.notify("ping", {})
    writer.close()
    status = server.wait(60)
    reading.join(60)
    endpoint.shutdown()
    json.dump(answers, sys.stdout)
    sys.exit(status)


main()
