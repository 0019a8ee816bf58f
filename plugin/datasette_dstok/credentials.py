"""The credentials of one request, and whether an old secret signed them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Credentials:
    """The values that were unsigned during a request.

    `old_secrets` are the fingerprints of the old secrets that its session or token goes back to,
    in order. `sessions` has the payloads of cookies that an old secret signed, with its number,
    by their text. `counted` has what counts as used already: the namespace and the text
    without its signature. `answered` says that the request is over: a task that it started still
    sees what is held against it, but adds nothing.
    """

    old_secrets: dict[str, None] = field(default_factory=dict)
    sessions: dict[str, tuple[int, Any]] = field(default_factory=dict)
    counted: set[tuple[str, str]] = field(default_factory=set)
    answered: bool = False


_current: ContextVar[Credentials | None] = ContextVar("datasette_dstok_credentials", default=None)


def current() -> Credentials | None:
    """Return the credentials of the current request, or None outside of requests."""
    found = _current.get()
    return None if found is None or found.answered else found


def old_secrets() -> list[str]:
    """Return the fingerprints of the old secrets that the request goes back to.

    In a task that outlives its request, they are those of that request.
    """
    found = _current.get()
    return [] if found is None else list(found.old_secrets)


@contextmanager
def of_request() -> Iterator[Credentials]:
    """Record the credentials of one request.

    A request that Datasette makes to itself while it answers another inherits what is held
    against the outer one.
    """
    inner = Credentials(old_secrets=dict.fromkeys(old_secrets()))
    token = _current.set(inner)
    try:
        yield inner
    finally:
        inner.answered = True
        _current.reset(token)
