"""Waiting in a thread, for Client and for starts. `_wait_asyncio` has the same names."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import TYPE_CHECKING, Any

from ._deadline import Deadline
from ._errors import DstokError
from ._protocol import Ticket
from ._sidecar import Sidecar, outcome_of

if TYPE_CHECKING:
    from ._connection import Connection

each = iter


class Waiter(Ticket):
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
        """Return the response. Raises CallTimeout at the deadline, or the error of the call."""
        left = deadline.left()
        try:
            if not self._done.acquire(timeout=-1 if left is None else left):
                raise deadline.passed()
        finally:
            self.wanted = False
        if self._error is not None:
            raise self._error
        return self.decoded(self._line)


def send(sidecar: Sidecar, line: bytes, waiter: Waiter) -> None:
    """Send a line. Raises NotSent."""
    sidecar.send(line, waiter)


def started(connection: Connection, deadline: Deadline) -> Sidecar:
    """Wait for a sidecar that runs; see `_wait_asyncio.started`."""
    try:
        start = connection.starting().result(deadline.left_for_start())
    except futures.TimeoutError:
        raise deadline.passed() from None
    return outcome_of(start)


def pause() -> None:
    """Do nothing: threads take turns by themselves."""


def close(connection: Connection) -> None:
    """Close."""
    connection.close()
