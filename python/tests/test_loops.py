"""AsyncClient and event loops: never blocked, several of them, tasks that wait no more."""

from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

import dstok
from processes import PATIENCE, kill, sidecars
from support import GATE, LATE, SECRET, Fake, untyped


def test_death_between_a_call_and_the_end_of_the_turn_of_the_loop() -> None:
    async def main() -> None:
        async with dstok.AsyncClient(secret=SECRET) as client:
            await client.ping()

            async def die() -> None:
                kill(client.pid)

            # In one turn: the first is sent, the second waits for the end of the turn.
            calls = [client.sign(1), client.sign(2), die()]
            first, second, _ = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(first, str | dstok.ProcessDied)
            assert isinstance(second, dstok.ProcessDied)
            assert second.returncode == -signal.SIGKILL
            assert await client.ping() == "pong"

    asyncio.run(main())


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


def test_asynchronous_timeouts(fake: Fake) -> None:
    binary = fake(LATE)

    async def main() -> None:
        async with dstok.AsyncClient(binary=binary, timeout=PATIENCE) as client:
            await client.ping()
            cancelled = asyncio.ensure_future(untyped(client).call("late"))
            await asyncio.sleep(0.01)
            cancelled.cancel()
            with pytest.raises(dstok.CallTimeout):
                await untyped(client).call("late", timeout=0.05)
            binary.with_name("now").touch()
            assert await untyped(client).call("a") == "a"
            assert cancelled.cancelled()

    asyncio.run(main())


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
            calls = [untyped(client).call("sign", ["x" * 3_000_000]) for _ in range(3)]
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
