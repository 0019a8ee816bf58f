"""Waiting with asyncio, for AsyncClient. `_wait_threads` has the same names for Client."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, TypeVar

from ._connection import Connection
from ._deadline import Deadline
from ._errors import DstokError
from ._protocol import Ticket
from ._sidecar import Sidecar, outcome_of

_T = TypeVar("_T")


class Mailbox:
    """Exchanges lines with sidecars for an event loop, many at a time: to wake the other side, and
    to be woken, is the expensive part."""

    __slots__ = ("_called", "_outgoing", "_sending", "_waiting", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._outgoing: list[tuple[Sidecar, bytes, Waiter]] = []
        self._sending = False
        self._waiting: deque[tuple[Waiter, bytes | DstokError]] = deque()
        self._called = False

    def send(self, sidecar: Sidecar, line: bytes, waiter: Waiter) -> None:
        """Send a line: the first in a turn of the loop at once, others together at its end.

        Raises NotSent.
        """
        if self._sending:
            self._outgoing.append((sidecar, line, waiter))
            return
        sidecar.send(line, waiter)
        self._sending = True
        self.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send the lines that wait."""
        self._sending = False
        outgoing, self._outgoing = self._outgoing, []
        for sidecar, group in itertools.groupby(outgoing, lambda one: one[0]):
            together = list(group)
            lines = b"".join(line for _, line, _ in together)
            sidecar.send_all(lines, [waiter for _, _, waiter in together])

    def put(self, waiter: Waiter, outcome: bytes | DstokError) -> None:
        """Hand a response over, from any thread."""
        self._waiting.append((waiter, outcome))
        if not self._called:
            self._called = True
            # A loop that is closed has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        # First this, then the rest: what is put from now on calls again, once too often at worst.
        self._called = False
        while self._waiting:
            waiter, outcome = self._waiting.popleft()
            waiter.set(outcome)


class Waiter(Ticket):
    """A ticket that a task awaits."""

    __slots__ = ("_future", "mailbox")

    def __init__(self, ids: int | list[int]) -> None:
        super().__init__(ids)
        self.mailbox = mailbox = _mailbox()
        # An error is a result of it: one that nobody awaits any more is no news for the loop's log.
        self._future: asyncio.Future[bytes | DstokError] = mailbox.loop.create_future()

    def resolve(self, line: bytes) -> None:
        self.mailbox.put(self, line)

    def fail(self, error: DstokError) -> None:
        self.mailbox.put(self, error)

    def set(self, outcome: bytes | DstokError) -> None:
        """Set the outcome, in the loop, if the task still waits."""
        if not self._future.done():
            self._future.set_result(outcome)

    async def wait(self, deadline: Deadline) -> Any:
        """Return the response. Raises CallTimeout at the deadline, or the error of the call."""
        timer, left = None, deadline.left()
        if left is not None:
            timer = self.mailbox.loop.call_later(left, self._expire, deadline)
        try:
            outcome = await self._future
        finally:
            self.wanted = False
            if timer is not None:
                timer.cancel()
        if isinstance(outcome, DstokError):
            raise outcome
        return self.decoded(outcome)

    def _expire(self, deadline: Deadline) -> None:
        self.set(deadline.passed())


_of_thread = threading.local()


def _mailbox() -> Mailbox:
    """Return the mailbox of the running loop. A thread runs one loop at a time."""
    loop = asyncio.get_running_loop()
    mailbox: Mailbox | None = getattr(_of_thread, "mailbox", None)
    if mailbox is None or mailbox.loop is not loop:
        _of_thread.mailbox = mailbox = Mailbox(loop)
    return mailbox


def send(sidecar: Sidecar, line: bytes, waiter: Waiter) -> None:
    """Send a line. Raises NotSent."""
    waiter.mailbox.send(sidecar, line, waiter)


async def started(connection: Connection, deadline: Deadline) -> Sidecar:
    """Wait for a sidecar that runs. After the deadline the start continues, for others.

    Raises BinaryNotFound, VersionMismatch, ProcessDied, ProtocolError, CallTimeout,
    ClientClosed, and what `configure` answers.
    """
    future = asyncio.wrap_future(connection.starting())
    try:
        start = await asyncio.wait_for(future, deadline.left_for_start())
    except asyncio.TimeoutError:
        raise deadline.passed() from None
    return outcome_of(start)


async def pause() -> None:
    """Let other tasks run."""
    await asyncio.sleep(0)


async def close(connection: Connection) -> None:
    """Send the waiting lines, and close."""
    _mailbox().flush()
    await asyncio.to_thread(connection.close)


async def each(params: Iterable[_T] | AsyncIterable[_T]) -> AsyncIterator[_T]:
    """Yield the items of either kind of iterable."""
    if isinstance(params, AsyncIterable):
        async for one in params:
            yield one
    else:
        for one in params:
            yield one
