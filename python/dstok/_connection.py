"""The life of a client's sidecars: started when needed, greeted, configured, started again."""

from __future__ import annotations

import errno
import os
import threading
import time
import weakref
from collections.abc import Mapping
from concurrent import futures
from typing import Any, cast

from . import _protocol
from ._configuration import Configuration
from ._deadline import Deadline
from ._errors import BinaryNotFound, ClientClosed, ProcessDied, VersionMismatch
from ._find_binary import find_binary, flaw_of
from ._sidecar import NotSent, Sidecar, State
from ._version import __version__
from ._wait_threads import Waiter

PROTOCOL = 1

TRIES = 3
"""How many sidecars a call may meet that have just ended, before it gives up."""

_YOUNG = 5.0
"""Seconds: a process that dies younger than this counts as a failed start."""
_FIRST_BACKOFF = 0.05

_all: weakref.WeakSet[Connection] = weakref.WeakSet()


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
        self._retired: list[Sidecar] = []
        """Those that may still answer who waits for them."""
        self._failures = 0
        self._not_before = 0.0
        self._start: futures.Future[Sidecar | BaseException] | None = None
        self._lock = threading.Lock()  # never held while something is waited for
        self._closed = threading.Event()
        _all.add(self)

    @property
    def pid(self) -> int | None:
        """The process id of the sidecar, None if none runs."""
        sidecar = self._sidecar
        return sidecar.pid if sidecar is not None and sidecar.runs else None

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    def current(self) -> Sidecar | None:
        """Return the sidecar if it runs and does not hang; never waits. Raises ClientClosed."""
        if self._closed.is_set():
            raise _closed()
        sidecar = self._sidecar
        return sidecar if sidecar is not None and sidecar.available else None

    def starting(self) -> futures.Future[Sidecar | BaseException]:
        """Return what will be a sidecar that runs, or why there is none: see `outcome_of`. All who
        ask meanwhile share the start. Raises ProcessDied if no thread can be had for it."""
        with self._lock:
            if self._start is not None and not self._start.done():
                return self._start
            self._start = start = futures.Future()
        start.set_running_or_notify_cancel()  # nobody alone can cancel it
        try:
            # Not under the lock: to start a thread is to wait for it.
            threading.Thread(target=self._run_start, args=(start,), daemon=True).start()
        except RuntimeError as error:  # no more threads, or the end of the interpreter
            start.set_result(ProcessDied(f"dstok cannot be started: {error}"))
        except BaseException:
            start.set_result(ProcessDied("dstok was not started: interrupted"))
            raise
        return start

    def check(self, changes: Mapping[str, Any]) -> None:
        """Raise InvalidArgument for params of `configure` that are not to be sent."""
        self._configuration.check(changes)

    def remember(self, sidecar: Sidecar, changes: _protocol.Changes, answers: list[Any]) -> None:
        """Tell later sidecars what this one accepted. `changes` are by the ids of the answers.

        Its thread calls this, so it is done in the order in which the sidecar did it.
        """
        with self._lock:
            for answer in answers:
                if "result" in answer and answer["id"] in changes:
                    self._configuration = self._configuration.changed(changes[answer["id"]])
            current = self._sidecar
            if current is not None and current is not sidecar and current.state is State.READY:
                current.retire("was told the former configuration")

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
        self._sidecar, self._retired = None, []  # and with them their descriptors

    def _sidecars(self) -> list[Sidecar]:
        sidecar = self._sidecar
        return [*self._retired] if sidecar is None else [*self._retired, sidecar]

    def forget(self) -> None:
        """In a forked process: the sidecar is the parent's, and so is who held a lock."""
        self._sidecar = self._start = None
        self._retired = []
        self._lock = threading.Lock()
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
            info = self._greet(sidecar, binary, deadline)
            self._configure(sidecar, info, deadline)
        except BaseException:
            sidecar.begin_close()
            raise
        return sidecar

    def _note_death(self) -> None:
        """Forget a sidecar that has ended, hangs or is retired, but not how soon it did.

        The next start is put off: not at all the first time, then longer and longer.
        """
        sidecar = self._sidecar
        if sidecar is None:
            return
        if sidecar.state is State.READY:
            others = [one for one in self._retired if one.state is not State.ENDED]
            self._retired = [*others, sidecar]  # before it is forgotten: `close` has to find it
            sidecar.retire("does not answer")
        self._sidecar = None
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
                flaw = flaw_of(binary)
                message = f"the binary is {binary}, {flaw}" if flaw else message
                raise BinaryNotFound(message) from None
            raise ProcessDied(message) from None
        except RuntimeError as error:  # no more threads
            raise ProcessDied(f"{binary} cannot be started: {error}") from None

    def _greet(self, sidecar: Sidecar, binary: str, deadline: Deadline) -> dict[str, Any]:
        """See that it is the right program, before it is told a secret; return its info."""
        answer = _ask(sidecar, "info", None, deadline)
        info = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
        found = (info.get("name"), info.get("protocol"), info.get("version"))
        if found != ("dstok", PROTOCOL, __version__):
            raise VersionMismatch(
                f"{binary} is {found[0]} {found[2]}, protocol {found[1]}, but this package needs "
                f"dstok {__version__}, protocol {PROTOCOL}: install both together, or set "
                "DSTOK_BINARY to the binary that belongs to it"
            )
        return info

    def _configure(self, sidecar: Sidecar, info: dict[str, Any], deadline: Deadline) -> None:
        """Tell it the configuration, and again if that changes meanwhile. Then it is ready."""
        can_configure = "configure" in info.get("methods", ["configure"])
        while True:
            configuration = self._configuration
            params = configuration.params
            # Without the method, its options may have made it what it is to be.
            if can_configure or any(info.get(name) != value for name, value in params.items()):
                _ask(sidecar, "configure", params, deadline)
            with self._lock:
                if configuration is self._configuration:
                    return sidecar.ready()


def keeps_dying() -> ProcessDied:
    """Return the exception for sidecars that end as soon as they have started."""
    return ProcessDied("dstok ends again and again before it can be asked")


def _closed() -> ClientClosed:
    return ClientClosed("the client is closed")


def _ask(sidecar: Sidecar, method: str, params: _protocol.Params, deadline: Deadline) -> Any:
    """Return the result of a single call. Raises DstokError."""
    request = _protocol.Request(method, params)
    waiter = Waiter(request.ids)
    try:
        sidecar.send(request.line(), waiter)
    except NotSent:
        sidecar.join()
        raise (sidecar.error or ProcessDied("the process ended")) from None
    return _protocol.raised(_protocol.outcome(waiter.wait(deadline)))


def _after_fork_in_child() -> None:
    for connection in list(_all):
        connection.forget()


os.register_at_fork(after_in_child=_after_fork_in_child)
