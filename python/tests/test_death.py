"""A process that dies is seen: in the log, and by calls, which may be sent again."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dstok
from processes import kill, sidecars, wait_for
from support import SECRET, Fake, untyped


@pytest.fixture(autouse=True)
def _every_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "dstok")


def logged(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_a_start_is_logged(client: dstok.Client, caplog: pytest.LogCaptureFixture) -> None:
    client.ping()
    assert logged(caplog, logging.INFO) == [f"{dstok.find_binary()} started, pid {client.pid}"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_death_while_idle_is_logged(
    client: dstok.Client, caplog: pytest.LogCaptureFixture, number: signal.Signals
) -> None:
    client.ping()
    pid = client.pid
    assert pid is not None
    os.kill(pid, number)
    how = "signal SIGKILL" if number is signal.SIGKILL else "exit status 0"
    line = f"{dstok.find_binary()}, pid {pid}, ended unexpectedly ({how})"
    assert wait_for(lambda: logged(caplog, logging.WARNING) == [line]), caplog.text


def test_a_death_while_it_is_asked_is_logged(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    binary = fake("def serve(request): os._exit(9)")
    client = dstok.Client(binary=binary, log_level=logging.DEBUG)
    with client, pytest.raises(dstok.ProcessDied):
        client.ping()
    (line,) = logged(caplog, logging.WARNING)
    assert line.endswith("ended unexpectedly (exit status 9)")


def test_an_end_that_was_wanted_is_not(caplog: pytest.LogCaptureFixture) -> None:
    with dstok.Client(secret=SECRET) as client:
        client.ping()
    dropped = dstok.Client(secret=SECRET)
    dropped.ping()
    sidecar = dropped._connection.current()
    assert sidecar is not None
    del dropped
    sidecar.join()
    assert logged(caplog, logging.WARNING) == []


# It dies once at "die"; the next process answers.
DIES_ONCE = """
def serve(request):
    deaths = os.path.join(os.path.dirname(__file__), "deaths")
    if request["method"] == "die":
        with open(deaths, "a") as log:
            log.write("x")
        if os.path.getsize(deaths) <= {deaths}:
            os._exit(9)
    return request["method"]
"""


def deaths(binary: Path) -> int:
    return len(binary.with_name("deaths").read_text())


def test_a_call_is_sent_again(fake: Fake) -> None:
    binary = fake(DIES_ONCE.format(deaths=1))
    with dstok.Client(binary=binary, retries=1) as client:
        assert untyped(client).call("die") == "die"
    assert deaths(binary) == 2


@pytest.mark.parametrize(("retries", "times"), [(0, 1), (1, 2), (2, 3)])
def test_no_more_often_than_it_may(fake: Fake, retries: int, times: int) -> None:
    binary = fake(DIES_ONCE.format(deaths=100))
    with dstok.Client(binary=binary, retries=retries) as client:
        with pytest.raises(dstok.ProcessDied) as caught:
            untyped(client).call("die")
        assert caught.value.returncode == 9
    assert deaths(binary) == times


def test_configure_is_not_sent_again(fake: Fake) -> None:
    binary = fake(
        """
        def answer(request):
            if request["method"] == "configure" and "settings" in request["params"]:
                with open(os.path.join(os.path.dirname(__file__), "deaths"), "a") as log:
                    log.write("x")
                os._exit(9)
            return dict(INFO)
        """
    )
    with dstok.Client(binary=binary, retries=5) as client:
        asks: list[Callable[[], object]] = [
            lambda: client.configure(settings={}),
            lambda: client.call("configure", {"settings": {}}),
        ]
        for ask in asks:
            with pytest.raises(dstok.ProcessDied):
                ask()
            client.info()
    assert deaths(binary) == 2


def test_map_goes_on_after_a_death() -> None:
    with dstok.Client(secret=SECRET, retries=1) as client:
        signed = []
        for number, one in enumerate(client.map("sign", ([n] for n in range(20_000)))):
            signed.append(one)
            if number == 5000:
                kill(client.pid)
        assert list(client.map("unsign", ([one] for one in signed))) == list(range(20_000))


def test_tasks_do_not_see_a_death() -> None:
    async def main() -> list[Any]:
        async with dstok.AsyncClient(secret=SECRET, retries=1) as client:
            await client.ping()
            pid = client.pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            calls = [asyncio.ensure_future(client.sign(n)) for n in range(500)]
            batch = asyncio.ensure_future(client.batch([("sign", [n]) for n in range(20)]))
            await asyncio.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
            signed = await asyncio.gather(*calls)
            assert await batch == signed[:20]
            return [await client.unsign(one) for one in signed[-5:]]

    assert asyncio.run(main()) == [495, 496, 497, 498, 499]


@pytest.mark.parametrize("wrong", [-1, 0.5, "1", None])
def test_retries_are_a_number(wrong: Any) -> None:
    with pytest.raises(dstok.InvalidArgument) as caught:
        dstok.Client(retries=wrong)
    assert caught.value.param == "retries"


class Broken(logging.Handler):
    """Raises what logging is not made for."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == self.level:
            raise ZeroDivisionError


@pytest.mark.parametrize(
    ("level", "kind"),
    [(logging.INFO, ZeroDivisionError), (logging.WARNING, dstok.ProtocolError)],
    ids=["start", "death"],
)
def test_a_log_that_raises_leaves_nobody_waiting(
    fake: Fake, level: int, kind: type[Exception]
) -> None:
    binary = fake("def serve(request): os._exit(9)")
    broken = Broken(level)
    logging.getLogger("dstok").addHandler(broken)
    try:
        with dstok.Client(binary=binary) as client:
            for _ in range(2):
                with pytest.raises(kind):
                    client.call("ping", timeout=20)
                assert sidecars() == []
    finally:
        logging.getLogger("dstok").removeHandler(broken)
