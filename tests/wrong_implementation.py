#!/usr/bin/env python3
"""A plausible implementation of the protocol, with mistakes that `dstok conformance` must catch.

Only create_token, sign and configure; what is wrong with them is marked WRONG.
"""

import base64
import hashlib
import hmac
import json
import sys
import zlib

ABBREVIATIONS = {"view-instance": "vi", "view-database": "vd", "view-table": "vt", "insert-row": "ir"}
settings = {"secret": None}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"jsonrpc": "2.0", "id": request["id"]}
        methods = {"configure": configure, "create_token": create_token, "sign": sign}
        if request["method"] not in methods:
            answer["error"] = {"code": -32601, "message": "Method not found"}
        else:
            try:
                answer["result"] = methods[request["method"]](request["params"])
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                answer["error"] = {"code": -32602, "message": f"Invalid params: {error!r}"}
        print(json.dumps(answer), flush=True)


def configure(params):
    if "secret" in params:
        settings["secret"] = params["secret"]
    return {}


def create_token(params):
    if isinstance(params, list):
        names = ("actor_id", "expires_after", "restrict_all", "restrict_database", "restrict_resource", "x", "now")
        params = dict(zip(names, params))
    payload = {"a": params["actor_id"], "t": int(params["now"])}
    if params.get("expires_after"):
        payload["d"] = params["expires_after"]
    restrictions = {}
    if params.get("restrict_all"):
        restrictions["a"] = [ABBREVIATIONS.get(name, name) for name in params["restrict_all"]]
    if params.get("restrict_database"):
        # WRONG: the abbreviations are forgotten.
        restrictions["d"] = params["restrict_database"]
    if restrictions:
        payload["_r"] = restrictions
    return "dstok_" + signed(payload, "token")


def sign(params):
    if isinstance(params, list):
        params = dict(zip(("value", "namespace"), params))
    return signed(params["value"], params.get("namespace") or "default")


def signed(value, namespace):
    # WRONG: itsdangerous writes other characters as they are.
    data = json.dumps(value, separators=(",", ":")).encode()
    compressed = zlib.compress(data)
    # WRONG: it must be shorter by at least two bytes.
    if len(compressed) < len(data):
        body = b"." + base64.urlsafe_b64encode(compressed).rstrip(b"=")
    else:
        body = base64.urlsafe_b64encode(data).rstrip(b"=")
    key = hashlib.sha1(namespace.encode() + b"signer" + settings["secret"].encode()).digest()
    signature = base64.urlsafe_b64encode(hmac.digest(key, body, "sha1")).rstrip(b"=")
    return (body + b"." + signature).decode()


if __name__ == "__main__":
    main()
