"""Requests that travel together in one line, as a JSON-RPC batch."""

from __future__ import annotations

from typing import Any

from . import _protocol
from ._errors import DstokError, InvalidArgument

MOST_REQUESTS = 500
MOST_BYTES = 1 << 17
"""When a line of `map` is long enough, or its answer: more is not faster, and takes more memory."""
_FIRST_REQUESTS = 16
"""In the first lines of `map`, before it is known how long answers are."""

WINDOW = 4000
"""How many requests of `map` may be under way, unless it is told otherwise."""
WINDOW_BYTES = 1 << 22
"""And how many bytes, where requests are long; one line may always be."""


_Encoded = _protocol.Request | InvalidArgument
"""A request or several, or the error for params that JSON cannot carry."""


def encoded(method: str, *params: _protocol.Params) -> list[_Encoded]:
    """Return requests, encoded together unless they are long or one of them cannot be sent."""
    try:
        request = _protocol.Request(method, *params)
        if len(params) == 1 or len(request.text) < MOST_BYTES:
            return [request]
    except InvalidArgument as error:
        if len(params) == 1:
            return [error]
    return [request for one in params for request in encoded(method, one)]


class Batch:
    """A batch under construction. A request that cannot be sent keeps its place."""

    __slots__ = ("_errors", "_texts", "changes", "ids", "size")

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.changes: _protocol.Changes = {}
        self.size = 0
        """Bytes of its requests."""
        self._texts: list[bytes] = []
        self._errors: list[DstokError | None] = []

    def __len__(self) -> int:
        return len(self._errors)

    def add(self, request: _Encoded) -> None:
        """Add what `encoded` returned."""
        if isinstance(request, InvalidArgument):
            self._errors.append(request)
            return
        ids = request.ids if isinstance(request.ids, list) else [request.ids]
        self._errors.extend([None] * len(ids))
        self._texts.append(request.text)
        self.ids.extend(ids)
        if request.changes:
            self.changes.update(request.changes)
        self.size += len(request.text)

    def has_room_for(self, request: _Encoded) -> bool:
        """Tell whether it should go in the same line: one that is very long goes alone, because a
        line that is over a limit fails as a whole."""
        alone = isinstance(request, _protocol.Request) and len(request.text) >= MOST_BYTES
        return not (alone and self._errors)

    def full(self, most: int) -> bool:
        """Tell whether it should be sent before more is added."""
        return len(self._errors) >= most or self.size >= MOST_BYTES

    def line(self) -> bytes:
        """Return the line."""
        return b"[%s]\n" % b",".join(self._texts)

    def results(self, answer: Any) -> list[Any]:
        """Return a result or an exception for each request, given the response to the line."""
        if isinstance(answer, dict):  # an error of the line as a whole
            return self.all_failed(_protocol.outcome(answer))
        if len(answer) == len(self._errors):
            # `outcome` tells results from errors too, but takes as long as to decode them.
            return [one["result"] if "result" in one else _protocol.outcome(one) for one in answer]
        answered = iter(answer)
        return [error or _protocol.outcome(next(answered)) for error in self._errors]

    def all_failed(self, error: DstokError) -> list[Any]:
        """Return the outcomes if `error` is all there is."""
        return [own or error for own in self._errors]


class Window:
    """The limits on how much of `map` is in progress."""

    def __init__(self, requests: int) -> None:
        """Raises InvalidArgument unless `requests` is an int and at least 1."""
        is_right = isinstance(requests, int) and requests >= 1
        InvalidArgument.unless(is_right, "window", "must be an int, at least 1")
        # So that several lines are under way: one is made and one read while one is answered.
        self._limit = max(1, min(MOST_REQUESTS, requests // 4))
        self.most = min(_FIRST_REQUESTS, self._limit)
        """The most requests in a line, for now."""
        self._requests = requests
        self._lines = requests // self._limit
        self._bytes = WINDOW_BYTES

    def open(self) -> bool:
        """Tell whether another line may be sent."""
        return self._lines > 0 and self._requests >= self.most and self._bytes > 0

    def take(self, batch: Batch) -> None:
        """Note that a line was sent."""
        self._lines -= 1
        self._requests -= len(batch)
        self._bytes -= batch.size

    def give_back(self, batch: Batch, answer_size: int) -> None:
        """Note that a line was answered, in `answer_size` bytes, and adapt the next ones."""
        self._lines += 1
        self._requests += len(batch)
        self._bytes += batch.size
        if answer_size > MOST_BYTES:
            self.most = max(1, self.most // 2)
        elif answer_size < MOST_BYTES // 4:
            self.most = min(self._limit, self.most * 2)
