"""Counters of requests, actors and the last use, per secret and kind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

COOKIES, TOKENS = "cookies", "tokens"

# Where namespaces beyond MOST_KINDS are counted.
OTHERS = "other namespaces"

# Kinds that are told apart for a secret. A plugin may sign in a namespace of each of its users.
MOST_KINDS = 100

# Actors that are told apart for each secret and kind.
MOST_ACTORS = 10_000

# The fingerprint of a secret, and a kind.
Key = tuple[str, str]


def bounded(kind: str, kinds: Collection[str]) -> str:
    """Return the kind to count: OTHERS for a new one if there are already many `kinds`."""
    return kind if kind in kinds or len(kinds) < MOST_KINDS else OTHERS


@dataclass
class Counter:
    """The counts of one process under a Key, since it last wrote them down.

    `last_seen` is in Unix seconds. `actors` holds at most MOST_ACTORS.
    """

    requests: int = 0
    last_seen: float | None = None
    last_actor: str | None = None
    actors: set[str] = field(default_factory=set)

    def add(self, now: float, actor: str | None) -> None:
        """Count one use; `actor` is None if it has none."""
        self.merge(Counter(1, now, actor, {actor} if actor is not None else set()))

    def merge(self, other: Counter) -> None:
        """Add the counts of another one."""
        self.requests += other.requests
        if other.last_seen is not None and (self.last_seen or 0) <= other.last_seen:
            self.last_seen, self.last_actor = other.last_seen, other.last_actor
        for actor in other.actors:
            if len(self.actors) >= MOST_ACTORS:
                break
            self.actors.add(actor)


@dataclass(frozen=True)
class Count:
    """The counts of all processes under a Key. `actors` is their number, up to MOST_ACTORS."""

    requests: int = 0
    last_seen: float | None = None
    last_actor: str | None = None
    actors: int = 0

    def plus(self, more: Counter) -> Count:
        """Return a Count with the counts that one process has not written down yet.

        Its actors may be counted already, so there may be more than the result says.
        """
        newer = more.last_seen is not None and (self.last_seen or 0) <= more.last_seen
        return Count(
            self.requests + more.requests,
            more.last_seen if newer else self.last_seen,
            more.last_actor if newer else self.last_actor,
            max(self.actors, len(more.actors)),
        )

    def until(self, now: float) -> Count:
        """Return the same without a last use in the future: the clock may have been set back."""
        return self if self.last_seen is None else replace(self, last_seen=min(self.last_seen, now))
