"""Inspecting a token is apart from minting one, and its costs are limited, on a real server."""

import asyncio
import base64
import json
import os
import zlib
from pathlib import Path

import dstok
import pytest
from helpers import CURRENT, OLD, cookie, token
from itsdangerous import URLSafeSerializer
from servers import serve

from datasette_dstok.instance import instance_of
from datasette_dstok.sidecar import Inspection, Refused

# MiB of memory; an inspection of 8 kB that inflates took 500.
MOST = 130

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads memory from /proc"
)


DEEP = b"[" * 400 + b"1" + b"]" * 400


def inflating(payload: bytes) -> str:
    """Return a token with a payload that is compressed, signed with the current secret."""
    packed = base64.urlsafe_b64encode(zlib.compress(payload, 9)).decode().rstrip("=")
    signer = URLSafeSerializer(CURRENT, "token").make_signer()
    return "dstok_" + signer.sign(f".{packed}").decode()


def hostile() -> dict[str, str]:
    """Return tokens of nearly 8 kB that inflate to megabytes."""
    start = b'{"a":"mallory","t":1,"_r":'
    return {
        "zeros": inflating(b'{"a":"' + b"0" * 5_000_000 + b'","t":1}'),
        "lists": inflating(start + b'{"a":[' + b"[]," * 1_600_000 + b"[]]}}"),
        "names": inflating(start + b'{"a":[' + b'"vi",' * 800_000 + b'"vi"]}}'),
        "below the limit": inflating(start + b'{"a":[' + b'"vi",' * 200_000 + b'"vi"]}}'),
        "deep": inflating(start + b'{"a":[' + (DEEP + b",") * 1_200 + b"1]}}"),
    }


def most_memory(pid: int) -> int:
    """Return the most MiB that a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def children(pid: int) -> list[int]:
    """Return the ids of the processes that a process started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


@needs_proc
@pytest.mark.parametrize("kind", ["zeros", "lists", "names", "below the limit", "deep"])
def test_payload_that_inflates(tmp_path, kind):
    pasted = hostile()[kind]
    assert len(pasted) < 8_192
    with serve(tmp_path, CURRENT) as server:
        before = most_memory(server.process.pid)
        page = server.post_form("/-/dstok", cookie(CURRENT, {"id": "root"}), token=pasted)
        assert page.status == 200
        assert "too l" in page.text, "too long or too large to be shown"
        assert len(page.text) < 20_000
        assert most_memory(server.process.pid) - before < MOST
        (process,) = children(server.process.pid)
        assert most_memory(process) < MOST
        assert b"--max-payload=1048576" in Path(f"/proc/{process}/cmdline").read_bytes()


# Fails to inspect, and mints: a program that looks for the option of the inspecting process.
ONLY_MINTS = """case "$*" in *--max-payload*) {failure} ;; esac
exec {dstok} "$@"
"""

MINTING = """
from datasette import Response, hookimpl


async def mint(datasette):
    return Response.text(await datasette.create_token("ci", handler="dstok"))


@hookimpl
def register_routes():
    return [(r"^/mint$", mint)]
"""


@pytest.mark.parametrize("failure", ["exit 3", "while read line; do :; done"])
def test_failed_inspection_stops_no_minting(tmp_path, broken_binary, failure):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "minting.py").write_text(MINTING)
    log = tmp_path / "audit.jsonl"
    binary = broken_binary(ONLY_MINTS.format(failure=failure, dstok=dstok.find_binary()))
    options = {"binary": binary, "audit_log": str(log), "max_expires_after": 600}
    options |= {"default_expires_after": 60, "old_secrets": [OLD]}
    root = cookie(CURRENT, {"id": "root"})
    with serve(tmp_path, CURRENT, options, ["--plugins-dir", tmp_path / "plugins"]) as server:
        page = server.post_form("/-/dstok", root, token=token(CURRENT))
        assert "Tokens cannot be inspected now" in page.text
        # With an audit log a token is only made by the program: 503 if minting were given up.
        assert server.request("/mint").status == 200
    assert [json.loads(line)["actor_id"] for line in log.read_text().splitlines()] == ["ci"]


def test_limits_do_not_judge_what_is_inspected(tmp_path):
    """Neither limits nor an audit log that cannot be written keep a token from being inspected."""
    options = {"audit_log": os.devnull + "/none", "max_expires_after": 60}
    options |= {"known_actions_only": True}
    with serve(tmp_path, CURRENT, options) as server:
        root = cookie(CURRENT, {"id": "root"})
        page = server.post_form("/-/dstok", root, token=token(CURRENT, _r={"a": ["vi", "xy"]}))
        assert "This token is valid." in page.text


@pytest.mark.asyncio
async def test_inspections_take_turns(make_datasette, monkeypatch):
    """Each may decode 1 MiB of JSON in Datasette's own thread, where other requests wait."""
    running, most = 0, 0

    async def call(self, datasette, method, *args):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        if args == ("x.fails",):
            raise Refused("it is no token")
        return args

    monkeypatch.setattr(Inspection, "call", call)
    datasette = await make_datasette()
    inspect = instance_of(datasette).inspection.inspect_token
    tokens = ["x.fails", "x.y", "x.fails", "x.z", "x.y", "x.z"]
    found = await asyncio.gather(
        *(inspect(datasette, one) for one in tokens), return_exceptions=True
    )
    assert most == 2
    assert [isinstance(one, Refused) for one in found] == [one == "x.fails" for one in tokens]
