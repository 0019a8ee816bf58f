"""A process that is alive and does not answer: replaced, but never at the cost of who waits."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import dstok
from dstok import _sidecar
from processes import PATIENCE, alive, sidecars, wait_for
from support import LATE, SECRET, Fake, untyped

LONGER_THAN_SILENCE = _sidecar.SILENCE + 0.2


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sidecar, "GRACE", 0.2)


def stop(client: dstok.Client | dstok.AsyncClient) -> int:
    """Stop the process of a client; return its id."""
    assert client.pid is not None
    os.kill(client.pid, signal.SIGSTOP)
    return client.pid


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, seconds: client.call("ping", timeout=seconds),
        lambda client, seconds: client.batch([("ping", None)] * 2, timeout=seconds),
        lambda client, seconds: list(client.map("ping", [None] * 99, timeout=seconds)),
    ],
    ids=["call", "batch", "map"],
)
def test_after_a_timeout_the_next_call_starts_another(
    client: dstok.Client,
    ask: Callable[[dstok.Client, float], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.ping()
    pid = stop(client)
    with pytest.raises(dstok.CallTimeout):
        ask(client, LONGER_THAN_SILENCE)
    assert client.ping() == "pong"
    assert client.pid != pid
    assert wait_for(lambda: not alive(pid))
    assert client.unsign(client.sign(1)) == 1
    assert len(sidecars()) == 1
    assert "does not answer, starting another" in caplog.text


def test_the_same_for_tasks_that_wait_no_more() -> None:
    async def main() -> None:
        async with dstok.AsyncClient(secret=SECRET) as client:
            await client.ping()
            pid = stop(client)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.ping(), LONGER_THAN_SILENCE)
            assert await client.ping() == "pong"
            second = stop(client)
            with pytest.raises(dstok.CallTimeout):
                async for _ in client.map("ping", [None] * 99, timeout=LONGER_THAN_SILENCE):
                    pass
            assert await client.ping() == "pong"
            assert wait_for(lambda: not alive(pid) and not alive(second))

    asyncio.run(main())


def busy(client: dstok.Client, pool: ThreadPoolExecutor) -> Future[Any]:
    """Have a call time out, and another wait behind it; return that one."""
    hopeless = pool.submit(untyped(client).call, "late", timeout=LONGER_THAN_SILENCE)
    sidecar = client._connection.current()
    assert sidecar is not None
    assert wait_for(lambda: len(sidecar._awaited) == 1)
    patient = pool.submit(untyped(client).call, "patient")
    assert isinstance(hopeless.exception(), dstok.CallTimeout)
    return patient


def test_one_that_is_only_busy_still_answers_who_waits(fake: Fake) -> None:
    binary = fake(LATE)
    with dstok.Client(binary=binary, timeout=PATIENCE) as client, ThreadPoolExecutor() as pool:
        client.ping()
        pid = client.pid
        assert pid is not None
        patient = busy(client, pool)
        assert untyped(client).call("other") == "other"
        assert client.pid != pid
        time.sleep(5 * _sidecar.GRACE)
        assert alive(pid)
        binary.with_name("now").touch()
        assert patient.result() == "patient"
        assert wait_for(lambda: not alive(pid))
        assert untyped(client).call("other") == "other"


def test_one_for_whose_answer_somebody_waits_is_not_replaced(fake: Fake) -> None:
    binary = fake(LATE)
    with dstok.Client(binary=binary, timeout=PATIENCE) as client, ThreadPoolExecutor() as pool:
        client.ping()
        pid = client.pid
        batch = pool.submit(untyped(client).call, "late")
        sidecar = client._connection.current()
        assert sidecar is not None
        assert wait_for(lambda: len(sidecar._awaited) == 1)
        for _ in range(2):
            with pytest.raises(dstok.CallTimeout):
                client.call("ping", timeout=LONGER_THAN_SILENCE)
        binary.with_name("now").touch()
        assert batch.result() == "late"
        assert client.ping() == "ping"
        assert client.pid == pid


def test_closing_ends_those_that_were_replaced(fake: Fake) -> None:
    client = dstok.Client(binary=fake(LATE), timeout=PATIENCE)
    with client, ThreadPoolExecutor() as pool:
        client.ping()
        patient = busy(client, pool)
        client.ping()
        assert len(sidecars()) == 2
        client.close()
        assert sidecars() == []
        assert isinstance(patient.exception(), dstok.ClientClosed)
