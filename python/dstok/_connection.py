"""The life of a client's sidecars: started when needed, greeted, configured, started again."""

from __future__ import annotations

import contextlib
import dataclasses
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
from ._errors import BinaryNotFound, ClientClosed, ProcessDied, VersionMismatch
from ._find_binary import find_binary, flaw_of
from ._sidecar import NotSent, Sidecar, State
from ._version import __version__
from ._wait_threads import Waiter

PROTOCOL = 1

_YOUNG = 5.0
"""Seconds: a process that dies younger than this counts as a failed start."""
_FIRST_BACKOFF = 0.05
_CLOSED = "the client is closed"

_all: weakref.WeakSet[Connection] = weakref.WeakSet()


@dataclasses.dataclass(eq=False, repr=False)
class Connection:
    """Runs at most one sidecar at a time. Any thread may call any method."""

    configuration: Configuration
    binary: str | None
    timeout: float | None
    max_backoff: float
    log_level: int

    def __post_init__(self) -> None:
        self._sidecar: Sidecar | None = None
        self._retired: list[Sidecar] = []
        """Sidecars that may still answer calls that wait for them."""
        self._failures = 0
        self._not_before = 0.0
        self._start: futures.Future[Sidecar | BaseException] | None = None
        self._lock = threading.Lock()  # never held while something is waited for
        self._starting = threading.Lock()  # held during a start
        self._abandoned = False
        self.closed = threading.Event()
        _all.add(self)

    @property
    def pid(self) -> int | None:
        """The process id of the sidecar, None if none runs."""
        sidecar = self._sidecar
        return sidecar.pid if sidecar is not None and sidecar.runs else None

    def current(self) -> Sidecar | None:
        """Return the sidecar if it runs and does not hang; never waits. Raises ClientClosed."""
        if self.closed.is_set():
            raise ClientClosed(_CLOSED)
        sidecar = self._sidecar
        return sidecar if sidecar is not None and sidecar.available else None

    def starting(self) -> futures.Future[Sidecar | BaseException]:
        """Return what will be a sidecar that runs, or why there is none: see `outcome_of`. All who
        ask meanwhile share the start."""
        start: futures.Future[Sidecar | BaseException] = futures.Future()
        with self._lock:
            if self._start is not None and not self._start.done():
                return self._start
            self._start = start
        start.set_running_or_notify_cancel()  # nobody alone can cancel it
        try:
            # Not under the lock: to start a thread is to wait for it.
            threading.Thread(target=self._run_start, args=(start,), daemon=True).start()
        except RuntimeError as error:  # no more threads, or the end of the interpreter
            _resolve(start, ProcessDied(f"dstok cannot be started: {error}"))
        except BaseException:  # an interrupt: whether the thread runs is not known
            _resolve(start, ProcessDied("dstok was not started: interrupted"))
            raise
        return start

    def remember(self, sidecar: Sidecar, changes: _protocol.Changes, answers: list[Any]) -> None:
        """Tell later sidecars what this one accepted. `changes` are by the ids of the answers.

        Its thread calls this, so it is done in the order in which the sidecar did it.
        """
        with self._lock:
            for answer in answers:
                if "result" in answer and answer["id"] in changes:
                    self.configuration = self.configuration.changed(changes[answer["id"]])
            current = self._sidecar
        if current is not None and current is not sidecar and current.state is State.READY:
            current.retire("has the previous configuration")

    def abandon(self) -> list[Sidecar]:
        """Let the sidecars end when nobody has the client any more. Return them.

        Takes no lock, since the garbage collector calls it in the middle of anything.
        """
        self._abandoned = True  # first this: a sidecar that is not there yet is ended by its start
        sidecar = self._sidecar
        ending = [*self._retired] if sidecar is None else [*self._retired, sidecar]
        for one in ending:
            one.begin_close()
        return ending

    def close(self) -> None:
        """Let the sidecars end, and wait for that."""
        self.closed.set()
        for sidecar in self.abandon():
            sidecar.join()
        # With the last of these go their descriptors. No lock: a signal may close.
        self._sidecar, self._retired, self._start = None, [], None

    def forget(self) -> None:
        """In a forked process, drop the sidecar and the locks: they are the parent's."""
        self._sidecar = self._start = None
        self._retired = []
        self._lock, self._starting = threading.Lock(), threading.Lock()
        was_closed, self.closed = self.closed.is_set(), threading.Event()
        if was_closed:
            self.closed.set()

    def _run_start(self, future: futures.Future[Sidecar | BaseException]) -> None:
        try:
            with self._starting:
                _resolve(future, self.current() or self._started())
        except BaseException as error:
            # Without its frames, which would keep clients, pipes and secrets.
            error.__context__ = None
            _resolve(future, error.with_traceback(None))

    def _started(self) -> Sidecar:
        deadline = Deadline(self.timeout)
        self._note_death()
        self._back_off(deadline)
        binary = self.binary or find_binary()
        sidecar = self._sidecar = self._spawn(binary)
        try:
            if self._abandoned:
                raise ClientClosed(_CLOSED)
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
            delay = min(self.max_backoff, _FIRST_BACKOFF * 2.0 ** min(self._failures - 2, 30))
        self._not_before = ended + delay

    def _back_off(self, deadline: Deadline) -> None:
        delay, left = self._not_before - time.monotonic(), deadline.left()
        too_long = left is not None and left < delay
        if delay > 0 and self.closed.wait(left if too_long else delay):
            raise ClientClosed(_CLOSED)
        if too_long:
            raise deadline.passed()

    def _spawn(self, binary: str) -> Sidecar:
        try:
            with self.configuration.actions_file() as actions:
                command = self.configuration.command(binary, actions)
                environ = self.configuration.environ()
                return Sidecar(command, environ, self.log_level, inherited=actions)
        except (OSError, RuntimeError) as error:  # RuntimeError: no more threads
            why = getattr(error, "strerror", str(error))
            if getattr(error, "errno", 0) in (errno.ENOENT, errno.EACCES, errno.ENOEXEC):
                flaw = flaw_of(binary) or f"which cannot be run: {why}"
                raise BinaryNotFound(f"the binary is {binary}, {flaw}") from None
            raise ProcessDied(f"{binary} cannot be started: {why}") from None

    def _greet(self, sidecar: Sidecar, binary: str, deadline: Deadline) -> dict[str, Any]:
        """Check that it is the right program before it gets a secret. Return its info."""
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
            configuration = self.configuration
            params = configuration.params
            # Without the method, its options may have made it what it is to be.
            if can_configure or any(info.get(name) != value for name, value in params.items()):
                _ask(sidecar, "configure", params, deadline)
            with self._lock:
                if configuration is self.configuration:
                    return sidecar.ready()


def _resolve(
    start: futures.Future[Sidecar | BaseException], outcome: Sidecar | BaseException
) -> None:
    """Set the outcome of a start, unless it is set."""
    with contextlib.suppress(futures.InvalidStateError):
        start.set_result(outcome)


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
