"""The life of a client's sidecars: started when needed, greeted, configured, started again."""

from __future__ import annotations

import contextlib
import copy
import errno
import os
import threading
import time
import weakref
from concurrent import futures
from typing import Any, cast

from . import _protocol
from ._configuration import Configuration
from ._deadline import Deadline
from ._errors import BinaryNotFound, ClientClosed, DstokError, ProcessDied, VersionMismatch
from ._find_binary import find_binary
from ._sidecar import NotSent, Sidecar
from ._version import __version__

PROTOCOL = 1

TRIES = 3
"""How many sidecars a call may meet that have just ended, before it gives up."""

_YOUNG = 5.0
"""Seconds: a process that dies younger than this counts as a failed start."""
_FIRST_BACKOFF = 0.05
_MOMENT = 0.05
"""Seconds that a call waits longer for a start than it may: one that begins with the call, and has
as long, so fails before the call, and the next call begins another."""

_all: weakref.WeakSet[Connection] = weakref.WeakSet()


class Waiter(_protocol.Ticket):
    """A ticket that a thread waits on."""

    __slots__ = ("_done", "_error", "_line")

    def __init__(self, ids: int | list[int]) -> None:
        super().__init__(ids)
        self._done = threading.Lock()
        self._done.acquire()
        self._line = b""
        self._error: DstokError | None = None

    def resolve(self, line: bytes) -> None:
        self._line = line
        self._done.release()

    def fail(self, error: DstokError) -> None:
        self._error = error
        self._done.release()

    def wait(self, deadline: Deadline) -> Any:
        """Return the answer. Raises CallTimeout at the deadline, and what made it fail."""
        left = deadline.left()
        try:
            if not self._done.acquire(timeout=-1 if left is None else left):
                raise deadline.passed()
        finally:
            self.wanted = False
        if self._error is not None:
            raise self._error
        return self.decoded(self._line)


