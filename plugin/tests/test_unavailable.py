"""A program dstok that is missing, of another version, dies or hangs: Datasette goes on."""

import sys
import time

import dstok
import pytest
from helpers import CURRENT, OLD, bearer, cookie, new_cookie, restrictions, token

from datasette_dstok import sidecar
from datasette_dstok.limits import AuditLogUnavailable, TokenRefused

OTHER_VERSION = f"""exec {sys.executable} -c '
import json, sys
for line in sys.stdin:
    answer = {{"jsonrpc": "2.0", "id": json.loads(line)["id"]}}
    answer["result"] = {{"name": "dstok", "version": "99.0", "protocol": 99}}
    print(json.dumps(answer), flush=True)
'"""

BROKEN = {
    "missing": (None, "it was not found"),
    "dies": ("exit 3", "it could not be started, or it ended"),
    "dies on each call": ("read line; exit 3", "it could not be started, or it ended"),
    "hangs": ("while read line; do :; done", "it did not answer in time"),
    "writes nonsense": (
        "read line; echo nonsense; while read line; do :; done",
        "its answers are not those of dstok",
    ),
    "other version": (OTHER_VERSION, "its version does not match the package dstok"),
}


@pytest.fixture(params=BROKEN)
def broken(request, broken_binary, tmp_path):
    """Return (options with a binary that does not work, why it is said not to)."""
    script, why = BROKEN[request.param]
    binary = broken_binary(script) if script else str(tmp_path / "missing")
    return {"binary": binary, "timeout": 0.5}, why


def warnings(caplog):
    """Return what was logged about the program."""
    return [record.getMessage() for record in caplog.records if record.module == "sidecar"]


@pytest.mark.asyncio
async def test_datasettes_own_handler_answers(make_datasette, broken, caplog):
    options, _why = broken
    datasette = await make_datasette({**options, "default_handler": True, "old_secrets": [OLD]})
    started = time.monotonic()
    for _ in range(20):
        minted = await datasette.create_token(
            "alice", expires_after=60, restrictions=restrictions(["view-table"])
        )
        payload = datasette.unsign(minted.removeprefix("dstok_"), "token")
        assert {**payload, "t": 0} == {"a": "alice", "t": 0, "d": 60, "_r": {"a": ["vt"]}}
    assert time.monotonic() - started < 5, "only the first call waits"
    assert len(warnings(caplog)) == 1
    assert "so Datasette runs without it" in warnings(caplog)[0]
    # Rotation does not need the program at all.
    for request in ({"headers": bearer(token(OLD))}, {"cookies": {"ds_actor": cookie(OLD)}}):
        response = await datasette.client.get("/-/actor.json", **request)
        assert response.json()["actor"]["id"] == "alice"
    assert new_cookie(response)[0] == cookie(CURRENT, renewed_from=[OLD])


@pytest.mark.asyncio
async def test_the_page_says_so(make_datasette, broken, caplog):
    options, why = broken
    datasette = await make_datasette(options)
    for _ in range(3):
        response = await datasette.client.post(
            "/-/dstok", data={"token": token(CURRENT)}, actor={"id": "root"}
        )
        assert response.status_code == 200
        assert f"the program dstok is not available: {why}." in " ".join(response.text.split())
    assert len(warnings(caplog)) == 1


@pytest.mark.asyncio
async def test_limits_hold_without_it(make_datasette, broken, tmp_path):
    options, _ = broken
    rails = {"max_expires_after": 60, "default_expires_after": 30, "known_actions_only": True}
    datasette = await make_datasette({**options, **rails, "default_handler": True})
    minted = await datasette.create_token("alice")
    assert datasette.unsign(minted.removeprefix("dstok_"), "token")["d"] == 30
    with pytest.raises(TokenRefused):
        await datasette.create_token("alice", expires_after=61)
    with pytest.raises(TokenRefused):
        await datasette.create_token("alice", restrictions=restrictions(["unknown"]))


