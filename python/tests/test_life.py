"""The process: started when needed, killed, started again, ended; and what hangs or lies."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dstok
from processes import PATIENCE, Done, alive, gone, sidecars, wait_for
from support import SECRET, TOKEN, Fake

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


def test_nothing_is_started_before_the_first_call() -> None:
    with dstok.Client(secret=SECRET) as client:
        assert client.pid is None
        assert sidecars() == []
        client.ping()
        assert sidecars() == [client.pid]
    assert sidecars() == []


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


def test_death_between_a_call_and_the_end_of_the_turn_of_the_loop() -> None:
    async def main() -> None:
        async with dstok.AsyncClient(secret=SECRET) as client:
            await client.ping()

            async def die() -> None:
                kill(client)

            # In one turn: the first is sent, the second waits for the end of the turn.
            calls = [client.sign(1), client.sign(2), die()]
            first, second, _ = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(first, str | dstok.ProcessDied)
            assert isinstance(second, dstok.ProcessDied)
            assert second.returncode == -signal.SIGKILL
            assert await client.ping() == "pong"

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
        kill(client)
        assert client.info() == before
        assert before["secrets"] == 2
        assert before["datasette_version"] == "1.0a20"
        assert before["settings"] == {"allow_signed_tokens": True, "max_signed_tokens_ttl": 7}
        assert client.create_token("root", now=1700000000) == TOKEN
        client.configure(secret="newer")
        assert client.info()["secrets"] == 1


def kill(client: dstok.Client | dstok.AsyncClient) -> None:
    """Kill the sidecar and wait until it is gone."""
    pid = client.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: not alive(pid))


def test_a_process_that_was_killed_in_between_does_not_matter(client: dstok.Client) -> None:
    seen = set()
    for _ in range(4):
        assert client.ping() == "pong"
        seen.add(client.pid)
        kill(client)
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


def test_who_waits_for_a_start_shares_its_failure(fake: Fake, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    binary = fake(
        f"""
        with open({str(starts)!r}, "a") as log:
            log.write("start\\n")
        time.sleep(0.5)
        sys.exit(3)
        """
    )

    async def main() -> list[Any]:
        async with dstok.AsyncClient(binary=binary) as client:
            calls = (client.ping() for _ in range(500))
            return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(main())
    assert {type(one) for one in outcomes} == {dstok.ProcessDied}
    assert len({id(one) for one in outcomes}) == 500
    assert starts.read_text() == "start\n"


def test_a_call_that_takes_too_long_bothers_no_other(fake: Fake) -> None:
    binary = fake(LATE)
    with dstok.Client(binary=binary, timeout=PATIENCE) as client:
        client.ping()
        pid = client.pid
        with pytest.raises(dstok.CallTimeout, match=r"0\.1 seconds") as caught:
            client.call("late", timeout=0.1)
        assert (caught.value.code, caught.value.kind) == (None, "timeout")
        assert isinstance(caught.value, TimeoutError)
        binary.with_name("now").touch()
        # The late answer comes before these, and is nobody's.
        assert [client.call(name) for name in ("a", "b", "c")] == ["a", "b", "c"]
        assert client.pid == pid


def test_asynchronous_timeouts(fake: Fake) -> None:
    binary = fake(LATE)

    async def main() -> None:
        async with dstok.AsyncClient(binary=binary, timeout=PATIENCE) as client:
            await client.ping()
            cancelled = asyncio.ensure_future(client.call("late"))
            await asyncio.sleep(0.01)
            cancelled.cancel()
            with pytest.raises(dstok.CallTimeout):
                await client.call("late", timeout=0.05)
            binary.with_name("now").touch()
            assert await client.call("a") == "a"
            assert cancelled.cancelled()

    asyncio.run(main())


def test_a_process_that_never_answers(fake: Fake) -> None:
    with dstok.Client(binary=fake("time.sleep(600)"), timeout=0.3) as client:
        for call in (client.ping, lambda: list(client.map("ping", [None]))):
            with pytest.raises(dstok.CallTimeout):
                call()
    assert sidecars() == []


def test_closing_one_that_does_not_want_to_end(fake: Fake) -> None:
    client = dstok.Client(binary=fake(DEAF))
    client.info()
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            client.ping()
        except dstok.DstokError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    pid = client.pid
    assert pid is not None
    client.close()
    assert not alive(pid)
    thread.join()
    assert [type(error) for error in caught] == [dstok.ClientClosed]


def test_closing_answers_what_was_asked() -> None:
    async def main() -> list[Any]:
        client = dstok.AsyncClient(secret=SECRET)
        await client.ping()
        calls = [asyncio.ensure_future(client.sign(n)) for n in range(500)]
        await asyncio.sleep(0)
        await client.aclose()
        return await asyncio.gather(*calls)

    assert len(set(asyncio.run(main()))) == 500


def test_closing_while_it_starts(fake: Fake) -> None:
    client = dstok.Client(binary=fake("time.sleep(600)"))
    caught: list[type] = []

    def ask() -> None:
        try:
            client.ping()
        except dstok.DstokError as error:
            caught.append(type(error))

    thread = threading.Thread(target=ask)
    thread.start()
    assert wait_for(sidecars)
    client.close()
    thread.join()
    assert caught == [dstok.ClientClosed]


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ('INFO["version"] = "0.0.9"', dstok.VersionMismatch, r"fake-dstok is dstok 0\.0\.9"),
        ('INFO["protocol"] = 2', dstok.VersionMismatch, "protocol 2"),
        ('INFO["name"] = "other"', dstok.VersionMismatch, "is other"),
        ("INFO = []", dstok.VersionMismatch, "None"),
        ('print("hello"); sys.stdout.flush()', dstok.ProtocolError, "no answer"),
        ('write({"jsonrpc": "2.0", "id": 0, "result": 1})', dstok.ProtocolError, "no answer"),
        ('write([]); write({"id": 1}); write(None)', dstok.ProtocolError, "no answer"),
        (
            'sys.stdout.write("[" * 100000 + "\\n"); sys.stdout.flush()',
            dstok.ProtocolError,
            "no answer",
        ),
        (
            'sys.stdout.buffer.write(b"\\xff\\n"); sys.stdout.flush()',
            dstok.ProtocolError,
            "no answer",
        ),
        ("os.kill(os.getpid(), 15)", dstok.ProcessDied, "SIGTERM"),
        ("sys.stdout.close(); os.close(1); sys.exit(7)", dstok.ProcessDied, "exit status 7"),
    ],
)
def test_what_is_not_dstok(fake: Fake, body: str, kind: type[dstok.DstokError], text: str) -> None:
    with dstok.Client(secret=SECRET, binary=fake(body)) as client:
        with pytest.raises(kind, match=text) as caught:
            client.ping()
        assert caught.value.kind == kind.kind
        assert SECRET not in str(caught.value)


def test_an_answer_that_is_none_fails_all_that_wait(fake: Fake) -> None:
    binary = fake(
        """
        def serve(request):
            if request["method"] == "lie":
                write({"jsonrpc": "2.0", "id": -5, "result": 1})
                return None
            return request["method"]
        """
    )

    async def main() -> None:
        async with dstok.AsyncClient(binary=binary) as client:
            calls = [client.call(name) for name in ("a", "lie", "b", "c")]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert results[0] == "a"
            assert [type(one) for one in results[1:]] == [dstok.ProtocolError] * 3
            assert await client.call("d") == "d"

    asyncio.run(main())


def test_a_binary_that_is_not_there_or_does_not_run(tmp_path: Path) -> None:
    for name, content in (("absent", None), ("text", "no program"), ("folder", "")):
        path = tmp_path / name
        if name == "folder":
            path.mkdir()
        elif content is not None:
            path.write_text(content)
        with dstok.Client(binary=path) as client, pytest.raises(dstok.BinaryNotFound, match=name):
            client.ping()


def test_several_loops_one_after_another_and_at_once() -> None:
    client = dstok.AsyncClient(secret=SECRET)
    pids = set()
    for n in range(5):
        assert asyncio.run(client.unsign(asyncio.run(client.sign(n)))) == n
        pids.add(client.pid)
    assert len(pids) == 1

    async def work(name: int) -> bool:
        signed = [await client.sign([name, n]) for n in range(100)]
        return [await client.unsign(one) for one in signed] == [[name, n] for n in range(100)]

    outcomes: list[bool] = []
    threads = [
        threading.Thread(target=lambda n=n: outcomes.append(asyncio.run(work(n)))) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 4
    client.close()
    assert sidecars() == []


def test_the_loop_is_not_blocked_by_a_start_or_by_what_is_not_read(fake: Fake) -> None:
    binary = fake(
        f"""
{GATE}
wait_for_file("start")

