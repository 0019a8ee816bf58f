"""What several tests need: a secret with its token, and programs that stand in for dstok."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

NOW = 1700000000
TOKEN = "dstok_eyJhIjoicm9vdCIsInQiOjE3MDAwMDAwMDB9.y7rsPy6HkXvC7kMHjI41lLka788"
"""That of root, made at NOW."""
SECRET = "not-a-secret"


class Fake(Protocol):
    """Makes a program that stands in for dstok."""

    def __call__(self, body: str) -> Path: ...


def untyped(client: object) -> Any:
    """Return a client without its types, for what only a stand-in takes, or nobody."""
    return client


# It greets as dstok does. A test adds `serve(request)`, which returns a result or writes answers.
PRELUDE = """\
#!{python}
import json, os, signal, sys, time

def write(answer):
    sys.stdout.write(json.dumps(answer) + "\\n")
    sys.stdout.flush()

def answer(request):
    if request["method"] == "info":
        return dict(INFO)
    if request["method"] == "configure":
        return dict(INFO)
    return serve(request)

INFO = {{"name": "dstok", "version": "{version}", "protocol": 1}}

def serve(request):
    return "pong"

"""
POSTLUDE = """
for line in sys.stdin:
    request = json.loads(line)
    result = answer(request)
    if result is not None:
        write({"jsonrpc": "2.0", "id": request["id"], "result": result})
"""

# It does what it is told when a file of that name appears beside it, within reason.
GATE = """
def wait_for_file(name):
    end = time.monotonic() + 30
    while not os.path.exists(os.path.join(os.path.dirname(__file__), name)):
        if time.monotonic() > end:
            os._exit(1)
        time.sleep(0.005)
"""
LATE = f"""
{GATE}
def serve(request):
    if request["method"] == "late":
        wait_for_file("now")
    return request["method"]
"""
DEAF = """
def serve(request):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)
"""
