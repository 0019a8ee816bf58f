"""Secrets and tokens stand in no log, and no page shows them."""

import logging

import pytest
from helpers import CURRENT, FOREIGN, OLD, cookie, token
from servers import serve

SECRETS = (CURRENT, OLD, FOREIGN)


@pytest.mark.parametrize("binary", ["works", "is missing", "repeats its input", "dies"])
def test_real_server(tmp_path, broken_binary, binary):
    scripts = {"repeats its input": "tee /dev/stderr", "dies": "read line; echo $line >&2; exit 1"}
    options = {
        "old_secrets": [OLD],
        "default_handler": True,
        "timeout": 5 if binary == "works" else 0.2,
    }
    if binary == "is missing":
        options["binary"] = str(tmp_path / "missing")
    elif binary in scripts:
        options["binary"] = broken_binary(scripts[binary])
    used = [token(secret) for secret in SECRETS]
    used += [token(CURRENT)[:-1], token(CURRENT, t="x"), "dstok_nonsense", "other_nonsense"]
    with serve(tmp_path, CURRENT, options) as server:
        session = cookie(OLD, {"id": "root"})
        pages = [server.post_form("/-/dstok", session, token=one).text for one in used]
        for one in used:
            server.request("/-/actor.json", token=one)
        pages.append(server.request("/-/dstok/secrets", cookie=session).text)
        log = server.log.read_text()
    # What the log has of its own: the link for root, which is no token of ours.
    for hidden in (*SECRETS, *used):
        assert hidden not in log
        assert not any(hidden in page for page in pages)


@pytest.mark.asyncio
async def test_debug_logs(make_datasette, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    datasette = await make_datasette(
        {"old_secrets": [OLD], "max_expires_after": 60, "default_handler": True}
    )
    used = [token(secret) for secret in SECRETS]
    for one in used:
        await datasette.client.post("/-/dstok", data={"token": one}, actor={"id": "root"})
    used.append(await datasette.create_token("alice", expires_after=60))
    written = caplog.text + "".join(capfd.readouterr())
    for hidden in (*SECRETS, *used):
        assert hidden not in written


@pytest.mark.asyncio
async def test_reprs_show_no_secret(make_datasette):
    from datasette_dstok.instance import instance_of

    datasette = await make_datasette({"old_secrets": [OLD]})
    instance = instance_of(datasette)
    for shown in (
        instance,
        instance.options,
        instance.secrets,
        instance.secrets.old,
        instance.sidecar,
        instance.usage,
    ):
        assert OLD not in repr(shown)
        assert CURRENT not in repr(shown)
