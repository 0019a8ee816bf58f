"""The deadlines of calls."""

from __future__ import annotations

import threading
import time

from ._errors import CallTimeout

_LONGEST = threading.TIMEOUT_MAX / 2
"""Seconds: years, and less than what locks refuse."""
_MOMENT = 0.05
"""Seconds that a call waits longer for a start than it may: one that begins with the call, and has
as long, so fails before the call, and the next call begins another."""


class Deadline:
    """A timeout that starts now."""

    __slots__ = ("_end", "_seconds")

    def __init__(self, seconds: float | None) -> None:
        """`seconds` (float) is the longest wait. None means no limit."""
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + min(seconds, _LONGEST)

    def left(self) -> float | None:
        """Return the seconds that are left (float), 0 when it has passed, None without a limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def left_for_start(self) -> float | None:
        """Return how many seconds a call waits for a start (float), None without a limit."""
        left = self.left()
        return None if left is None else left + _MOMENT

    def passed(self) -> CallTimeout:
        """Return the exception for a response that did not come in time."""
        return CallTimeout(f"no response within {self._seconds or 0:g} seconds")