def serve(request):
    wait_for_file("read")
    return len(request["params"][0])
"""
    )

    async def main() -> list[int]:
        async with dstok.AsyncClient(binary=binary, timeout=PATIENCE) as client:
            calls = [client.call("sign", ["x" * 3_000_000]) for _ in range(3)]
            results = asyncio.gather(*calls)
            # If the loop waited for the process, it would never come to this.
            for name in ("start", "read"):
                await asyncio.sleep(0.2)
                binary.with_name(name).touch()
            return await results

    assert asyncio.run(main()) == [3_000_000] * 3


def test_who_waits_no_more_for_a_start_does_not_stop_it(fake: Fake) -> None:
    binary = fake(f"{GATE}wait_for_file('start')")

    async def main() -> str:
        async with dstok.AsyncClient(binary=binary, timeout=PATIENCE) as client:
            calls = [asyncio.ensure_future(client.ping()) for _ in range(2)]
            await asyncio.sleep(0.1)
            calls[0].cancel()
            await asyncio.sleep(0.01)
            binary.with_name("start").touch()
            pong = await calls[1]
            assert calls[0].cancelled()
            return pong

    assert asyncio.run(main()) == "pong"


def test_the_loop_may_end_before_the_start(fake: Fake) -> None:
    binary = fake(f"{GATE}wait_for_file('start')")
    client = dstok.AsyncClient(binary=binary, timeout=PATIENCE)

    async def impatient() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.ping(), 0.1)

    asyncio.run(impatient())
    binary.with_name("start").touch()
    assert asyncio.run(client.ping()) == "pong"
    client.close()


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
