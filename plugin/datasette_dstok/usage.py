"""Statistics on how often each secret is used."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from datasette.utils.sqlite import sqlite3

from . import counting, credentials, verdicts
from .counting import COOKIES, MOST_ACTORS, TOKENS, Count, Counter, Key
from .explain import secret_name
from .notices import Notices
from .payloads import SESSIONS, is_live
from .payloads import TOKENS as TOKENS_NAMESPACE
from .store import Observed, Store, Stored, is_due, store_of
from .times import away
from .verdicts import Verdict

if TYPE_CHECKING:
    from datasette.app import Datasette

    from .secrets import Secrets

logger = logging.getLogger("datasette_dstok")

# Seconds between two writes to the internal database.
INTERVAL = 10.0

# Seconds for which the last write, when Datasette shuts down, waits for a lock.
LAST_PATIENCE = 3.0

# Seconds after which a process that should have woken up long ago was stopped: it saw nothing.
STOPPED = 60.0

# Characters of an actor's id, or of a namespace.
LONGEST = 100

KINDS = {SESSIONS: COOKIES, TOKENS_NAMESPACE: TOKENS}


@dataclass(frozen=True)
class Use:
    """The usage of one secret: by cookies, tokens, or values of a plugin's namespace.

    `actors` is None where nothing tells the actor; there are more of them if `more_actors`.
    `last_seen` is in Unix seconds.
    """

    kind: str
    requests: int
    actors: int | None
    more_actors: bool
    last_seen: float | None
    last_actor: str | None


@dataclass(frozen=True)
class SecretReport:
    """The usage of a secret: the current one, an old one, or a removed one.

    `fingerprint` is the first 8 characters. `observed_since` is in Unix seconds; `unused` are the
    seconds in which a use would have been seen, since the last one: 0 for a secret that signs.
    Both, and the verdict on an old secret, are None if nothing is kept.
    """

    name: str
    fingerprint: str
    uses: list[Use]
    verdict: Verdict | None
    observed_since: float | None
    unused: float | None


@dataclass(frozen=True)
class Report:
    """The usage of all secrets: the current one, old ones (newest first), removed ones.

    `since` is when it began, in Unix seconds.
    """

    scope: Literal["all processes", "this process"]
    since: float
    secrets: list[SecretReport]


class Usage:
    """Counts what was unsigned, and keeps it in the internal database if that is a file.

    Counting is done in memory. A task writes it down, so that no request waits for that.
    """

    def __init__(
        self,
        secrets: Secrets,
        safe_after_days: int = 14,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accepted = [secret.fingerprint for secret in secrets.accepted]
        self._revoked = [secret.fingerprint[:8] for secret in secrets.revoked]
        self._wrapped = bool(secrets.old or secrets.revoked)
        self._safe_after_days = safe_after_days
        self._clock = clock
        self._monotonic = monotonic
        self._since = clock()
        self._max_ttl = 0
        self._notices = Notices(clock)
        self._store: Store | None = None
        self._stored = Stored()
        self._pending: dict[Key, Counter] = {}
        self._pending_lock = threading.Lock()
        self._writing = asyncio.Lock()
        self._watched = 0.0
        self._woke = monotonic()
        self._logged: dict[str, float] = {}
        self._failure: str | None = None
        self._seen_fails = False

    def start(self, datasette: Datasette) -> None:
        """Start to save the counts. The hook `startup` calls this."""
        self._max_ttl = datasette.setting("max_signed_tokens_ttl")
        self._store = store_of(datasette)
        old = len(self._accepted) - 1
        if old:
            # As warnings, since Datasette shows nothing below that: an old secret is a state to
            # leave.
            logger.warning(
                "datasette-dstok: %d old secret%s accepted", old, "" if old == 1 else "s"
            )
            if self._store is None:
                logger.warning(
                    "datasette-dstok: each process counts their use alone, and loses the counts "
                    "when it ends: start Datasette with --internal FILE to keep them"
                )
        if self._revoked:
            # A mistyped secret would revoke nothing: the page has the same fingerprints.
            logger.warning(
                "datasette-dstok: %d revoked secret%s, with the fingerprint%s %s",
                len(self._revoked),
                *("" if len(self._revoked) == 1 else "s",) * 2,
                ", ".join(self._revoked),
            )
        if self._store:
            # `datasette --get` shuts nothing down.
            atexit.register(self._write_at_exit)
        if old or self._store:
            datasette.add_background_task(self._keep, name="datasette-dstok usage")
        if self._wrapped:
            datasette.add_background_task(self._notices.keep, name="datasette-dstok events")

    async def close(self, datasette: Datasette) -> None:
        """Write the counts down. The hook `shutdown` calls this."""
        await self.flush(LAST_PATIENCE)
        atexit.unregister(self._write_at_exit)
        await self._notices.close(datasette)

    def seen(self, namespace: str, number: int, payload: object, signed: str) -> None:
        """Count what was unsigned by the secret with this number. Never raises, never waits.

        An expired cookie or token is no use of a secret. What is unsigned several times during a
        request counts once.
        """
        try:
            self._see(namespace, number, payload, signed)
        except Exception:
            if not self._seen_fails:
                self._seen_fails = True
                logger.exception("datasette-dstok: the use of a secret could not be counted")

    def refused(self, namespace: str) -> None:
        """Count a value that no secret has signed."""
        if namespace == TOKENS_NAMESPACE:
            self._notices.token_refused()

    async def flush(self, patience: float | None = None) -> None:
        """Write the counts down, and read those of all processes.

        If that fails it stays in memory for the next time. `patience` are the seconds to wait
        for a lock, instead of the usual ones.
        """
        async with self._writing:
            now = self._monotonic()
            slept, self._woke = now - self._woke, now
            self._watched += slept if slept <= STOPPED else 0
            if self._store is not None:
                await asyncio.to_thread(self._write_down, self._store, patience)

    async def report(self, datasette: Datasette) -> Report:
        """Return the usage of all secrets, by all processes if there is a database."""
        await self.flush()
        now = self._clock()
        counts = self._counts()
        stored = self._stored
        removed = sorted(
            stored.secrets.keys() - set(self._accepted),
            key=lambda one: stored.secrets[one].last,
            reverse=True,
        )
        reports = [
            self._report_of(number, fingerprint, counts, now)
            for number, fingerprint in enumerate([*self._accepted, *removed])
        ]
        if self._store is None:
            return Report("this process", self._since, reports)
        since = min((one.since for one in stored.secrets.values()), default=self._since)
        return Report("all processes", since, reports)

    def _see(self, namespace: str, number: int, payload: object, signed: str) -> None:
        now = self._clock()
        if namespace == SESSIONS and not is_live(payload):
            return
        if namespace == TOKENS_NAMESPACE and not token_is_live(payload, self._max_ttl, now):
            return
        # Base64 is lenient, so one signature has many spellings. What was signed has only one.
        once = namespace, signed.rpartition(".")[0]
        request = credentials.current()
        if request is not None:
            if once in request.counted:
                return
            request.counted.add(once)
        kind, actor = kind_of(namespace), actor_of(namespace, payload)
        fingerprint = self._accepted[number]
        with self._pending_lock:
            kinds = [kind for one, kind in self._pending if one == fingerprint]
            key = fingerprint, counting.bounded(kind, kinds)
            self._pending.setdefault(key, Counter()).add(now, actor)
        if number:
            self._notices.old_secret_used(secret_name(number), fingerprint, kind, actor)

    async def _keep(self, datasette: Datasette) -> None:
        """Write the counts down periodically. Without old secrets, tidy up once."""
        while True:
            try:
                await self.flush()
                if self._store is None:
                    self._log_use(self._due())
            except Exception:
                logger.exception("datasette-dstok: the use of secrets could not be saved")
            if len(self._accepted) == 1:
                return
            await asyncio.sleep(INTERVAL)

    def _write_down(self, store: Store, patience: float | None = None) -> None:
        """Write the counts down, and read those of all processes.

        A task that waits for this may be cancelled, and this goes on. So nothing of it is left to
        the task.
        """
        with self._pending_lock:
            batch, self._pending = self._pending, {}
        try:
            stored = self._write(store, batch, {} if patience is None else {"patience": patience})
        except BaseException as error:
            self._put_back(batch)
            if not isinstance(error, sqlite3.Error | OSError):
                raise
            self._fail(str(error))
            return
        self._stored, self._watched, self._failure = stored, 0.0, None
        self._log_use(stored.in_use)

    def _write(self, store: Store, batch: dict[Key, Counter], more: dict[str, float]) -> Stored:
        current, *old = self._accepted
        if not old:
            return store.tidy(current, **more)
        return store.write(batch, self._accepted, old, self._watched, **more)

    def _write_at_exit(self) -> None:
        if self._store and self._pending:
            self._write_down(self._store)

    def _put_back(self, batch: dict[Key, Counter]) -> None:
        """Add counts back that could not be written down."""
        with self._pending_lock:
            for key, counter in self._pending.items():
                batch.setdefault(key, Counter()).merge(counter)
            self._pending = batch

    def _fail(self, why: str) -> None:
        """Warn once that nothing can be written, until it can or the reason changes."""
        if why != self._failure:
            self._failure = why
            logger.warning(
                "datasette-dstok: the use of secrets cannot be written to the internal database, "
                "and stays in memory while Datasette runs: %s",
                why,
            )

    def _counts(self) -> dict[Key, Count]:
        """Return the counts in the database plus those not written down yet."""
        with self._pending_lock:
            counts = dict(self._stored.counts)
            for key, counter in self._pending.items():
                counts[key] = counts.get(key, Count()).plus(counter)
        now = self._clock()
        return {key: count.until(now) for key, count in counts.items()}

    def _report_of(
        self, number: int, fingerprint: str, counts: dict[Key, Count], now: float
    ) -> SecretReport:
        known = number < len(self._accepted)
        kinds = {kind: count for (one, kind), count in counts.items() if one == fingerprint}
        observed = self._stored.secrets.get(fingerprint)
        used = self._is_pending(fingerprint)
        unused = None if observed is None else 0.0 if used else observed.unused
        return SecretReport(
            name=secret_name(number) if known else "a removed secret",
            fingerprint=fingerprint[:8],
            uses=[use(kind, kinds.get(kind, Count())) for kind in in_order(kinds)],
            verdict=self._judge(kinds, observed, unused, now)
            if observed and unused is not None and known and number
            else None,
            observed_since=observed.since if observed else None,
            unused=unused,
        )

    def _judge(
        self, kinds: dict[str, Count], observed: Observed, unused: float, now: float
    ) -> Verdict:
        last = max(kinds.values(), key=lambda count: count.last_seen or 0, default=Count())
        verdict = verdicts.judge(
            now,
            last_seen=last.last_seen,
            last_actor=last.last_actor,
            since=observed.since,
            unused=unused,
            safe_after_days=self._safe_after_days,
        )
        alone = self._failure is not None
        return verdicts.ALONE if alone and verdict.level == "safe" else verdict

    def _is_pending(self, fingerprint: str) -> bool:
        with self._pending_lock:
            return any(one == fingerprint for one, _ in self._pending)

    def _due(self) -> tuple[str, ...]:
        """Return the old secrets of which the log should say now that they are in use."""
        now, due = self._clock(), []
        for fingerprint in self._accepted[1:]:
            if is_due(self._last(fingerprint).last_seen, self._logged.get(fingerprint), now):
                self._logged[fingerprint] = now
                due.append(fingerprint)
        return tuple(due)

    def _log_use(self, fingerprints: tuple[str, ...]) -> None:
        for fingerprint in fingerprints:
            last = self._last(fingerprint)
            logger.warning(
                "datasette-dstok: %s is still in use: last used %s%s",
                secret_name(self._accepted.index(fingerprint)),
                away((last.last_seen or 0) - self._clock()),
                f" by {last.last_actor}" if last.last_actor else "",
            )

    def _last(self, fingerprint: str) -> Count:
        counts = [count for (one, _), count in self._counts().items() if one == fingerprint]
        return max(counts, key=lambda count: count.last_seen or 0, default=Count())


def kind_of(namespace: str) -> str:
    """Return the name under which a namespace is shown."""
    if namespace in KINDS:
        return KINDS[namespace]
    # A plugin's namespace may be called as one of our kinds.
    name = printable(namespace)
    return f"namespace {name}" if name in KINDS.values() else name


def actor_of(namespace: str, payload: Any) -> str | None:
    """Return the id of the actor that the payload of a live cookie or token has, as text."""
    if namespace not in KINDS:
        return None
    actor = payload["a"]
    if namespace == SESSIONS:
        actor = actor.get("id") if isinstance(actor, dict) else None
    if actor is None:
        return None
    return printable(actor if isinstance(actor, str) else json.dumps(actor))


def printable(text: str) -> str:
    """Return the beginning of a text, safe for a log, a database and a page."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text[:LONGEST])


def token_is_live(payload: Any, max_ttl: int, now: float) -> bool:
    """Tell whether Datasette would accept the payload of a token now.

    As `SignedTokenHandler.verify_token` of Datasette 1.0a41 decides. `max_ttl` is the setting
    max_signed_tokens_ttl, in seconds, 0 for none.
    """
    if not isinstance(payload, dict) or "a" not in payload:
        return False
    created, duration = payload.get("t"), payload.get("d")
    if not isinstance(created, int) or not isinstance(duration, int | None):
        return False
    if max_ttl and (duration is None or duration > max_ttl):
        duration = max_ttl
    return not duration or now - created <= duration


def in_order(kinds: dict[str, Count]) -> list[str]:
    """Return the kinds to show: cookies and tokens always, then what else was seen."""
    return [COOKIES, TOKENS, *sorted(kinds.keys() - {COOKIES, TOKENS})]


def use(kind: str, count: Count) -> Use:
    """Return a Count as a Use."""
    actors = count.actors if kind in (COOKIES, TOKENS) else None
    return Use(
        kind=kind,
        requests=count.requests,
        actors=actors,
        more_actors=actors is not None and actors >= MOST_ACTORS,
        last_seen=count.last_seen,
        last_actor=count.last_actor,
    )
