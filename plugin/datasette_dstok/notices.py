"""Events about secrets, kept until a task can send them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from datasette.events import Event

from .events import OldSecretUsedEvent, TokensRefusedEvent

if TYPE_CHECKING:
    from datasette.app import Datasette

logger = logging.getLogger("datasette_dstok")

# Seconds between two events of the same kind.
HOUR, MINUTE = 3_600.0, 60.0

# Seconds between two looks for events to send.
INTERVAL = 1.0

# Seconds that plugins get for the last events when Datasette shuts down.
LAST_PATIENCE = 2.0

# Secrets and actors for which is remembered when an event was sent. There are no events of more
# in an hour. As many wait at most, if a plugin hangs.
MOST = 10_000


class Notices:
    """The events to send. Recording one never waits, because plugins may be slow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._events: deque[Event] = deque(maxlen=MOST)
        self._told: dict[tuple[str, str | None], float] = {}
        self._refused = 0
        self._refused_told: float | None = None
        self._failed = False

    def old_secret_used(self, name: str, fingerprint: str, kind: str, actor: str | None) -> None:
        """Record that an old secret was used, once an hour for each secret and actor."""
        now = self._clock()
        # The oldest come first.
        while self._told and is_over(next(iter(self._told.values())), HOUR, now):
            del self._told[next(iter(self._told))]
        # Without a known actor, use the namespace as the key.
        key = fingerprint, f"actor {actor}" if actor is not None else f"namespace {kind}"
        if key in self._told or len(self._told) >= MOST:
            return
        self._told[key] = now
        who = None if actor is None else {"id": actor}
        self._events.append(OldSecretUsedEvent(who, name, fingerprint[:8], kind))

    def token_refused(self) -> None:
        """Count a token that no secret has signed."""
        self._refused += 1

    def take(self) -> list[Event]:
        """Return the events to send now, and forget them."""
        events = [self._events.popleft() for _ in range(len(self._events))]
        now = self._clock()
        if self._refused and is_over(self._refused_told, MINUTE, now):
            events.append(TokensRefusedEvent(None, self._refused))
            self._refused, self._refused_told = 0, now
        return events

    async def keep(self, datasette: Datasette) -> None:
        """Send events periodically."""
        while True:
            await asyncio.sleep(INTERVAL)
            await self.send(datasette)

    async def send(self, datasette: Datasette) -> None:
        """Send the events that are due. A plugin that fails does not stop it."""
        for event in self.take():
            try:
                await datasette.track_event(event)
            except Exception:
                if not self._failed:
                    self._failed = True
                    logger.exception("datasette-dstok: a plugin failed to track an event")

    async def close(self, datasette: Datasette) -> None:
        """Send the last events, for a limited time."""
        try:
            await asyncio.wait_for(self.send(datasette), LAST_PATIENCE)
        except asyncio.TimeoutError:
            logger.warning("datasette-dstok: the last events could not be tracked in time")


def is_over(last: float | None, seconds: float, now: float) -> bool:
    """Return whether enough time has passed since the last time, if there was one.

    If the clock was set back, the last time lies ahead and says nothing.
    """
    return last is None or not 0 <= now - last < seconds
