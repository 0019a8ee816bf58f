"""One process `dstok serve`, and the thread that reads and writes its pipes."""

from __future__ import annotations

import atexit
import contextlib
import copy
import enum
import itertools
import logging
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

# Not those of os: eventlet replaces them, and then `write` waits for a pipe that is full.
from posix import read, write
from typing import IO, cast

from ._errors import ClientClosed, DstokError, ProcessDied, ProtocolError
from ._protocol import Ticket

logger = logging.getLogger("dstok")

GRACE = 2.0
"""Seconds that a process gets to end by itself, and then again after SIGTERM."""

SILENCE = 1.0
"""Seconds without a response after which a process may count as hanging."""

_BLOCK = 1 << 16
_STDERR_TAIL = 20
_LONGEST_LOGGED = 8192

_living: set[Sidecar] = set()
# Held while a process and its pipes are made, and during a fork: so a forked process knows every
# pipe that it inherits.
_making = threading.RLock()  # a signal may fork too


class State(enum.Enum):
    """The states of a process, in their order. Every state may be followed by any later one."""

    STARTING = "accepts lines, and is not yet known to be dstok"
    READY = "accepts lines"
    LEAVING = "accepts no more lines, answers those it has, and ends"
    ENDED = "has an exit status, and nobody waits for it"


class Wish(enum.Enum):
    """What the client wants a process to do. The process's thread carries it out."""

    STAY = "keeps running"
    RETIRE = "ends when nobody waits for it any more"
    CLOSE = "ends once it has answered, or its time is up"


class NotSent(Exception):
    """The process had ended before anything was given to it."""


