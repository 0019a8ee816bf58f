"""`configure`, by whichever door: remembered, in the order in which the process did it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import dstok
from dstok.types import ConfigureParams, ProcessInfo
from processes import PATIENCE, kill, wait_for
from support import GATE, SECRET, Fake, untyped

NEW: ConfigureParams = {
    "secret": "new",
    "old_secrets": [SECRET],
    "settings": {"max_signed_tokens_ttl": 7},
}
BY_POSITION = ["new", None, None, {"max_signed_tokens_ttl": 7}, None, None, [SECRET]]

DOORS: list[Callable[[Any], Any]] = [
    lambda client: client.configure(**NEW),
    lambda client: client.call("configure", NEW),
    lambda client: client.call("configure", BY_POSITION),
    lambda client: client.batch([("ping", None), ("configure", NEW), ("ping", None)]),
    lambda client: list(client.map("configure", [{"zlib": "zlib-ng"}, NEW])),
]


def told(client: dstok.Client) -> ProcessInfo:
    """Return how another process is configured, once this one has died."""
    kill(client.pid)
    assert wait_for(lambda: client.pid is None)
    return client.info()


@pytest.mark.parametrize("door", DOORS, ids=["configure", "call", "positions", "batch", "map"])
def test_every_door_is_remembered(client: dstok.Client, door: Callable[[Any], Any]) -> None:
    old = client.sign("old")
    door(client)
    before = client.info()
    assert (before["secrets"], before["settings"]["max_signed_tokens_ttl"]) == (2, 7)
    assert told(client) == before
    assert client.unsign(old) == "old"
    with dstok.Client(secret="new") as other:
        assert other.unsign(client.sign("new")) == "new"


def test_the_asynchronous_client_too() -> None:
    async def main() -> None:
        async with dstok.AsyncClient(secret=SECRET) as client:
            await client.call("configure", NEW)
            before = await client.info()
            kill(client.pid)
            assert await asyncio.to_thread(wait_for, lambda: client.pid is None)
            assert await client.info() == before

    asyncio.run(main())


def test_what_was_sent_is_remembered_whatever_becomes_of_it(client: dstok.Client) -> None:
    settings: dict[str, Any] = {"max_signed_tokens_ttl": 7}
    old_secrets = ["old"]
    untyped(client).call("configure", {"settings": settings, "old_secrets": old_secrets})
    settings["max_signed_tokens_ttl"] = 8
    old_secrets.append("older")
    info = told(client)
    assert (info["settings"]["max_signed_tokens_ttl"], info["secrets"]) == (7, 2)


def test_what_fails_is_not_remembered(client: dstok.Client) -> None:
    before = client.info()
    results = client.batch(
        [("configure", {"settings": [1]}), ("configure", {"secret": "new", "zlib": "no"})],
        return_exceptions=True,
    )
    assert [type(one) for one in results] == [dstok.InvalidParams] * 2
    assert told(client) == before


def test_the_last_of_several_holds(client: dstok.Client) -> None:
    secrets: list[ConfigureParams] = [
        {"secret": f"s{n}", "settings": {"max_signed_tokens_ttl": n}} for n in range(50)
    ]
    assert len(list(client.map("configure", secrets, window=20))) == 50
    assert told(client)["settings"]["max_signed_tokens_ttl"] == 49
    with dstok.Client(secret="s49") as other:
        assert other.unsign(client.sign(1)) == 1


def test_what_was_done_after_the_wait_is_remembered_too(fake: Fake) -> None:
    """The process did it, though the answer came too late for the call."""
    binary = fake(
        """
        ttl = []
        def answer(request):
            if request["method"] == "configure":
                ttl.append(request["params"].get("settings"))
                if "settings" in request["params"] and len(ttl) > 1:
                    time.sleep(0.5)
            if request["method"] == "ttl":
                return ttl[-1]
            return dict(INFO)
        """
    )
    with dstok.Client(binary=binary) as client:
        client.info()
        with pytest.raises(dstok.CallTimeout):
            client.configure(settings={"max_signed_tokens_ttl": 5}, timeout=0.1)
        assert untyped(client).call("ttl") == {"max_signed_tokens_ttl": 5}
        kill(client.pid)
        assert wait_for(lambda: client.pid is None)
        assert untyped(client).call("ttl") == {"max_signed_tokens_ttl": 5}


def test_a_process_that_was_told_the_former_configuration_is_replaced(
    client: dstok.Client,
) -> None:
    client.ping()
    first = client._connection.current()
    assert first is not None
    kill(client.pid)
    assert wait_for(lambda: client.pid is None)
    client.ping()
    second = client.pid
    # As if the first had answered only now.
    changes = {7: {"settings": {"max_signed_tokens_ttl": 3}}}
    client._connection.remember(first, changes, [{"id": 7, "result": {}}])
    assert client.info()["settings"]["max_signed_tokens_ttl"] == 3
    assert client.pid != second


def test_old_secrets_without_a_secret_are_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATASETTE_SECRET", raising=False)
    with dstok.Client() as client:
        with pytest.raises(dstok.InvalidArgument) as caught:
            client.configure(old_secrets=["a"])
        assert (caught.value.param, client.pid) == ("old_secrets", None)


def test_a_start_tells_what_changed_meanwhile(fake: Fake) -> None:
    binary = fake(
        f"""
{GATE}
told = []

def answer(request):
    if request["method"] == "configure":
        open(os.path.join(os.path.dirname(__file__), "asked"), "w")
        wait_for_file("now")
        told.append(request["params"].get("settings"))
    return told if request["method"] == "told" else dict(INFO)
"""
    )
    with dstok.Client(binary=binary, timeout=PATIENCE) as client, ThreadPoolExecutor() as pool:
        answer = pool.submit(untyped(client).call, "told")
        assert wait_for(binary.with_name("asked").exists)
        former: Any = object()  # it answers only now
        client._connection.remember(former, {1: {"settings": {}}}, [{"id": 1, "result": {}}])
        binary.with_name("now").touch()
        assert answer.result() == [None, {}]


def test_params_that_cannot_be_remembered_leave_nobody_waiting(fake: Fake) -> None:
    """No dstok accepts them."""
    with (
        dstok.Client(binary=fake("")) as client,
        pytest.raises(dstok.ProtocolError, match="reading failed"),
    ):
        untyped(client).call("configure", "text", timeout=5)
