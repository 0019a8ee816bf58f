"""The process: started when needed, killed, started again, ended."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import gc
import os
import pickle
import signal
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dstok
from dstok._connection import Connection
from dstok._sidecar import Sidecar
from processes import Done, alive, gone, kill, sidecars, wait_for
from support import DEAF, SECRET, TOKEN, Fake


def test_nothing_is_started_before_the_first_call() -> None:
    with dstok.Client(secret=SECRET) as client:
        assert client.pid is None
        assert sidecars() == []
        client.ping()
        assert sidecars() == [client.pid]
    assert sidecars() == []


@pytest.mark.parametrize("kind", [dstok.Client, dstok.AsyncClient])
def test_no_copies(kind: type[dstok.Client | dstok.AsyncClient]) -> None:
    client = kind(secret=SECRET)
    attempts: list[Callable[[Any], object]] = [copy.copy, copy.deepcopy, pickle.dumps]
    attempts += [functools.partial(pickle.dumps, protocol=n) for n in range(6)]
    for attempt in attempts:
        with pytest.raises(TypeError, match=rf"a dstok\.{kind.__name__} cannot be") as caught:
            attempt(client)
        assert "Make one in each process" in str(caught.value)
        assert SECRET not in str(caught.value)
    client.close()


def test_closed_is_closed() -> None:
    client = dstok.Client(secret=SECRET)
    client.close()
    client.close()
    for again in (client.ping, client.info, lambda: next(client.map("ping", [None]))):
        with pytest.raises(dstok.ClientClosed) as caught:
            again()
        assert (caught.value.code, caught.value.kind) == (None, "closed")
    assert "closed" in repr(client)

    async def main() -> None:
        client = dstok.AsyncClient(secret=SECRET)
        await client.ping()
        await client.aclose()
        with pytest.raises(dstok.ClientClosed):
            await client.ping()

    asyncio.run(main())


def test_sigkill_in_the_middle_of_a_thousand_calls() -> None:
    async def main() -> None:
        async with dstok.AsyncClient(secret=SECRET) as client:
            await client.ping()
            first = client.pid
            assert first is not None
            # Stopped, it has surely not answered all when it is killed.
            os.kill(first, signal.SIGSTOP)
            calls = [asyncio.ensure_future(client.sign(n)) for n in range(1000)]
            await asyncio.sleep(0.05)
            os.kill(first, signal.SIGKILL)
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert len(outcomes) == 1000
            died = [one for one in outcomes if isinstance(one, dstok.ProcessDied)]
            assert len(died) == 1000
            assert died[0].returncode == -signal.SIGKILL
            assert "SIGKILL" in str(died[0])
            assert await client.unsign(await client.sign("again")) == "again"
            assert client.pid != first

    asyncio.run(main())


@pytest.mark.parametrize("after", [0.0, 0.002, 0.01, 0.05])
def test_sigkill_at_any_time_gives_a_thousand_answers_or_errors(after: float) -> None:
    async def main() -> None:
        async with dstok.AsyncClient(secret=SECRET) as client:
            await client.ping()
            pid = client.pid
            assert pid is not None
            calls = [asyncio.ensure_future(client.sign(n)) for n in range(1000)]
            await asyncio.sleep(after)
            os.kill(pid, signal.SIGKILL)
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            good = [one for one in outcomes if isinstance(one, str)]
            died = [one for one in outcomes if isinstance(one, dstok.ProcessDied)]
            assert len(good) + len(died) == 1000
            assert wait_for(lambda: not alive(pid))
            values = [one async for one in client.map("unsign", ([text] for text in good))]
            assert values == [n for n, one in enumerate(outcomes) if isinstance(one, str)]

    asyncio.run(main())


def test_sigkill_in_the_middle_of_map(client: dstok.Client) -> None:
    results: list[Any] = []
    for result in client.map("sign", ([n] for n in range(20_000)), return_exceptions=True):
        results.append(result)
        if len(results) == 5000:
            os.kill(client.pid or 0, signal.SIGKILL)
    assert len(results) == 20_000
    failed = [n for n, one in enumerate(results) if isinstance(one, dstok.ProcessDied)]
    assert set(map(type, results)) <= {str, dstok.ProcessDied}
    # No more than was under way.
    assert len(failed) <= 4000
    assert client.unsign(results[-1]) == 19_999


def test_what_it_was_told_is_told_again() -> None:
    with dstok.Client(secret="first", datasette_version="1.0a20") as client:
        client.configure(secret=SECRET, old_secrets=["old"], settings={"max_signed_tokens_ttl": 7})
        client.configure(settings={"allow_signed_tokens": True})
        with pytest.raises(dstok.InvalidParams) as caught:
            client.configure(datasette_version="never", zlib="zlib-ng")
        assert caught.value.param == "datasette_version"
        before = client.info()
        kill(client.pid)
        assert client.info() == before
        assert before["secrets"] == 2
        assert before["datasette_version"] == "1.0a20"
        assert before["settings"] == {"allow_signed_tokens": True, "max_signed_tokens_ttl": 7}
        assert client.create_token("root", now=1700000000) == TOKEN
        client.configure(secret="newer")
        assert client.info()["secrets"] == 1


def test_a_client_that_cannot_start_leaves_nothing_behind() -> None:
    def used() -> weakref.ref[dstok.Client]:
        client = dstok.Client(secret=SECRET, binary="/nowhere/dstok")
        with contextlib.suppress(dstok.BinaryNotFound):
            client.ping()
        return weakref.ref(client)

    used()
    gc.collect()
    before = len(os.listdir("/dev/fd"))
    clients = [used() for _ in range(20)]
    gc.collect()
    assert [client() for client in clients] == [None] * 20
    assert len(os.listdir("/dev/fd")) <= before


def test_a_closed_client_holds_no_descriptors() -> None:
    """Though somebody still has it."""
    gc.collect()
    before = len(os.listdir("/dev/fd"))
    client = dstok.Client(secret=SECRET)
    client.ping()
    client.close()
    gc.collect()
    assert len(os.listdir("/dev/fd")) <= before, client


def test_one_that_was_ended_for_cause_is_replaced_at_once(client: dstok.Client) -> None:
    client.ping()
    sidecar = client._connection.current()
    assert sidecar is not None
    sidecar.kill(dstok.ProtocolError("a test"))
    assert client.ping() == "pong"
    assert client.pid not in (None, sidecar.pid)


def test_a_process_that_was_killed_in_between_does_not_matter(client: dstok.Client) -> None:
    seen = set()
    for _ in range(4):
        assert client.ping() == "pong"
        seen.add(client.pid)
        kill(client.pid)
    assert len(seen) == 4


def test_starts_are_put_off_while_they_fail(fake: Fake, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    binary = fake(
        f"""
        with open({str(starts)!r}, "a") as log:
            log.write("start\\n")
        print("no room left", file=sys.stderr)
        sys.exit(3)
        """
    )
    with dstok.Client(binary=binary, max_backoff=0.2) as client:
        begin = time.monotonic()
        for _ in range(6):
            with pytest.raises(dstok.ProcessDied, match="no room left") as caught:
                client.ping()
            assert caught.value.returncode == 3
            assert caught.value.stderr == "no room left"
        waited = time.monotonic() - begin
    assert starts.read_text() == "start\n" * 6
    # 0, then 0.05, 0.1, and the most: 0.2, 0.2.
    assert waited >= 0.05 + 0.1 + 0.2 + 0.2


def test_who_would_have_to_wait_too_long_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "dstok"
    binary.write_text("#!/bin/sh\nexit 3\n")
    binary.chmod(0o755)
    kinds = []
    with dstok.Client(binary=binary, timeout=1, max_backoff=60) as client:
        while dstok.CallTimeout not in kinds:
            with pytest.raises(dstok.DstokError) as either:
                client.ping()
            kinds.append(type(either.value))
            assert len(kinds) < 20
    # After 0, 0, 0.05, 0.1, 0.2, 0.4 and 0.8 seconds, but 1.6 would be too long.
    assert set(kinds[:-1]) == {dstok.ProcessDied}
    assert len(kinds) in (7, 8)


def test_closing_answers_what_was_asked() -> None:
    async def main() -> list[Any]:
        client = dstok.AsyncClient(secret=SECRET)
        await client.ping()
        calls = [asyncio.ensure_future(client.sign(n)) for n in range(500)]
        await asyncio.sleep(0)
        await client.aclose()
        return await asyncio.gather(*calls)

    assert len(set(asyncio.run(main()))) == 500


def test_a_client_that_nobody_has_leaves_nothing_behind() -> None:
    client: Any = dstok.Client(secret=SECRET)
    client.ping()
    pid = client.pid
    client.cycle = client
    del client
    gc.collect()
    assert wait_for(lambda: not alive(pid))


def test_the_end_of_the_interpreter_leaves_nothing_behind(
    run_python: Callable[[str], Done], fake: Fake
) -> None:
    for ending in ("", "sys.exit(3)", "raise KeyError", "os._exit(0)", "os.kill(os.getpid(), 9)"):
        done = run_python(
            f"""
            import os, sys, dstok
            client = dstok.Client(secret="not-a-secret")
            client.ping()
            print(client.pid, flush=True)
            {ending}
            """
        )
        pid = int(done.stdout)
        assert wait_for(functools.partial(lambda pid: not alive(pid), pid)), ending
    # One that does not end by itself is ended before the interpreter is.
    done = run_python(
        f"""
        import dstok, threading
        client = dstok.Client(binary={str(fake(DEAF))!r})
        client.info()
        threading.Thread(target=client.ping, daemon=True).start()
        print(client.pid, flush=True)
        """
    )
    assert not alive(int(done.stdout))
    assert done.returncode == 0, done.stderr


def test_ctrl_c_of_the_whole_group_is_left_to_the_parent(client: dstok.Client) -> None:
    client.ping()
    pid = client.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    time.sleep(0.1)
    assert client.ping() == "pong"
    assert client.pid == pid


def test_a_sigterm_answers_and_the_next_call_starts_another(client: dstok.Client) -> None:
    client.ping()
    os.kill(client.pid or 0, signal.SIGTERM)
    assert gone(sidecars)
    assert client.ping() == "pong"


def test_a_client_dropped_before_its_process_is_there_leaves_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    spawn = Connection._spawn

    def late(self: Connection, binary: str) -> Sidecar:
        begun.set()
        assert go_on.wait(60)
        return spawn(self, binary)

    monkeypatch.setattr(Connection, "_spawn", late)
    client: Any = dstok.Client(secret=SECRET)
    with pytest.raises(dstok.CallTimeout):
        client.call("ping", timeout=0.01)
    assert begun.wait(60)
    start = client._connection._start
    dropped = weakref.ref(client)
    del client
    gc.collect()
    assert dropped() is None
    go_on.set()
    assert isinstance(start.result(60), dstok.ClientClosed)
    assert gone(sidecars)


def test_two_starts_make_one_process(client: dstok.Client) -> None:
    """As when Ctrl-C comes between the thread of a start and the note that there is one."""
    first = client._connection.starting()
    client._connection._start = None
    second = client._connection.starting()
    assert first.result(60) is second.result(60)
    assert len(sidecars()) == 1