class Sidecar:
    """A running `dstok serve`.

    Whoever sends a line writes it without waiting; what the pipe does not take at once is left to
    the thread. The thread hands out the answers, logs stderr, and fails what is left when the
    process ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        log_level: int,
        *,
        inherited: int | None = None,
    ) -> None:
        """Start it, with a descriptor that it inherits.

        Raises OSError, RuntimeError. Whatever is raised, no process is left.
        """
        self.state = State.STARTING
        self.error: DstokError | None = None
        """How it ended, once it has."""
        self.forced = False
        """Whether it had to be made to end."""
        self.started = time.monotonic()
        self.ended: float | None = None
        self._wish = Wish.STAY
        self._name, self._log_level = command[0], log_level
        self._lock = threading.Lock()
        self._awaited: deque[Ticket] = deque()
        self._unwritten: deque[memoryview] = deque()
        self._partial: list[bytes] = []
        self._stderr_part = b""
        self._stderr_tail: deque[str] = deque(maxlen=_STDERR_TAIL)
        self._heard = self.started  # or asked, after it had answered everything
        self._thread = threading.Thread(target=self._run, name="dstok", daemon=True)
        with _making:
            self._wake_reader, self._wake_writer = os.pipe()
            pipe, fds = subprocess.PIPE, () if inherited is None else (inherited,)
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, env=environ, pass_fds=fds
            )
            self.pid = self._process.pid
            pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
            self._stdin, self._stdout, self._stderr = cast("tuple[IO[bytes], ...]", pipes)
            _living.add(self)
        try:
            for fd in (self._stdin.fileno(), self._wake_reader, self._wake_writer):
                os.set_blocking(fd, False)
            logger.info("%s started, pid %d", self._name, self.pid)
            self._thread.start()
        except BaseException:
            self._abort()
            raise

    def __del__(self) -> None:
        # Only now can nobody wake the thread any more, in whatever thread.
        for name in ("_wake_reader", "_wake_writer"):
            if name in self.__dict__:
                os.close(self.__dict__[name])

    def _abort(self) -> None:
        """End a process that has no thread."""
        self.state = State.ENDED
        _living.discard(self)
        self._process.kill()
        self._process.wait()
        self._close_pipes()
        del self._thread  # it has this, and would keep the descriptors

    @property
    def runs(self) -> bool:
        """Whether lines can be sent (bool)."""
        state = self.state
        return state is State.READY or state is State.STARTING

    @property
    def available(self) -> bool:
        """Whether it can be given calls (bool): it is ready, and does not seem to hang.

        It hangs if it is silent, and nobody waits any more for what it would answer next. It may
        be busy all the same.
        """
        if self.state is not State.READY or self._wish is not Wish.STAY:
            return False
        try:
            oldest = self._awaited[0]
        except IndexError:
            return True
        return oldest.wanted or time.monotonic() - self._heard <= SILENCE

    def ready(self) -> None:
        """Note that it is dstok, and configured."""
        with self._lock:
            if self.state is State.STARTING:
                self.state = State.READY

    def send(self, line: bytes, ticket: Ticket) -> None:
        """Send a line; its ticket gets the answer. Never waits for the process.

        Raises NotSent if the process has ended before.
        """
        with self._lock:
            if not self.runs:
                raise NotSent
            if not self._queue(line, [ticket]):
                self._awaited.pop()
                raise NotSent

    def send_all(self, lines: bytes, tickets: Sequence[Ticket]) -> None:
        """Send several lines as one. If the process has ended before, their tickets fail."""
        with self._lock:
            if self.state is not State.ENDED:
                if self.runs:
                    self._queue(lines, tickets)
                else:
                    self._awaited.extend(tickets)
                return
        self._fail(tickets)

    def _queue(self, lines: bytes, tickets: Sequence[Ticket]) -> bool:
        """Write what the pipe takes now; leave the rest to the thread. Returns False if nobody
        reads it any more."""
        if not self._awaited:
            self._heard = time.monotonic()
        try:
            self._awaited.extend(tickets)
            self._unwritten.append(memoryview(lines))
            if len(self._unwritten) > 1:
                return True
            taken = self._write()
            if self._unwritten:
                self._wake()
            return taken
        except KeyboardInterrupt:
            # Lines and tickets may no longer match, and nobody's answer may go to another.
            self.kill(ProcessDied("ended after an interrupt"))
            raise

    def begin_close(self) -> None:
        """Let it end once it has answered what was sent.

        Takes no lock, so that the garbage collector can call it in the middle of anything.
        """
        self._wish = Wish.CLOSE
        self._wake()

    def retire(self, why: str) -> None:
        """Let it end when it has answered everything, or nobody waits for it any more."""
        if self._wish is Wish.STAY:
            self._wish = Wish.RETIRE
            self._wake()
            logger.log(self._log_level, "%s %s, starting another", self._name, why)

    def kill(self, failure: DstokError) -> None:
        """End it at once; what is awaited fails with `failure`."""
        self.error = failure
        self.state = State.LEAVING
        self._process.kill()

    def join(self) -> None:
        """Wait until it has ended."""
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def disown(self) -> None:
        """Let go of it in a forked process, which has its pipes but not its thread.

        An end of its stdin that stayed open here would keep the end of its input from it.
        """
        self.state = State.ENDED
        self._lock = threading.Lock()
        self._process.returncode = 0  # not a child of this process: nothing to wait for
        error = ProcessDied("the call was made before a fork: only the parent gets its result")
        for ticket in self._awaited:
            ticket.fail(copy.copy(error))
        self._awaited.clear()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for stream in (self._stdin, self._stdout, self._stderr):
            stream.close()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # so much to be read there wakes it anyway
            write(self._wake_writer, b".")

    def _write(self) -> bool:
        """Write what the pipe takes now. Returns False when nobody reads it any more."""
        try:
            while self._unwritten:
                first = self._unwritten[0]
                written = write(self._stdin.fileno(), first)
                if written < len(first):
                    self._unwritten[0] = first[written:]
                    return True
                self._unwritten.popleft()
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.state = State.LEAVING
            self._unwritten.clear()
            return False
        return True

    # What follows runs in the thread.

    def _run(self) -> None:
        try:
            self._bury(self._exchange())
        except Exception as error:  # such as that of a handler of the log
            self.error = self.error or ProtocolError(f"reading failed: {error!r}")
            self._process.kill()
            self._process.wait()
            logger.exception("the thread that reads from dstok failed")
        finally:  # whatever it is, nobody must be left waiting
            self._settle()

    def _exchange(self) -> bool:
        """Write, read and log until the process writes no more.

        Returns True if it should have ended and did not.
        """
        stdin, stdout, stderr = (one.fileno() for one in (self._stdin, self._stdout, self._stderr))
        reading = {self._wake_reader, stdout, stderr}
        deadline, watched = None, (len(reading), 0)
        wait = _watch(reading, [])
        while True:
            with self._lock:
                writing = [stdin] if self._unwritten else []
                if self._wish is not Wish.STAY:
                    deadline = deadline or time.monotonic() + GRACE
                    if not writing and self.runs:
                        self.state = State.LEAVING
                        self._stdin.close()
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if watched != (watched := (len(reading), len(writing))):
                wait = _watch(reading, writing)
            ready = wait(left)
            if left == 0 and not ready:
                if not self._is_spared():
                    return True
                deadline = None
            if deadline is not None and ready:  # it still does something
                deadline = time.monotonic() + GRACE
            for fd in ready:
                if fd == stdout:
                    block = read(fd, _BLOCK)
                    if not block:
                        return False
                    self._take(block)
                elif fd == stderr:
                    if not self._log_stderr():
                        reading.discard(stderr)
                elif fd == self._wake_reader:
                    read(fd, 4096)
                else:
                    with self._lock:
                        self._write()

    def _is_spared(self) -> bool:
        """Return whether it may continue, because somebody waits."""
        with self._lock:
            return self._wish is Wish.RETIRE and any(ticket.wanted for ticket in self._awaited)

    def _take(self, block: bytes) -> None:
        """Hand out the responses that this block completes."""
        self._heard = time.monotonic()
        lines = block.split(b"\n")
        if len(lines) == 1:
            self._partial.append(block)
            return
        lines[0] = b"".join(self._partial) + lines[0]
        self._partial = [lines.pop()]
        for line in lines:
            # Answers come in the order of the lines. Until it has its answer, a ticket can fail.
            ticket = self._awaited[0] if self._awaited else None
            if ticket is None or not ticket.fits(line):
                error = f"{self._name} wrote a line that is not a response: is it dstok?"
                return self.kill(ProtocolError(error))
            ticket.noted(line)
            self._awaited.popleft()
            ticket.resolve(line)

    def _log_stderr(self) -> bool:
        """Log what has come. Returns False at its end, or when there is nothing more for now."""
        try:
            block = read(self._stderr.fileno(), _BLOCK)
        except BlockingIOError:
            block = b""
        lines = (self._stderr_part + block).split(b"\n")
        # The last piece waits for the rest of its line, unless there is no rest or far too much.
        self._stderr_part = lines.pop() if block and len(lines[-1]) < _LONGEST_LOGGED else b""
        for line in lines:
            text = line.decode("utf-8", "backslashreplace").rstrip()
            if text:
                self._stderr_tail.append(text)
                logger.log(self._log_level, "%s", text)
        return bool(block)

    def _bury(self, overdue: bool) -> None:
        """Wait until the process has ended. End it if necessary."""
        with self._lock:
            self.state = State.LEAVING
            self._stdin.close()
        self._wait(overdue)
        os.set_blocking(self._stderr.fileno(), False)  # a process of its own may keep it open
        while self._log_stderr():
            pass
        death = self._death()
        self.error = self.error or death

    def _settle(self) -> None:
        """Fail all tickets that are left."""
        with self._lock:
            self._close_pipes()
            left = list(self._awaited)
            self._awaited.clear()
            self._unwritten.clear()
            self.ended = time.monotonic()
            self.state = State.ENDED
        _living.discard(self)
        self._fail(left)

    def _fail(self, tickets: Sequence[Ticket]) -> None:
        assert self.error is not None
        for ticket in tickets:
            # One for each, since a traceback belongs to who raises it.
            ticket.fail(copy.copy(self.error))

    def _wait(self, overdue: bool) -> None:
        """Wait until it has ended: it gets time, unless it had that already, SIGTERM, SIGKILL."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not overdue:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(GRACE)
                    return
            logger.log(self._log_level, "%s did not end by itself: %s", self._name, number.name)
            self.forced = True
            self._process.send_signal(number)
            overdue = False
        self._process.wait()

    def _death(self) -> DstokError:
        """Say how it ended, and log it unless that was wanted."""
        if self._wish is Wish.CLOSE:
            return ClientClosed("the client was closed before the response came")
        code = self._process.returncode
        how = f"exit status {code}" if code >= 0 else f"signal {_signal_name(-code)}"
        if self._wish is Wish.STAY:
            cause = f": {self.error}" if self.error else ""
            logger.warning(
                "%s, pid %d, ended unexpectedly (%s)%s", self._name, self.pid, how, cause
            )
        tail = "\n".join(self._stderr_tail)
        message = f"{self._name} ended ({how})" + (f": {tail}" if tail else "")
        return ProcessDied(message, returncode=code, stderr=tail)


