"""What one request was let in with: did an old secret have a part in it?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Credentials:
    """What was unsigned during a request.

    `from_old_secret` says that a session or a token of it goes back to a secret that is not the
    current one. `sessions` has the payloads of cookies that an old secret signed, with its
    number, by their text. `counted` has what counts as used already: the namespace and the text
    without its signature. `answered` says that the request is over: a task that it started still
    sees what is held against it, but adds nothing.
    """

    from_old_secret: bool = False
    sessions: dict[str, tuple[int, Any]] = field(default_factory=dict)
    counted: set[tuple[str, str]] = field(default_factory=set)
    answered: bool = False


_current: ContextVar[Credentials | None] = ContextVar("datasette_dstok_credentials", default=None)


def current() -> Credentials | None:
    """Return those of the request that is being answered; None outside of requests."""
    found = _current.get()
    return None if found is None or found.answered else found


def from_old_secret() -> bool:
    """Tell whether the request, or the one that started this task, goes back to an old secret."""
    found = _current.get()
    return found is not None and found.from_old_secret


@contextmanager
def of_request() -> Iterator[Credentials]:
    """Note down the credentials of one request.

    A request that Datasette makes to itself while it answers another inherits what is held
    against the outer one.
    """
    inner = Credentials(from_old_secret=from_old_secret())
    token = _current.set(inner)
    try:
        yield inner
    finally:
        inner.answered = True
        _current.reset(token)
