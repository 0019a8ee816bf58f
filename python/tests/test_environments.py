"""Environments that lack something: they work, or refuse at once and leave nothing behind."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable

import pytest

import dstok
from dstok import _sidecar
from processes import Done, sidecars
from support import SECRET


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        ("os.name = 'nt'", "not on Windows"),
        (
            """
def refuse(self, *args, daemon=None, **named):
    if daemon:
        raise RuntimeError("daemon threads are disabled in this (sub)interpreter")
threading.Thread.__init__ = refuse
""",
            "main interpreter",
        ),
    ],
    ids=["windows", "no daemon threads"],
)
def test_the_import_says_why_it_fails(
    run_python: Callable[[str], Done], prepare: str, message: str
) -> None:
    done = run_python(
        f"""
import os, threading
{prepare}
try:
    import dstok
except ImportError as error:
    print(error)
"""
    )
    assert message in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="without isolated subinterpreters")
def test_a_subinterpreter_refuses_at_once(run_python: Callable[[str], Done]) -> None:
    done = run_python(
        """
        import sys
        if sys.version_info >= (3, 13):
            import _interpreters as interpreters
        else:
            import _xxsubinterpreters as interpreters

        code = f'''if True:
            import sys
            sys.path[:] = {sys.path!r}
            try:
                import dstok
            except ImportError as error:
                print(error, flush=True)
        '''
        interpreter = interpreters.create()
        interpreters.run_string(interpreter, code)
        interpreters.destroy(interpreter)
        """
    )
    assert "import dstok in the main interpreter" in done.stdout, done.stderr


def test_without_poll(monkeypatch: pytest.MonkeyPatch, client: dstok.Client) -> None:
    """As eventlet has it."""
    monkeypatch.delattr(select, "poll")
    assert client.unsign(client.sign("x" * 1_000_000)) == "x" * 1_000_000
    assert sum(1 for _ in client.map("sign", ([n] for n in range(5000)))) == 5000


@pytest.mark.parametrize("module", ["eventlet", "gevent.monkey"])
def test_with_green_threads(run_python: Callable[[str], Done], module: str) -> None:
    pytest.importorskip(module)
    patch = "import eventlet; eventlet.monkey_patch()"
    if module != "eventlet":
        patch = "from gevent import monkey; monkey.patch_all()"
    done = run_python(
        f"""
        {patch}
        import threading, time, dstok
        ticks = 0
        def tick():
            global ticks
            while True:
                time.sleep(0.001)
                ticks += 1
        threading.Thread(target=tick, daemon=True).start()
        with dstok.Client(secret={SECRET!r}) as client:
            assert client.unsign(client.sign(1)) == 1
            for _ in range(8):  # more than the pipes hold
                assert sum(1 for _ in client.map("sign", ([n] for n in range(20000)))) == 20000
            try:
                client.call("ping", timeout=0)
            except dstok.CallTimeout:
                pass
        print(ticks > 0)
        """
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize(
    ("target", "name"),
    [(os, "set_blocking"), (threading.Thread, "start")],
    ids=["pipes", "thread"],
)
def test_a_start_that_fails_half_way_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch, target: object, name: str
) -> None:
    pipes = len(os.listdir("/dev/fd"))
    original = getattr(target, name)

    def fail(*args: object) -> object:
        # The thread of the start may begin, that of the process may not.
        if isinstance(args[0], threading.Thread) and args[0].name != "dstok":
            return original(*args)
        raise RuntimeError("can't start new thread")

    client = dstok.Client(secret=SECRET)
    monkeypatch.setattr(target, name, fail)
    for _ in range(2):
        with pytest.raises(dstok.ProcessDied, match="can't start new thread"):
            client.call("ping", timeout=10)
        assert sidecars() == []
    assert not _sidecar._living
    monkeypatch.undo()
    assert client.ping() == "pong"
    client.close()
    del client
    assert len(os.listdir("/dev/fd")) == pipes


def test_a_start_without_a_thread_fails_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with dstok.Client(secret=SECRET) as client:
        monkeypatch.setattr(threading.Thread, "start", fail)
        for _ in range(3):
            with pytest.raises(dstok.ProcessDied, match="can't start new thread"):
                client.call("ping", timeout=10)
        monkeypatch.undo()
        assert client.ping() == "pong"


def test_the_same_for_what_is_not_foreseen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(BaseException):
        pass

    def fail(*args: object) -> None:
        raise Odd

    monkeypatch.setattr(os, "set_blocking", fail)
    configuration = dstok.Client(secret=SECRET)._connection.configuration
    with pytest.raises(Odd):
        _sidecar.Sidecar(configuration.command(dstok.find_binary(), None), os.environ, 30)
    assert sidecars() == []


def test_nobody_waits_for_a_lock_while_a_thread_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where gevent patches threads after the client was made, to start one runs other green
    threads, and a lock of the client then stops them all."""
    original = threading.Thread.start
    with dstok.Client(secret=SECRET) as client:
        connection = client._connection
        free = []

        def start(self: threading.Thread) -> None:
            free.append(connection._lock.acquire(blocking=False))
            if free[-1]:
                connection._lock.release()
            original(self)

        monkeypatch.setattr(threading.Thread, "start", start)
        assert client.ping() == "pong"
    assert free == [True, True]  # one thread starts the process, the other is the process's


def test_an_interrupted_start_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    original = threading.Thread.start
    times = 0

    def start(self: threading.Thread) -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise KeyboardInterrupt
        original(self)

    with dstok.Client(secret=SECRET) as client:
        monkeypatch.setattr(threading.Thread, "start", start)
        with pytest.raises(KeyboardInterrupt):
            client.ping(timeout=10)
        assert client.ping(timeout=10) == "pong"