def _watch(reading: set[int], writing: list[int]) -> Callable[[float | None], list[int]]:
    """Return a function that waits for ready descriptors, up to a number of seconds, and returns
    them. gevent and eventlet replace what `select` has, eventlet without `poll`."""
    if not hasattr(select, "poll"):
        return lambda left: [*itertools.chain(*select.select(reading, writing, [], left))]
    poll = select.poll()
    for fd in reading:
        poll.register(fd, select.POLLIN)
    for fd in writing:
        poll.register(fd, select.POLLOUT)
    return lambda seconds: [fd for fd, _ in poll.poll(None if seconds is None else seconds * 1000)]


def outcome_of(start: Sidecar | BaseException) -> Sidecar:
    """Return the sidecar that was started; raise a copy of the error if there is none, since a
    traceback belongs to one who raises it."""
    if isinstance(start, BaseException):
        raise copy.copy(start)
    return start


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _after_fork_in_child() -> None:
    _making.release()
    for sidecar in list(_living):
        sidecar.disown()
    _living.clear()


def _end_all() -> None:
    """At the end of the interpreter: leave no process behind."""
    ending = list(_living)
    for sidecar in ending:
        sidecar.begin_close()
    for sidecar in ending:
        sidecar.join()


os.register_at_fork(
    before=_making.acquire,
    after_in_parent=_making.release,
    after_in_child=_after_fork_in_child,
)
atexit.register(_end_all)