class Connection:
    """Has at most one sidecar at a time. Any thread may call any method."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        binary: str | None,
        timeout: float | None,
        max_backoff: float,
        log_level: int,
    ) -> None:
        self._configuration = configuration
        self._binary = binary
        self._timeout = timeout
        self._max_backoff = max_backoff
        self._log_level = log_level
        self._sidecar: Sidecar | None = None
        self._replaced: list[Sidecar] = []
        """Those that hang, and may still answer who waits for them."""
        self._greeted = False
        self._failures = 0
        self._not_before = 0.0
        self._start: futures.Future[Sidecar | BaseException] | None = None
        self._lock = threading.Lock()  # never held while something is waited for
        self._configuring = threading.Lock()
        self._closed = threading.Event()
        _all.add(self)

    @property
    def pid(self) -> int | None:
        """The process id of the sidecar, None if none runs."""
        sidecar = self._sidecar
        return sidecar.pid if sidecar is not None and sidecar.open else None

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    def current(self) -> Sidecar | None:
        """Return the sidecar if it runs and does not hang; never waits. Raises ClientClosed."""
        if self._closed.is_set():
            raise _closed()
        sidecar = self._sidecar
        if sidecar is None or not self._greeted or not sidecar.open or sidecar.hangs:
            return None
        return sidecar

    def starting(self) -> futures.Future[Sidecar | BaseException]:
        """Return what will be a sidecar that runs, or why there is none: see `outcome_of`. All who
        ask meanwhile share the start."""
        with self._lock:
            if self._start is None or self._start.done():
                self._start = futures.Future()
                self._start.set_running_or_notify_cancel()  # nobody alone can cancel it
                work = threading.Thread(target=self._run_start, args=(self._start,), daemon=True)
                try:
                    work.start()
                except RuntimeError as error:  # no more threads, or the end of the interpreter
                    self._start.set_result(ProcessDied(f"cannot be started: {error}"))
            return self._start

    def started(self, deadline: Deadline) -> Sidecar:
        """Wait for a sidecar that runs. After the deadline the start goes on, for others.

        Raises BinaryNotFound, VersionMismatch, ProcessDied, ProtocolError, CallTimeout,
        ClientClosed, and what `configure` answers.
        """
        try:
            start = self.starting().result(start_patience(deadline))
        except futures.TimeoutError:
            raise deadline.passed() from None
        return outcome_of(start)

    def send(self, line: bytes, ticket: _protocol.Ticket, deadline: Deadline) -> None:
        """Send a line, starting a sidecar if need be. Raises as `started` does."""
        for _ in range(TRIES):
            with contextlib.suppress(NotSent):  # it ended a moment ago
                return (self.current() or self.started(deadline)).send(line, ticket)
        raise keeps_dying()

    def configure(self, changes: dict[str, Any], timeout: float | None) -> Any:
        """Change the configuration of this sidecar and all later ones; return the new info."""
        with self._configuring:
            configuration = self._configuration.changed(**changes)
            while True:
                deadline = Deadline(timeout)
                sidecar = self.current() or self.started(deadline)
                info = _ask(sidecar, "configure", configuration.params(), deadline)
                self._configuration = configuration
                # One that was started in between may have been told the former configuration.
                if sidecar is self._sidecar:
                    return info

    def abandon(self) -> None:
        """Let the sidecar end when nobody has the client any more.

        Takes no lock, since the garbage collector calls it in the middle of anything.
        """
        for sidecar in self._sidecars():
            sidecar.begin_close()

    def close(self) -> None:
        """Let the sidecar end, and wait for it."""
        self._closed.set()
        ending = self._sidecars()
        for sidecar in ending:
            sidecar.begin_close()
        for sidecar in ending:
            sidecar.join()
        self._sidecar, self._replaced = None, []  # and with them their descriptors

    def _sidecars(self) -> list[Sidecar]:
        sidecar = self._sidecar
        return [*self._replaced] if sidecar is None else [*self._replaced, sidecar]

    def forget(self) -> None:
        """In a forked process: the sidecar is the parent's, and so is who held a lock."""
        self._sidecar = self._start = None
        self._replaced = []
        self._lock, self._configuring = threading.Lock(), threading.Lock()
        was_closed, self._closed = self._closed.is_set(), threading.Event()
        if was_closed:
            self._closed.set()

    def _run_start(self, future: futures.Future[Sidecar | BaseException]) -> None:
        try:
            future.set_result(self.current() or self._started())
        except BaseException as error:
            # Without its frames, which would keep clients, pipes and secrets.
            error.__context__ = None
            future.set_result(error.with_traceback(None))

    def _started(self) -> Sidecar:
        deadline = Deadline(self._timeout)
        self._note_death()
        self._back_off(deadline)
        binary = self._binary or find_binary()
        sidecar = self._sidecar = self._spawn(binary)
        try:
            if self.closed:
                raise _closed()
            self._greet(sidecar, binary, deadline)
        except BaseException:
            sidecar.begin_close()
            raise
        self._greeted = True
        return sidecar

    def _note_death(self) -> None:
        """Forget a sidecar that has ended, or hangs, but not how soon it did.

        The next start is put off: not at all the first time, then longer and longer.
        """
        sidecar = self._sidecar
        if sidecar is not None and sidecar.open and self._greeted:  # it hangs
            others = [one for one in self._replaced if one.ended is None]
            self._replaced = [*others, sidecar]  # before it is forgotten: `close` has to find it
            sidecar.let_go()
        self._sidecar, self._greeted = None, False
        if sidecar is None:
            return
        ended = sidecar.ended or time.monotonic()
        self._failures = 1 if ended - sidecar.started > _YOUNG else self._failures + 1
        delay = 0.0
        if self._failures > 1:
            delay = min(self._max_backoff, _FIRST_BACKOFF * 2.0 ** min(self._failures - 2, 30))
        self._not_before = ended + delay

    def _back_off(self, deadline: Deadline) -> None:
        delay, left = self._not_before - time.monotonic(), deadline.left()
        too_long = left is not None and left < delay
        if delay > 0 and self._closed.wait(left if too_long else delay):
            raise _closed()
        if too_long:
            raise deadline.passed()

    def _spawn(self, binary: str) -> Sidecar:
        try:
            with self._configuration.actions_file() as actions:
                command = self._configuration.command(binary, actions)
                environ = self._configuration.environ()
                return Sidecar(command, environ, self._log_level, inherited=actions)
        except OSError as error:
            message = f"{binary} cannot be started: {error.strerror}"
            if error.errno in (errno.ENOENT, errno.EACCES, errno.ENOEXEC):
                raise BinaryNotFound(message) from None
            raise ProcessDied(message) from None
        except RuntimeError as error:  # no more threads
            raise ProcessDied(f"{binary} cannot be started: {error}") from None

    def _greet(self, sidecar: Sidecar, binary: str, deadline: Deadline) -> None:
        """See that it is the right program, before it is told a secret; configure it."""
        answer = _ask(sidecar, "info", None, deadline)
        info = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
        found = (info.get("name"), info.get("protocol"), info.get("version"))
        if found != ("dstok", PROTOCOL, __version__):
            raise VersionMismatch(
                f"{binary} is {found[0]} {found[2]}, protocol {found[1]}, but this package needs "
                f"dstok {__version__}, protocol {PROTOCOL}: install both together, or set "
                "DSTOK_BINARY to the binary that belongs to it"
            )
        params = self._configuration.params()
        can_configure = "configure" in info.get("methods", ["configure"])
        # Without the method, its options may have made it what it is to be.
        if can_configure or any(info.get(name) != value for name, value in params.items()):
            _ask(sidecar, "configure", params, deadline)


def outcome_of(start: Sidecar | BaseException) -> Sidecar:
    """Return the sidecar that was started; raise a copy of the error if there is none, since a
    traceback belongs to one who raises it."""
    if isinstance(start, BaseException):
        raise copy.copy(start)
    return start


def start_patience(deadline: Deadline) -> float | None:
    """Return for how many seconds a call waits for a start (float); None: for ever."""
    left = deadline.left()
    return None if left is None else left + _MOMENT


def keeps_dying() -> ProcessDied:
    """Return the exception for sidecars that end as soon as they have started."""
    return ProcessDied("dstok ends again and again before it can be asked")


def _closed() -> ClientClosed:
    return ClientClosed("the client is closed")


def _ask(sidecar: Sidecar, method: str, params: _protocol.Params, deadline: Deadline) -> Any:
    """Return the result of a single call. Raises DstokError."""
    request = _protocol.Request(method, params)
    waiter = Waiter(request.id)
    try:
        sidecar.send(request.text + b"\n", waiter)
    except NotSent:
        sidecar.join()
        raise (sidecar.error or ProcessDied("the process ended")) from None
    return _protocol.raised(_protocol.outcome(waiter.wait(deadline)))


def _after_fork_in_child() -> None:
    for connection in list(_all):
        connection.forget()


os.register_at_fork(after_in_child=_after_fork_in_child)