@pytest.mark.asyncio
async def test_no_token_without_its_record(make_datasette, broken, tmp_path):
    options, _why = broken
    datasette = await make_datasette(
        {**options, "audit_log": str(tmp_path / "log"), "replace_signed": True}
    )
    with pytest.raises(AuditLogUnavailable, match="No token was made"):
        await datasette.create_token("alice")
    response = await datasette.client.post(
        "/-/create-token", data={"expire_type": ""}, actor={"id": "root"}
    )
    assert response.status_code == 503
    assert "dstok_" not in response.text


@pytest.mark.asyncio
async def test_audit_log_that_cannot_be_written(make_datasette, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("HOME", str(tmp_path))
    datasette = await make_datasette({"audit_log": "~/none/log", "default_handler": True})
    with pytest.raises(AuditLogUnavailable):
        await datasette.create_token("alice")
    (warning,) = warnings(caplog)
    assert f"cannot append to {tmp_path}/none/log" in warning


@pytest.mark.asyncio
async def test_audit_log_that_fails_later(make_datasette, caplog):
    datasette = await make_datasette({"audit_log": "/dev/full", "replace_signed": True})
    with pytest.raises(AuditLogUnavailable, match="cannot be written now"):
        await datasette.create_token("alice")
    for _ in range(2):
        response = await datasette.client.post(
            "/-/create-token", data={"expire_type": ""}, actor={"id": "root"}
        )
        assert response.status_code == 503
        assert "dstok_" not in response.text
    assert len(warnings(caplog)) == 1
    assert "the audit log cannot be written, so no token is made: No space" in warnings(caplog)[0]


@pytest.mark.asyncio
async def test_package_that_cannot_be_imported(make_datasette, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "dstok", None)
    datasette = await make_datasette({"default_handler": True})
    assert (await datasette.create_token("alice")).startswith("dstok_")
    page = await datasette.client.post(
        "/-/dstok", data={"token": token(CURRENT)}, actor={"id": "root"}
    )
    assert "the program dstok is not available" in page.text
    assert len(warnings(caplog)) == 1


@pytest.mark.asyncio
async def test_it_is_used_again_when_it_works(make_datasette, broken_binary, monkeypatch):
    path = broken_binary("exit 3")
    datasette = await make_datasette({"binary": path, "default_handler": True})
    await datasette.create_token("alice")
    broken_binary(f'exec {dstok.find_binary()} "$@"')
    page = await datasette.client.post(
        "/-/dstok", data={"token": token(CURRENT)}, actor={"id": "root"}
    )
    assert "This token is valid." in page.text, "the page asks at once"
    monkeypatch.setattr(sidecar, "COOL_DOWN", 0.0)
    await datasette.create_token("alice")


@pytest.mark.asyncio
async def test_one_death_is_made_up_for(make_datasette, broken_binary, tmp_path, caplog):
    first = tmp_path / "first"
    first.touch()
    path = broken_binary(f'rm {first} 2>/dev/null && exit 3\nexec {dstok.find_binary()} "$@"')
    options = {"binary": path, "default_handler": True, "audit_log": str(tmp_path / "log")}
    datasette = await make_datasette(options)
    assert (await datasette.create_token("alice")).startswith("dstok_")
    assert not first.exists()
    assert warnings(caplog) == []


@pytest.mark.asyncio
async def test_before_startup_datasettes_own_handler_answers(caplog):
    from datasette.app import Datasette

    datasette = Datasette(memory=True, secret=CURRENT)
    minted = await datasette.create_token(
        "alice", restrictions=restrictions(["view-table"]), handler="dstok"
    )
    assert datasette.unsign(minted.removeprefix("dstok_"), "token")["_r"] == {"a": ["view-table"]}
    assert warnings(caplog) == []
    await datasette.invoke_startup()
    minted = await datasette.create_token(
        "alice", restrictions=restrictions(["view-table"]), handler="dstok"
    )
    assert datasette.unsign(minted.removeprefix("dstok_"), "token")["_r"] == {"a": ["vt"]}
    await datasette.invoke_shutdown()
