"""Many calls: `map` over iterables of any size, `batch`, many threads."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import dstok
import processes
from processes import run_python, wait_for
from support import NOW, SECRET, Fake, untyped

# The full million is asked for by scripts/test_python --full.
TOKENS = int(os.environ.get("DSTOK_TEST_TOKENS", "100000"))


def users(count: int) -> Iterator[dstok.types.CreateTokenParams]:
    """Yield params of `create_token`."""
    return ({"actor_id": f"user-{n}", "now": NOW} for n in range(count))


def test_tokens_by_the_hundred_thousand() -> None:
    done = run_python(
        f"""
        import resource, sys, time, dstok
        from pathlib import Path

        def peak():  # KiB; on Linux ru_maxrss starts with what the parent had
            status = Path("/proc/self/status")
            if status.exists():
                return int(status.read_text().split("VmHWM:")[1].split()[0])
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

        def tokens(count):
            params = ({{"actor_id": f"user-{{n}}", "now": {NOW}}} for n in range(count))
            number, last = 0, None
            for last in client.map("create_token", params):
                number += 1
            return number, last

        client = dstok.Client(secret={SECRET!r})
        tokens(20_000)
        before, begin = peak(), time.perf_counter()
        number, last = tokens({TOKENS})
        seconds = time.perf_counter() - begin
        assert number == {TOKENS}
        assert last == client.create_token("user-{TOKENS - 1}", now={NOW})
        print(f"{{number:,}} tokens in {{seconds:.1f}} s, {{number / seconds:,.0f}} a second,",
              f"peak {{peak() / 1024:.1f}} MB, of it since the first 20,000:")
        print(peak() - before)
        """
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    # Kept, 100,000 tokens would take 16 MiB.
    assert int(done.stdout.split()[-1]) < 6 * 1024


def test_asynchronous_map_over_both_kinds_of_iterables() -> None:
    async def asynchronous(count: int) -> AsyncIterator[dstok.types.CreateTokenParams]:
        for one in users(count):
            await asyncio.sleep(0)
            yield one

    async def main() -> tuple[list[Any], list[Any]]:
        async with dstok.AsyncClient(secret=SECRET) as client:
            return (
                [one async for one in client.map("create_token", users(3000))],
                [one async for one in client.map("create_token", asynchronous(3000))],
            )

    first, second = asyncio.run(main())
    assert first == second
    assert len(set(first)) == 3000


@pytest.mark.parametrize("window", [1, 2, 3, 4, 7, 500, 100_000])
def test_results_have_the_order_of_the_params(client: dstok.Client, window: int) -> None:
    signed = list(client.map("sign", ([n] for n in range(1200)), window=window))
    values = client.map("unsign", ([one] for one in signed), window=window)
    assert list(values) == list(range(1200))


@pytest.mark.parametrize("window", [1, 10, 1000])
def test_no_more_is_taken_than_the_window(client: dstok.Client, window: int) -> None:
    taken = 0

    def params() -> Iterator[list[int]]:
        nonlocal taken
        while True:
            taken += 1
            yield [taken]

    for count, _ in enumerate(client.map("sign", params(), window=window)):
        assert taken <= count + 1 + window
        if count == 3000:
            break
    assert client.ping() == "pong"


def test_nothing_is_taken_before_it_is_wanted(client: dstok.Client) -> None:
    params = iter([["a"]])
    results = client.map("sign", params)
    assert next(params) == ["a"]
    assert list(results) == []
    with pytest.raises(dstok.InvalidArgument, match="window"):
        client.map("sign", [], window=0)


MIXED: list[Any] = [["a"], {"value": {1}}, ["b", "c", "too many"], {"value": "d"}]


def test_errors_stand_at_their_place(client: dstok.Client) -> None:
    results: list[Any] = list(client.map("sign", MIXED, return_exceptions=True))
    assert results[0] == client.sign("a")
    assert (type(results[1]), results[1].code) == (dstok.InvalidArgument, None)
    assert (type(results[2]), results[2].code) == (dstok.InvalidParams, -32602)
    assert results[3] == client.sign("d")


def test_the_first_error_is_raised_after_what_came_before(client: dstok.Client) -> None:
    results = client.map("sign", MIXED)
    assert next(results) == client.sign("a")
    with pytest.raises(dstok.InvalidArgument, match="value"):
        next(results)


def test_what_the_iterable_raises_comes_after_what_it_gave(client: dstok.Client) -> None:
    def params() -> Iterator[list[str]]:
        yield ["a"]
        yield ["b"]
        raise ZeroDivisionError

    results = client.map("sign", params())
    assert [next(results), next(results)] == [client.sign("a"), client.sign("b")]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_asynchronous_errors() -> None:
    async def params() -> AsyncIterator[list[Any]]:
        for one in MIXED:
            yield one
        raise ZeroDivisionError

    async def main() -> list[Any]:
        found: list[Any] = []
        async with dstok.AsyncClient(secret=SECRET) as client:
            await collect(client.map("sign", params(), return_exceptions=True), found)
            await collect(client.map("sign", MIXED), found)
            with pytest.raises(dstok.InvalidArgument, match="window"):
                await client.map("sign", [], window=0).__anext__()
        return found

    found = asyncio.run(main())
    unsent, wrong = dstok.InvalidArgument, dstok.InvalidParams
    assert [type(one) for one in found] == [str, unsent, wrong, str, ZeroDivisionError, str, unsent]


async def collect(results: AsyncIterator[Any], found: list[Any]) -> None:
    """Append what `results` gives, and last what it raises."""
    try:
        async for one in results:
            found.append(one)
    except Exception as error:
        found.append(error)


def test_what_is_encoded_together_fails_one_by_one(client: dstok.Client) -> None:
    values: list[Any] = ["a", {"b": [1, ","]}, None, "\u00e9", "\ud800", [], '"', {1}, float("nan")]
    params: list[Any] = [form for value in values * 40 for form in ([value], {"value": value})]
    expected: list[Any] = []
    for one in params:
        try:
            expected.append(client.call("sign", one))
        except dstok.DstokError as error:
            expected.append((type(error), str(error), error.param))
    found = [
        (type(one), str(one), one.param) if isinstance(one, dstok.DstokError) else one
        for one in client.map("sign", params, return_exceptions=True)
    ]
    assert found == expected
    for method in ("%d%s", "100%", '"%%', "\ud800"):
        nothing = list(untyped(client).map(method, [None] * 40, return_exceptions=True))
        assert [type(one) for one in nothing] == [dstok.MethodNotFound] * 40
    without: list[Any] = [None, [], {}] * 40
    assert list(client.map("ping", without)) == ["pong"] * 120


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 40, 600])
def test_an_iterable_may_end_or_fail_anywhere(client: dstok.Client, count: int) -> None:
    def params(failing: bool) -> Iterator[list[int]]:
        yield from ([number] for number in range(count))
        if failing:
            raise ZeroDivisionError

    assert len(list(client.map("sign", params(failing=False)))) == count
    found: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        found.extend(client.map("sign", params(failing=True)))
    results = client.map("sign", params(failing=True))
    assert len(list(itertools.islice(results, count))) == count


@pytest.mark.parametrize("error", [StopIteration, ZeroDivisionError])
def test_an_iterator_that_ended_or_failed_is_not_asked_again(
    client: dstok.Client, error: type[Exception]
) -> None:
    asked = 0

    class Params:
        def __iter__(self) -> Iterator[list[int]]:
            return self

        def __next__(self) -> list[int]:
            nonlocal asked
            asked += 1
            if asked == 10:
                raise error
            return [asked]

    found: list[Any] = []
    with contextlib.suppress(ZeroDivisionError):
        for one in client.map("sign", Params()):
            found.append(one)
    assert asked == 10
    assert found == [client.sign(number) for number in range(1, 10)]


def test_params_that_become_long_do_not_pile_up(client: dstok.Client) -> None:
    taken = 0

    def params() -> Iterator[list[str]]:
        nonlocal taken
        for number in range(2000):
            taken += 1
            yield ["x" * (1_000_000 if number >= 1000 else 1)]

    long = 0
    for signed in client.map("sign", params()):
        long += len(signed) > 1000
        # Up to 32 are taken with the last short ones, and then one at a time.
        assert taken - 1000 <= max(32, long + 7)
        if long == 40:
            break


def test_long_values_do_not_pile_up(client: dstok.Client) -> None:
    taken = 0

    def params() -> Iterator[list[str]]:
        nonlocal taken
        for _ in range(40):
            taken += 1
            yield ["x" * 1_000_000]

    for count, signed in enumerate(client.map("sign", params())):
        assert len(signed) > 1000
        # By their number all 40 would be taken at once; by their bytes a few are.
        assert taken <= count + 7


def test_long_answers_do_not_pile_up_either(client: dstok.Client) -> None:
    signed = client.sign(["x"] * 20_000)
    taken = 0

    def params() -> Iterator[list[str]]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield [signed]

    for count, value in enumerate(client.map("unsign", params())):
        assert len(value) == 20_000
        # By the number and the length of the requests 4,000 would be.
        assert taken - count <= 16 * 8


def test_ten_megabytes() -> None:
    with dstok.Client(secret=SECRET, serve_options=["--max-payload=20000000"]) as client:
        for value in ("x" * 10_000_000, "\u00e9" * 5_000_000, [0.5] * 2_500_000):
            assert client.unsign(client.sign(value)) == value
        noise = os.urandom(5_000_000).hex()
        assert client.unsign(client.sign(noise)) == noise


def test_a_line_over_the_limit_is_an_error_of_its_own(client: dstok.Client) -> None:
    with pytest.raises(dstok.InvalidRequest) as caught:
        client.sign("x" * (1 << 24))
    assert caught.value.kind == "too_large"
    calls: list[tuple[Any, Any]] = [("sign", ["x" * 9_000_000])] * 2
    results = client.batch(calls, return_exceptions=True)
    assert [one.kind for one in results] == ["too_large"] * 2
    assert client.ping() == "pong"
    options = ["--max-line=40000000", "--max-payload=20000000"]
    with dstok.Client(secret=SECRET, serve_options=options) as roomy:
        assert roomy.unsign(roomy.sign("x" * (1 << 24))) == "x" * (1 << 24)


def test_one_that_is_too_long_fails_alone(client: dstok.Client) -> None:
    params = [["a"], ["b"], ["x" * 17_000_000], ["c"]]
    found = list(client.map("sign", params, return_exceptions=True))
    assert [type(one) for one in found] == [str, str, dstok.InvalidRequest, str]

    async def asynchronous() -> list[Any]:
        async with dstok.AsyncClient(secret=SECRET) as other:
            return [one async for one in other.map("sign", params, return_exceptions=True)]

    assert [type(one) for one in asyncio.run(asynchronous())] == [type(one) for one in found]


@pytest.mark.skipif(not hasattr(sys, "set_int_max_str_digits"), reason="reads every integer")
def test_an_integer_too_long_for_python_fails_alone(client: dstok.Client) -> None:
    signed = [client.sign({"n": [n]}) for n in (*range(8), 10**700, *range(8))]
    most = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        found = list(client.map("unsign", ([one] for one in signed), return_exceptions=True))
        with pytest.raises(dstok.ProtocolError, match="701 digits"):
            client.unsign(signed[8])
        assert client.batch([("ping", None), ("unsign", [signed[1]])]) == ["pong", {"n": [1]}]
    finally:
        sys.set_int_max_str_digits(most)
    assert found.pop(8).args == (
        "the response has an integer of 701 digits, more than Python reads",
    )
    assert found == [{"n": [n]} for n in range(8)] * 2
    assert client.unsign(signed[8]) == {"n": [10**700]}


@pytest.mark.parametrize("window", [0, -1, float("inf"), float("nan"), "4", None])
def test_a_window_is_a_number_of_calls(client: dstok.Client, window: Any) -> None:
    with pytest.raises(dstok.InvalidArgument, match="window"):
        list(client.map("sign", [[1]], window=window))


def test_what_is_under_way_comes_before_a_start_that_fails(tmp_path: Path) -> None:
    binary = tmp_path / "dstok"
    binary.symlink_to(dstok.find_binary())
    with dstok.Client(secret=SECRET, binary=binary) as client:

        def params() -> Iterator[list[int]]:
            for number in range(100):
                if number == 40:
                    binary.unlink()
                    processes.kill(client.pid)
                    assert wait_for(lambda: client.pid is None)
                yield [number]

        found: list[Any] = []
        with pytest.raises(dstok.BinaryNotFound):
            found.extend(client.map("sign", params(), window=8, return_exceptions=True))
    assert len(found) == 40


def test_a_batch(client: dstok.Client) -> None:
    calls: list[tuple[Any, Any]] = [("ping", None), ("sign", ["a"]), ("nothing", {}), ("ping", [])]
    results = client.batch(calls, return_exceptions=True)
    assert results[:2] == ["pong", client.sign("a")]
    assert isinstance(results[2], dstok.MethodNotFound)
    assert results[3] == "pong"
    with pytest.raises(dstok.MethodNotFound):
        client.batch(calls)
    assert client.batch([]) == []


def test_an_asynchronous_batch() -> None:
    async def main() -> list[Any]:
        async with dstok.AsyncClient(secret=SECRET) as client:
            assert await client.batch([]) == []
            with pytest.raises(dstok.MethodNotFound):
                await untyped(client).batch([("nothing", None), ("ping", None)])
            calls: list[tuple[Any, Any]] = [("sign", [{1}]), ("ping", None)]
            found: list[Any] = await client.batch(calls, return_exceptions=True)
            return found

    results = asyncio.run(main())
    assert [type(one) for one in results] == [dstok.InvalidArgument, str]


def test_a_batch_takes_effect_in_order(client: dstok.Client) -> None:
    before, _, after = client.batch(
        [("info", None), ("configure", {"datasette_version": "1.0a9"}), ("info", None)]
    )
    assert (before["datasette_version"], after["datasette_version"]) != ("1.0a9", "1.0a9")
    assert after["datasette_version"] == "1.0a9"


def test_many_threads_share_a_client(client: dstok.Client) -> None:
    failures: list[object] = []

    def work(name: int) -> None:
        for n in range(200):
            value = f"{name}-{n}"
            if n % 50 == 0:
                results = list(client.map("sign", ([f"{value}-{m}"] for m in range(20))))
                expected = client.batch([("sign", [f"{value}-{m}"]) for m in range(20)])
                failures.extend(results != expected for _ in range(results != expected))
            if client.unsign(client.sign(value)) != value:
                failures.append(value)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_thousand_calls_at_once() -> None:
    async def main() -> list[str]:
        async with dstok.AsyncClient(secret=SECRET) as client:
            return await asyncio.gather(*(client.sign(n) for n in range(1000)))

    signed = asyncio.run(main())
    with dstok.Client(secret=SECRET) as client:
        assert list(client.map("unsign", ([one] for one in signed))) == list(range(1000))


def test_more_than_both_pipes_hold_without_reading(fake: Fake) -> None:
    """A client that wrote all before it read would wait for ever."""
    echo = fake(
        """
        def serve(request):
            return request["params"]
        """
    )
    with dstok.Client(binary=echo) as client:
        calls: list[tuple[Any, Any]] = [("sign", ["x" * 1000])] * 3
        batch_less = [untyped(client).call(*calls[0]) for _ in range(3)]
        assert batch_less == [["x" * 1000]] * 3
        threads = [
            threading.Thread(target=client.call, args=("sign", ["x" * 300_000])) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()


def test_the_loop_goes_on_while_map_works() -> None:
    done = run_python(
        """
        import asyncio, dstok

        async def main():
            ticks = 0

            async def tick():
                nonlocal ticks
                while True:
                    await asyncio.sleep(0)
                    ticks += 1

            task = asyncio.create_task(tick())
            async with dstok.AsyncClient(secret="not-a-secret") as client:
                async for _ in client.map("sign", ([n] for n in range(20000))):
                    pass
            task.cancel()
            print(ticks)

        asyncio.run(main())
        """
    )
    assert int(done.stdout) >= 20000 // 500, done.stderr
