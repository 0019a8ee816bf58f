"""Programs that hang, lie, stay or are not dstok at all."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import dstok
from dstok import _sidecar
from processes import PATIENCE, alive, sidecars, wait_for
from support import DEAF, GATE, LATE, SECRET, Fake, untyped


def test_a_call_that_takes_too_long_bothers_no_other(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sidecar, "SILENCE", PATIENCE)  # however slow this machine is
    binary = fake(LATE)
    with dstok.Client(binary=binary, timeout=PATIENCE) as client:
        client.ping()
        pid = client.pid
        with pytest.raises(dstok.CallTimeout, match=r"0\.1 seconds") as caught:
            untyped(client).call("late", timeout=0.1)
        assert (caught.value.code, caught.value.kind) == (None, "timeout")
        assert isinstance(caught.value, TimeoutError)
        binary.with_name("now").touch()
        # The late answer comes before these, and is nobody's.
        assert [untyped(client).call(name) for name in ("a", "b", "c")] == ["a", "b", "c"]
        assert client.pid == pid


def test_a_process_that_never_answers(fake: Fake) -> None:
    with dstok.Client(binary=fake("time.sleep(600)"), timeout=0.3) as client:
        for call in (client.ping, lambda: list(client.map("ping", [None]))):
            with pytest.raises(dstok.CallTimeout):
                call()
    assert sidecars() == []


# Its start takes until a file of that name appears beside it.
SLOW_START = f"{GATE}\nwait_for_file('now')"


def test_a_call_waits_no_longer_for_a_start_than_its_own_timeout(fake: Fake) -> None:
    binary = fake(SLOW_START)
    with dstok.Client(binary=binary, timeout=PATIENCE) as client, ThreadPoolExecutor() as pool:
        patient = pool.submit(client.ping)
        calls: list[Callable[[], object]] = [
            lambda: client.call("ping", timeout=0.5),
            lambda: client.batch([("ping", None)], timeout=0.5),
            lambda: list(client.map("ping", [None], timeout=0.5)),
        ]
        for call in calls:
            begin = time.monotonic()
            with pytest.raises(dstok.CallTimeout, match=r"0\.5 seconds"):
                call()
            assert 0.5 <= time.monotonic() - begin < 5
        (pid,) = sidecars()
        binary.with_name("now").touch()
        assert patient.result() == "pong"
        assert client.pid == pid


def test_a_task_waits_no_longer_for_a_start_than_its_own_timeout(fake: Fake) -> None:
    binary = fake(SLOW_START)

    async def main() -> None:
        async with dstok.AsyncClient(binary=binary, timeout=PATIENCE) as client:
            patient = asyncio.ensure_future(client.ping())
            begin = time.monotonic()
            with pytest.raises(dstok.CallTimeout, match=r"0\.5 seconds"):
                await client.call("ping", timeout=0.5)
            with pytest.raises(dstok.CallTimeout, match=r"0\.5 seconds"):
                await client.batch([("ping", None)], timeout=0.5)
            assert 1 <= time.monotonic() - begin < 10
            (pid,) = sidecars()
            binary.with_name("now").touch()
            assert await patient == "pong"
            assert client.pid == pid

    asyncio.run(main())


def test_the_start_is_part_of_the_timeout(fake: Fake) -> None:
    binary = fake("time.sleep(1)\ndef serve(request): time.sleep(600)")
    with dstok.Client(binary=binary, timeout=2) as client:
        begin = time.monotonic()
        with pytest.raises(dstok.CallTimeout):
            client.ping()
        assert 2 <= time.monotonic() - begin < 2.9


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, 10**300, None])
def test_the_longest_timeouts(timeout: float | None) -> None:
    with dstok.Client(timeout=timeout) as client:
        assert client.ping() == client.call("ping", timeout=timeout) == "pong"


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
        ('print("hello"); sys.stdout.flush()', dstok.ProtocolError, "not a response"),
        ('write({"jsonrpc": "2.0", "id": 0, "result": 1})', dstok.ProtocolError, "not a response"),
        ('write([]); write({"id": 1}); write(None)', dstok.ProtocolError, "not a response"),
        (
            'sys.stdout.write("[" * 100000 + "\\n"); sys.stdout.flush()',
            dstok.ProtocolError,
            "not a response",
        ),
        (
            'sys.stdout.buffer.write(b"\\xff\\n"); sys.stdout.flush()',
            dstok.ProtocolError,
            "not a response",
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
            if request["method"] == "lie":  # when all the others are there
                write({"jsonrpc": "2.0", "id": -5, "result": 1})
            return None if request["method"] in ("b", "c", "lie") else request["method"]
        """
    )

    async def main() -> None:
        async with dstok.AsyncClient(binary=binary) as client:
            calls = [untyped(client).call(name) for name in ("a", "b", "c", "lie")]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert results[0] == "a"
            assert [type(one) for one in results[1:]] == [dstok.ProtocolError] * 3
            assert await untyped(client).call("d") == "d"

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
