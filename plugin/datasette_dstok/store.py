"""The counts in Datasette's internal database, which all processes share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

# The SQLite that Datasette uses. Two SQLite libraries in one process would undo each other's
# locks on a file.
from datasette.utils.sqlite import sqlite3

from .counting import MOST_ACTORS, Count, Counter, Key, bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datasette.app import Datasette

# Seconds for which the rows of a secret stay that no process knows any longer.
KEPT = 30 * 86_400

# Secrets that no process knows any longer of which rows are kept. Datasette makes up a secret at
# each start if it is given none.
MOST_REMOVED = 100

DAY = 86_400

# Seconds to wait for a lock that somebody else holds.
PATIENCE = 0.5

TABLES = """
create table if not exists datasette_dstok_secrets (
    fingerprint text primary key,
    observed_since real not null,  -- Unix seconds
    last_observed real not null,  -- Unix seconds
    unused real not null,  -- seconds observed since the last use
    last_logged real  -- Unix seconds: when the log last said that it is in use
);
create table if not exists datasette_dstok_usage (
    fingerprint text,
    kind text,  -- cookies, tokens, or the namespace of a plugin
    requests integer not null,
    last_seen real,  -- Unix seconds
    last_actor text,
    actors integer not null default 0,
    primary key (fingerprint, kind)
);
create table if not exists datasette_dstok_usage_actors (
    fingerprint text,
    kind text,
    actor text,
    primary key (fingerprint, kind, actor)
) without rowid;
"""


@dataclass(frozen=True)
class Observed:
    """For how long a secret is observed.

    `since` and `last` are in Unix seconds. `unused` are the seconds in which a process would have
    seen a use, since the last one, and since the secret was last the current one of a process.
    """

    since: float
    last: float
    unused: float


@dataclass(frozen=True)
class Stored:
    """What is in the database. `in_use` are the secrets of which the log should say so now."""

    secrets: Mapping[str, Observed] = field(default_factory=dict)
    counts: Mapping[Key, Count] = field(default_factory=dict)
    in_use: tuple[str, ...] = ()


def store_of(datasette: Datasette) -> Store | None:
    """Return the Store of a Datasette; None without --internal.

    The internal database is a temporary file of the process then, gone when that ends.
    """
    internal = datasette.get_internal_database()
    return None if internal.is_temp_disk or not internal.path else Store(str(internal.path))


def is_due(last_seen: float | None, last_logged: float | None, now: float) -> bool:
    """Tell whether the log should say that a secret is in use: it was, and at most once a day."""
    if last_seen is None:
        return False
    if last_logged is None:
        return True
    return last_seen > last_logged and not 0 <= now - last_logged < DAY


class Store:
    """The tables. Its methods block, and raise sqlite3.Error, for example if they are locked.

    It opens the file each time, and does without Datasette's thread for writing: while it waits
    for a lock, no write of a request has to stand behind it.
    """

    def __init__(self, path: str, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock

    def write(
        self,
        batch: Mapping[Key, Counter],
        known: Iterable[str],
        old: Iterable[str],
        watched: float,
        patience: float = PATIENCE,
    ) -> Stored:
        """Add the counts of a process, and return everything in the database.

        `known` are the fingerprints of the secrets it accepts, `old` those that are not current.
        The current one is in use, since it signs.
        `watched` are the seconds, up to now, in which it has counted what `batch` holds.
        `patience` are the seconds to wait for a lock.
        """
        known, old = tuple(known), tuple(old)
        with self._transaction(patience) as connection:
            for statement in TABLES.split(";\n"):
                connection.execute(statement)
            now = self._clock()
            for (fingerprint, kind), counter in batch.items():
                add(connection, fingerprint, kind, counter)
            used = {fingerprint for fingerprint, _ in batch} | set(known).difference(old)
            for fingerprint in known:
                observe(connection, fingerprint, fingerprint in used, watched, now)
            forget(connection, known, now)
            in_use = tuple(one for one in old if log_use(connection, one, now))
            return read(connection, in_use)

    def tidy(self, current: str, patience: float = PATIENCE) -> Stored:
        """Forget removed secrets, and return everything in the database. Makes no tables.

        To be called by a process with no other secret than the current one. It may sign for
        months with a secret that was an old one before.
        """
        with self._transaction(patience) as connection:
            query = "select 1 from sqlite_master where name = 'datasette_dstok_usage_actors'"
            if not connection.execute(query).fetchone():
                return Stored()
            connection.execute(
                "update datasette_dstok_secrets set unused = 0 where fingerprint = ?", [current]
            )
            forget(connection, (current,), self._clock())
            return read(connection)

    @contextmanager
    def _transaction(self, patience: float) -> Iterator[sqlite3.Connection]:
        """Open the file as Datasette does, and commit at the end, or roll back on an error."""
        uri = f"file:{self._path}?mode=rw"
        with closing(
            sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)
        ) as connection:
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")


def add(connection: sqlite3.Connection, fingerprint: str, kind: str, counter: Counter) -> None:
    """Add a Counter to the row of its Key."""
    query = "select kind from datasette_dstok_usage where fingerprint = ?"
    kind = bounded(kind, {one for (one,) in connection.execute(query, [fingerprint])})
    connection.execute(
        """
        insert into datasette_dstok_usage (fingerprint, kind, requests, last_seen, last_actor)
        values (?, ?, ?, ?, ?)
        on conflict (fingerprint, kind) do update set
            requests = requests + excluded.requests,
            last_actor = case
                when excluded.last_seen >= ifnull(last_seen, 0) then excluded.last_actor
                else last_actor
            end,
            last_seen = max(excluded.last_seen, ifnull(last_seen, 0))
        """,
        [fingerprint, kind, counter.requests, counter.last_seen, counter.last_actor],
    )
    if counter.actors:
        add_actors(connection, fingerprint, kind, counter.actors)


def add_actors(
    connection: sqlite3.Connection, fingerprint: str, kind: str, actors: Iterable[str]
) -> None:
    """Record the actors that used a secret, up to MOST_ACTORS, and their number."""
    query = "select actors from datasette_dstok_usage where fingerprint = ? and kind = ?"
    (count,) = connection.execute(query, [fingerprint, kind]).fetchone()
    for actor in actors:
        if count >= MOST_ACTORS:
            break
        count += connection.execute(
            "insert or ignore into datasette_dstok_usage_actors values (?, ?, ?)",
            [fingerprint, kind, actor],
        ).rowcount
    connection.execute(
        "update datasette_dstok_usage set actors = ? where fingerprint = ? and kind = ?",
        [count, fingerprint, kind],
    )


def observe(
    connection: sqlite3.Connection, fingerprint: str, used: bool, watched: float, now: float
) -> None:
    """Count for how long a secret is observed, and unused.

    Processes observe together: a span counts once, however many of them ran, and not at all if
    none did. If the clock was set back, the last time lies ahead and says nothing.
    """
    query = "select last_observed, unused from datasette_dstok_secrets where fingerprint = ?"
    last, unused = connection.execute(query, [fingerprint]).fetchone() or (now, 0.0)
    more = min(watched, now - last) if last <= now else watched
    connection.execute(
        """
        insert into datasette_dstok_secrets (fingerprint, observed_since, last_observed, unused)
        values (?, ?, ?, ?)
        on conflict (fingerprint) do update set
            last_observed = excluded.last_observed, unused = excluded.unused
        """,
        [fingerprint, now, now, 0.0 if used else unused + more],
    )


def forget(connection: sqlite3.Connection, known: tuple[str, ...], now: float) -> None:
    """Delete the rows of secrets that no process has known for long, and of the oldest of many."""
    marks = ", ".join("?" * len(known))
    forgotten = connection.execute(
        f"""
        delete from datasette_dstok_secrets where fingerprint not in ({marks}) and (
            last_observed < ? or fingerprint not in (
                select fingerprint from datasette_dstok_secrets
                where fingerprint not in ({marks}) order by last_observed desc limit ?
            )
        )
        """,
        [*known, now - KEPT, *known, MOST_REMOVED],
    ).rowcount
    if forgotten:
        for table in ("datasette_dstok_usage", "datasette_dstok_usage_actors"):
            connection.execute(
                f"delete from {table} where fingerprint not in "
                "(select fingerprint from datasette_dstok_secrets)"
            )


def log_use(connection: sqlite3.Connection, fingerprint: str, now: float) -> bool:
    """Tell whether the log should say now that a secret is in use, and remember that it does."""
    query = "select max(last_seen) from datasette_dstok_usage where fingerprint = ?"
    (last_seen,) = connection.execute(query, [fingerprint]).fetchone()
    query = "select last_logged from datasette_dstok_secrets where fingerprint = ?"
    (last_logged,) = connection.execute(query, [fingerprint]).fetchone()
    due = is_due(last_seen, last_logged, now)
    if due:
        connection.execute(
            "update datasette_dstok_secrets set last_logged = ? where fingerprint = ?",
            [now, fingerprint],
        )
    return due


def read(connection: sqlite3.Connection, in_use: tuple[str, ...] = ()) -> Stored:
    """Return everything in the database."""
    secrets = connection.execute(
        "select fingerprint, observed_since, last_observed, unused from datasette_dstok_secrets"
    )
    counts = connection.execute(
        "select fingerprint, kind, requests, last_seen, last_actor, actors "
        "from datasette_dstok_usage"
    )
    return Stored(
        {fingerprint: Observed(*row) for fingerprint, *row in secrets},
        {(fingerprint, kind): Count(*row) for fingerprint, kind, *row in counts},
        in_use,
    )
