"""Forks: the child has a sidecar of its own and leaves the parent's alone."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable

import pytest

import dstok
from dstok._deadline import Deadline
from dstok._protocol import Request
from dstok._sidecar import Sidecar
from processes import PATIENCE, Done, alive
from support import SECRET

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a forked child; return its exit status: 0 unless something was raised."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_the_child_starts_its_own(client: dstok.Client) -> None:
    client.ping()
    parents = client.pid

    def work() -> None:
        assert client.pid is None
        assert client.unsign(client.sign("in the child")) == "in the child"
        assert client.pid not in (None, parents)
        assert client.info()["secrets"] == 1
        client.close()

    assert in_child(work) == 0
    assert client.unsign(client.sign("in the parent")) == "in the parent"
    assert client.pid == parents


def test_the_asynchronous_client_too() -> None:
    client = dstok.AsyncClient(secret=SECRET)
    assert asyncio.run(client.ping()) == "pong"
    parents = client.pid

    def work() -> None:
        assert asyncio.run(client.ping()) == "pong"
        assert client.pid != parents
        client.close()

    assert in_child(work) == 0
    assert asyncio.run(client.ping()) == "pong"
    assert client.pid == parents
    client.close()


def test_the_child_does_not_keep_the_parents_sidecar_alive(client: dstok.Client) -> None:
    client.ping()
    pid = client.pid
    assert pid is not None
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)  # until the parent has seen what it wants to see
        os._exit(0)
    sidecar = client._connection._sidecar
    assert sidecar is not None
    try:
        client.close()
        # By the end of its input, which the child would keep from it if it still had the pipe.
        assert not alive(pid)
        assert not sidecar.forced
    finally:
        os.close(write)
        os.waitpid(child, 0)
        os.close(read)


def test_a_child_that_closes_or_drops_it_does_not_end_the_parents(client: dstok.Client) -> None:
    client.ping()
    parents = client.pid
    assert in_child(client.close) == 0
    assert in_child(client._connection.abandon) == 0
    assert client.ping() == "pong"
    assert client.pid == parents


def test_what_was_asked_before_the_fork_fails_in_the_child(client: dstok.Client) -> None:
    client.ping()
    pid = client.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    waiter = client._send(Request("ping", None), Deadline(None))
    assert waiter is not None

    def work() -> None:
        with pytest.raises(dstok.ProcessDied):
            waiter.wait(Deadline(None))

    try:
        assert in_child(work) == 0
    finally:
        os.kill(pid, signal.SIGCONT)
    assert waiter.wait(Deadline(PATIENCE))["result"] == "pong"


def test_forks_while_other_threads_call(client: dstok.Client) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def call() -> None:
        try:
            while not stop.is_set():
                assert client.unsign(client.sign("x" * 5000)) == "x" * 5000
        except BaseException as error:
            failures.append(error)

    def work() -> None:
        assert client.unsign(client.sign("y")) == "y"
        client.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    statuses = [in_child(work) for _ in range(15)]
    stop.set()
    for thread in threads:
        thread.join()
    assert statuses == [0] * 15
    assert failures == []


def test_forks_while_clients_start() -> None:
    """None of the children may inherit pipes that it does not know of."""
    stop = threading.Event()
    ended: list[Sidecar] = []

    def start() -> None:
        while not stop.is_set():
            with dstok.Client(secret=SECRET) as client:
                client.ping()
                sidecar = client._connection._sidecar
            assert sidecar is not None
            ended.append(sidecar)

    thread = threading.Thread(target=start)
    thread.start()
    read, write = os.pipe()
    children = []
    for _ in range(20):
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
        children.append(child)
    stop.set()
    thread.join()
    # A sidecar ends by the end of its input, which a child that still had its pipe would keep.
    forced = [sidecar for sidecar in ended if sidecar.forced]
    os.close(write)
    for child in children:
        os.waitpid(child, 0)
    os.close(read)
    assert len(ended) > 0
    assert forced == []


def _in_pool(value: int) -> object:
    assert shared is not None
    return shared.unsign(shared.sign(value))


shared: dstok.Client | None = None


def test_a_pool_of_processes() -> None:
    global shared
    with dstok.Client(secret=SECRET) as shared:
        shared.ping()
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert pool.map(_in_pool, range(50)) == list(range(50))
        assert shared.ping() == "pong"


def test_a_plain_exit_of_the_child_is_quiet(run_python: Callable[[str], Done]) -> None:
    done = run_python(
        """
        import os, sys, warnings, dstok
        warnings.simplefilter("error", ResourceWarning)
        warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
        client = dstok.Client(secret="not-a-secret")
        client.ping()
        child = os.fork()
        if child == 0:
            sys.exit(0)  # runs what is to be run at the end
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.ping() == "pong"
        print("pong")
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "pong\n", "")
