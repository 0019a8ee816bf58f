"""What is counted, and what is kept of it, with a clock that the tests set."""

import asyncio
import logging
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from datasette.utils import baseconv

from datasette_dstok import counting, credentials, store, usage
from datasette_dstok.counting import Counter
from datasette_dstok.secrets import Secret, Secrets
from datasette_dstok.store import Store
from datasette_dstok.usage import Usage

HOURS, DAY = 6 * 3_600, 86_400
START = 1_800_000_000.0

CURRENT, OLD, OLDER = Secret("the current one"), Secret("an old one"), Secret("an older one")


class Clock:
    """A clock, for both wall time and monotonic time."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    # Days pass in a few steps here.
    monkeypatch.setattr(usage, "STOPPED", HOURS)
    return Clock()


@pytest.fixture
def internal(tmp_path):
    """The file of an internal database."""
    path = tmp_path / "internal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table catalog_databases (name)")
        connection.commit()
    return path


class Process:
    """One process of Datasette, with its own Usage."""

    def __init__(self, clock, internal=None, secrets=(CURRENT, OLD), days=14):
        current, *old = secrets
        self.clock = clock
        self.usage = Usage(Secrets(current, tuple(old)), days, clock, clock)
        if internal:
            self.usage._store = Store(str(internal), clock)

    def token(self, number=1, actor="ann", signed="token.signature"):
        """Use a token that secret `number` has signed."""
        self.usage.seen("token", number, {"a": actor, "t": int(self.clock.now)}, signed)

    def flush(self):
        asyncio.run(self.usage.flush())

    def run(self, seconds, step=10):
        """Let time pass, with a flush every few seconds."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now = min(self.clock.now + step, end)
            self.flush()

    def report(self):
        return asyncio.run(self.usage.report(None))

    def secret(self, number=1):
        return self.report().secrets[number]

    def uses(self, number=1):
        """Return {kind: (requests, actors)} of what was used."""
        uses = self.secret(number).uses
        return {use.kind: (use.requests, use.actors) for use in uses if use.requests}

    def verdict(self, number=1):
        verdict = self.secret(number).verdict
        return verdict.level, verdict.text


def rows(internal, query):
    with closing(sqlite3.connect(internal)) as connection:
        return connection.execute(query).fetchall()


def test_kinds_are_cookies_tokens_and_namespaces(clock, internal):
    for process in (Process(clock), Process(clock, internal)):
        see = process.usage.seen
        see("actor", 1, {"a": {"id": "ann"}}, "a.a")
        see("actor", 1, {"a": {"id": "bob"}}, "b.b")
        see("actor", 1, {"a": {"name": "no id"}}, "c.c")
        process.token(actor="ann")
        see("dsatok", 1, {"any": "thing"}, "d.d")
        see("tokens", 1, None, "e.e")
        assert process.uses() == {
            "cookies": (3, 2),
            "tokens": (1, 1),
            "dsatok": (1, None),
            "namespace tokens": (1, None),
        }
        assert [use.kind for use in process.secret(0).uses] == ["cookies", "tokens"]
        assert process.uses(0) == {}


@pytest.mark.parametrize(
    ("payload", "live"),
    [
        ({"a": "ann", "t": START}, False),
        ({"a": "ann"}, False),
        ({"t": int(START)}, False),
        ([], False),
        (None, False),
        ({"a": "ann", "t": int(START)}, True),
        ({"a": "ann", "t": int(START) - 100}, True),
        ({"a": "ann", "t": int(START) - 101}, False),
        ({"a": "ann", "t": int(START) - 60, "d": 60}, True),
        ({"a": "ann", "t": int(START) - 61, "d": 60}, False),
        ({"a": "ann", "t": int(START) - 101, "d": 200}, False),
        ({"a": "ann", "t": int(START), "d": "60"}, False),
        ({"a": "ann", "t": int(START) + DAY, "d": 60}, True),
    ],
)
def test_tokens_that_datasette_refuses_are_no_use(clock, payload, live):
    process = Process(clock)
    process.usage._max_ttl = 100
    process.usage.seen("token", 1, payload, "x.y")
    assert bool(process.uses()) == live


def test_tokens_without_a_longest_lifetime(clock):
    process = Process(clock)
    process.usage.seen("token", 1, {"a": "ann", "t": 1}, "x.y")
    process.usage.seen("token", 1, {"a": "ann", "t": 1, "d": 60}, "x.z")
    assert process.uses() == {"tokens": (1, 1)}


def test_expired_cookies_are_no_use(clock):
    process = Process(clock)
    for expires in (time.time() - 5, time.time() + 1_000):
        payload = {"a": {"id": "ann"}, "e": baseconv.base62.encode(int(expires))}
        process.usage.seen("actor", 1, payload, "x.y")
    assert process.uses() == {"cookies": (1, 1)}


def test_what_a_request_unsigns_twice_counts_once(clock):
    process = Process(clock)
    for _ in range(2):
        with credentials.of_request():
            for signed in ("one.signature", "one.signature==", "two.signature"):
                process.token(signed=signed)
            process.usage.seen("other", 1, None, "one.signature")
    assert process.uses() == {"tokens": (4, 1), "other": (2, None)}
    process.token()
    process.token()
    assert process.uses()["tokens"] == (6, 1)


def test_a_task_that_outlives_its_request_counts_each_time(clock):
    """A task that a plugin starts in a request inherits the request's context."""

    async def work(credentials_of_request):
        process.token()
        await answered.wait()
        for _ in range(2):
            process.token()
        assert len(credentials_of_request.counted) == 1, "nothing grows as long as the task runs"

    async def request():
        with credentials.of_request() as found:
            process.token()
            task = asyncio.create_task(work(found))
            await asyncio.sleep(0)
        answered.set()
        await task

    process, answered = Process(clock), asyncio.Event()
    asyncio.run(request())
    assert process.uses() == {"tokens": (3, 1)}


def test_counting_never_raises(clock, caplog):
    process = Process(clock)
    process.usage.seen("actor", 7, {"a": {"id": "ann"}}, "x.y")
    process.usage.seen("token", 1, {"a": object(), "t": 1}, "x.y")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert process.uses() == {}


def test_actors_are_text_that_can_be_shown(clock, internal):
    process = Process(clock, internal)
    for actor, shown in [
        (5, "5"),
        (None, None),
        ({"x": 1}, '{"x": 1}'),
        ("a\nb\x1b\ud800", "a\ufffdb\ufffd\ufffd"),
        ("x" * 200, "x" * 100),
    ]:
        clock.now += 1
        process.token(actor=actor)
        (use,) = (use for use in process.secret().uses if use.kind == "tokens")
        assert use.last_actor == shown
    assert use.actors == 4


def test_actors_are_counted_up_to_a_limit(clock, internal, monkeypatch):
    for module in (counting, store, usage):
        monkeypatch.setattr(module, "MOST_ACTORS", 3)
    for process in (Process(clock), Process(clock, internal)):
        for number in range(5):
            process.token(actor=str(number % 3))
            use = process.secret().uses[1]
            assert (use.actors, use.more_actors) == (min(number + 1, 3), number >= 2)
        process.token(actor="one more")
        process.flush()
        process.token(actor="and another")
        use = process.secret().uses[1]
        assert (use.requests, use.actors, use.more_actors) == (7, 3, True)
        assert use.last_actor == "and another"


def test_namespaces_are_counted_up_to_a_limit(clock, internal, monkeypatch):
    monkeypatch.setattr(counting, "MOST_KINDS", 3)
    for process in (Process(clock), Process(clock, internal)):
        for number in range(5):
            process.usage.seen(f"space {number}", 1, None, "x.y")
            process.flush()
        assert process.uses() == {
            **{f"space {number}": (1, None) for number in range(3)},
            counting.OTHERS: (2, None),
        }


def test_without_a_file_there_is_no_verdict(clock):
    process = Process(clock)
    process.token()
    clock.now += 100
    report = process.report()
    assert (report.scope, report.since) == ("this process", START)
    names = [(secret.name, secret.fingerprint) for secret in report.secrets]
    assert names == [
        ("the current secret", CURRENT.fingerprint[:8]),
        ("old secret 1", OLD.fingerprint[:8]),
    ]
    for secret in report.secrets:
        assert (secret.verdict, secret.observed_since, secret.unused) == (None, None, None)


def test_processes_add_up_and_restarts_keep(clock, internal):
    processes = [Process(clock, internal) for _ in range(4)]
    for number, process in enumerate(processes):
        for _ in range(number + 1):
            clock.now += 1
            process.token(actor="ann" if number % 2 else "bob")
        process.token(0, actor=f"user {number}")
        process.flush()
    expected = {"tokens": (10, 2)}
    for process in (*processes, Process(clock, internal)):
        assert process.uses() == expected
        assert process.uses(0) == {"tokens": (4, 4)}
        assert process.report().scope == "all processes"
        use = process.secret().uses[1]
        assert (use.last_seen, use.last_actor) == (clock.now, "ann")


def test_nobody_else_writes_between_reading_and_writing(clock, internal, monkeypatch):
    def add(*args, add=store.add):
        other = sqlite3.connect(internal, timeout=0)
        with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("begin immediate")
        add(*args)
        added.append(args)

    added = []
    Process(clock, internal).flush()  # makes the tables
    monkeypatch.setattr(store, "add", add)
    process = Process(clock, internal)
    process.token()
    process.flush()
    assert len(added) == 1


def test_the_latest_use_wins_whoever_writes_last(clock, internal):
    first, second = Process(clock, internal), Process(clock, internal)
    first.token(actor="ann")
    clock.now += 5
    second.token(actor="bob")
    second.flush()
    first.flush()
    use = first.secret().uses[1]
    assert (use.last_seen, use.last_actor) == (START + 5, "bob")


def test_verdict_on_a_used_secret(clock, internal):
    process = Process(clock, internal)
    process.flush()
    process.token()
    assert process.verdict() == ("keep", "Last used now by ann. Keep it.")
    clock.now += 6
    assert process.verdict() == ("keep", "Last used 6 seconds ago by ann. Keep it.")
    clock.now += 1
    process.usage.seen("dsatok", 1, None, "x.y")
    clock.now += 3_600
    assert process.verdict() == ("keep", "Last used 1 hour ago. Keep it.")
    assert process.secret(0).verdict is None


def test_verdict_on_an_unused_secret(clock, internal):
    process = Process(clock, internal)
    assert process.verdict() == (
        "watch",
        "Not used in 0 seconds of observation. Wait until it has been unused for 14 days.",
    )
    process.run(3 * DAY, step=HOURS)
    assert process.verdict() == (
        "watch",
        "Not used in 3 days of observation. Wait until it has been unused for 14 days.",
    )
    process.run(11 * DAY - 60, step=HOURS)
    assert process.verdict()[0] == "watch"
    process.run(60)
    safe = "safe", "Not used for 14 days (observed for 14 days): safe to remove."
    assert process.verdict() == safe
    process.token()
    assert process.verdict()[0] == "keep", "before it is written down, too"
    process.run(14 * DAY, step=HOURS)
    assert process.verdict() == safe


def test_a_use_that_cannot_be_written_counts_for_the_verdict(clock, internal):
    process = Process(clock, internal, days=1)
    process.flush()
    process.run(DAY, step=HOURS)
    assert process.verdict()[0] == "safe"
    internal.unlink()
    process.token()
    assert process.verdict() == ("keep", "Last used now by ann. Keep it.")


def test_nothing_is_safe_while_processes_cannot_share_what_they_see(clock, internal):
    one, other = Process(clock, internal, days=1), Process(clock, internal, days=1)
    one.flush()
    one.run(DAY, step=HOURS)
    assert one.verdict()[0] == "safe"
    kept = internal.rename(internal.with_name("kept.db"))
    other.token()
    other.flush()
    assert one.verdict() == (
        "watch",
        "The internal database cannot be written to now, so this page may lack uses that other "
        "processes have seen. See Datasette's log.",
    )
    kept.rename(internal)
    other.flush()
    assert one.verdict()[0] == "keep"


def test_the_span_of_the_verdict_can_be_set(clock, internal):
    process = Process(clock, internal, days=1)
    process.flush()
    assert process.verdict()[1].endswith("unused for 1 day.")
    process.run(DAY, step=HOURS)
    assert process.verdict()[1].startswith("Not used for 1 day (observed for 1 day)")


def test_time_without_a_process_is_not_observed(clock, internal):
    process = Process(clock, internal)
    process.token()
    process.flush()
    process.run(3 * DAY, step=HOURS)
    clock.now += 20 * DAY
    process = Process(clock, internal)
    used = "Last used 23 days ago by ann, but watched as an old secret for only 3 days since"
    process.run(60)
    assert process.verdict() == ("keep", f"{used}. Keep it.")
    process.run(11 * DAY, step=HOURS)
    expected = "Not used for 34 days (observed for 14 days): safe to remove."
    assert process.verdict() == ("safe", expected)


def test_time_for_which_a_process_was_stopped_is_not_observed(clock, internal):
    process = Process(clock, internal)
    process.flush()
    clock.now += 14 * DAY
    process.flush()
    assert process.secret().unused == 0
    process.run(100)
    assert process.secret().unused == 100


def test_a_span_counts_once_however_many_processes_observe(clock, internal):
    processes = [Process(clock, internal) for _ in range(4)]
    for process in processes:
        process.flush()
    for _ in range(10):
        for process in processes:
            clock.now += 2
            process.flush()
    assert processes[0].secret().unused == 80


def test_a_clock_that_is_set_back_does_not_end_observation(clock, internal):
    process = Process(clock, internal)
    process.usage._monotonic = lambda: clock.now + shift
    shift = 0
    process.run(100)
    clock.now -= 1_000
    shift = 1_000
    process.run(100)
    assert process.secret().unused == 190


def test_a_last_use_does_not_lie_ahead(clock, internal):
    """The clock was set back after it."""
    process = Process(clock, internal)
    process.token()
    process.flush()
    clock.now -= 3_600
    assert process.verdict() == ("keep", "Last used now by ann. Keep it.")
    assert process.secret().uses[1].last_seen == clock.now


def test_observation_begins_when_the_secret_is_known(clock, internal):
    process = Process(clock, internal)
    process.run(3 * DAY, step=HOURS)
    process = Process(clock, internal, (CURRENT, OLD, OLDER))
    process.run(DAY, step=HOURS)
    _, old, older = process.report().secrets
    assert (older.observed_since, older.unused) == (old.observed_since + 3 * DAY, DAY - HOURS)
    assert old.unused == older.unused + 3 * DAY


def test_rows_of_removed_secrets_stay_for_30_days(clock, internal):
    process = Process(clock, internal)
    process.token()
    process.flush()
    for secrets in ((CURRENT, OLDER), (CURRENT,)):
        process = Process(clock, internal, secrets)
        clock.now += 14 * DAY
        removed = process.report().secrets[len(secrets) :]
        assert [(one.name, one.fingerprint, one.verdict) for one in removed][-1] == (
            "a removed secret",
            OLD.fingerprint[:8],
            None,
        )
        assert removed[-1].uses[1].requests == 1
    clock.now += 2 * DAY + 1
    removed = process.report().secrets[1:]
    assert [one.fingerprint for one in removed] == [OLDER.fingerprint[:8]]
    for table in ("usage", "usage_actors"):
        assert rows(internal, f"select * from datasette_dstok_{table}") == []


def test_removed_secrets_are_few(clock, internal, monkeypatch):
    monkeypatch.setattr(store, "MOST_REMOVED", 3)
    for number in range(10):
        clock.now += 1
        Process(clock, internal, (Secret(f"made up {number}"), OLD)).flush()
    removed = Process(clock, internal).report().secrets[2:]
    latest = [Secret(f"made up {number}").fingerprint[:8] for number in (9, 8, 7)]
    assert [one.fingerprint for one in removed] == latest


def test_a_secret_that_becomes_old_keeps_its_counts(clock, internal):
    process = Process(clock, internal, (OLD, OLDER))
    process.token(0)
    process.flush()
    clock.now += 60
    process = Process(clock, internal)
    assert process.uses() == {"tokens": (1, 1)}
    assert process.verdict() == ("keep", "Last used 1 minute ago by ann. Keep it.")


def test_a_secret_that_still_signs_is_in_use(clock, internal):
    """What it signed a moment ago may come tomorrow."""
    process = Process(clock, internal, (OLD, OLDER), days=1)
    process.token(0)
    process.run(2 * DAY, step=HOURS)
    assert process.secret(0).unused == 0
    assert process.verdict(1)[0] == "safe"
    process = Process(clock, internal, (CURRENT, OLD), days=1)
    process.flush()
    used = "Last used 2 days ago by ann, but watched as an old secret for only 0 seconds since"
    assert process.verdict() == ("keep", f"{used}. Keep it.")


def test_another_process_that_still_signs_with_a_secret_counts(clock, internal):
    new = Process(clock, internal, (CURRENT, OLD), days=1)
    behind = Process(clock, internal, (OLD, CURRENT), days=1)
    for _ in range(2 * 24):
        new.run(3_600, step=3_600)
        behind.flush()
    assert new.verdict()[0] == "watch"
    new.run(DAY, step=HOURS)
    assert new.verdict()[0] == "safe"


def test_a_secret_that_signs_again_is_in_use(clock, internal):
    process = Process(clock, internal, days=1)
    process.run(2 * DAY, step=HOURS)
    assert process.verdict()[0] == "safe"
    Process(clock, internal, (OLD,)).flush()
    process = Process(clock, internal, days=1)
    process.flush()
    assert process.verdict()[0] == "watch"


def test_without_old_secrets_no_tables_are_made(clock, internal):
    process = Process(clock, internal, (CURRENT,))
    process.flush()
    assert process.report().secrets[0].uses[0].requests == 0
    assert rows(internal, "select name from sqlite_master") == [("catalog_databases",)]


@pytest.mark.parametrize("trouble", ["locked", "gone", "broken"])
def test_what_cannot_be_written_is_kept(clock, internal, caplog, monkeypatch, trouble):
    monkeypatch.setattr(store, "PATIENCE", 0.01)
    process = Process(clock, internal)
    process.usage._store.write = lambda *args, write=process.usage._store.write: write(*args, 0.01)
    process.token(actor="ann")
    process.flush()
    with closing(sqlite3.connect(internal, isolation_level=None)) as other:
        kept = internal.with_name("kept.db")
        if trouble == "locked":
            other.execute("begin exclusive")
        else:
            internal.rename(kept)
            if trouble == "broken":
                internal.write_bytes(b"no database" * 1_000)
        for actor in ("ann", "bob"):
            process.token(actor=actor)
            process.run(60)
        # What is in memory counts meanwhile.
        assert process.uses()["tokens"][0] == 3
        assert process.verdict()[0] == "keep"
    if trouble != "locked":
        kept.rename(internal)
    process.run(10)
    assert process.uses() == {"tokens": (3, 2)}
    assert rows(internal, "select requests, actors from datasette_dstok_usage") == [(3, 2)]
    warnings = [one.getMessage() for one in caplog.records if "cannot be written" in one.message]
    assert len(warnings) == 1, "one warning, not one for each flush"
    # The process watched all the time.
    process.run(100)
    assert process.secret().unused == 100


@pytest.mark.parametrize("trouble", [None, sqlite3.OperationalError("disk full"), RuntimeError()])
def test_a_flush_that_is_cancelled_loses_nothing(clock, internal, trouble):
    """As where a server gives up a request for the page, or Datasette shuts down."""
    process = Process(clock, internal)
    began, may_end = threading.Event(), threading.Event()
    write = process.usage._store.write

    def slow(*args, **more):
        began.set()
        assert may_end.wait(60)
        if trouble:
            raise trouble
        return write(*args, **more)

    async def cancelled():
        task = asyncio.create_task(process.usage.flush())
        await asyncio.to_thread(began.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_end.set()

    process.usage._store.write = slow
    process.token()
    asyncio.run(cancelled())  # waits for the thread at its end
    process.usage._store.write = write
    assert process.uses() == {"tokens": (1, 1)}


def test_memory_is_bounded_while_nothing_can_be_written(clock, internal, monkeypatch):
    monkeypatch.setattr(counting, "MOST_ACTORS", 3)
    internal.unlink()
    process = Process(clock, internal)
    for number in range(20):
        process.token(actor=str(number))
        process.flush()
    (counter,) = process.usage._pending.values()
    assert (counter.requests, len(counter.actors)) == (20, 3)


def test_a_line_in_the_log_once_a_day(clock, internal, caplog):
    def logged():
        lines = [one.getMessage() for one in caplog.records if "still in use" in one.getMessage()]
        caplog.clear()
        return lines

    one, other = Process(clock, internal), Process(clock, internal)
    one.run(20)
    assert logged() == []
    one.token()
    one.run(6, step=6)
    line = "datasette-dstok: old secret 1 is still in use: last used 6 seconds ago by ann"
    assert logged() == [line]
    for _ in range(20):
        one.token(0)
        other.token()
        other.flush()
        one.run(3_600, step=600)
    assert logged() == [], "neither by another process, nor for the current secret"
    other = Process(clock, internal)
    other.run(5 * 3_600, step=600)
    assert len(logged()) == 1
    other.run(3 * DAY, step=600)
    assert logged() == [], "not used since"


def test_a_line_in_the_log_without_a_file(clock, caplog):
    caplog.set_level(logging.WARNING)
    process = Process(clock)
    process.token()
    for _ in range(2):
        process.usage._log_use(process.usage._due())
    clock.now += DAY
    process.usage._log_use(process.usage._due())
    process.token()
    process.usage._log_use(process.usage._due())
    assert [one.getMessage() for one in caplog.records] == [
        "datasette-dstok: old secret 1 is still in use: last used now by ann"
    ] * 2


def test_tables_hold_no_secret_and_no_signed_text(clock, internal):
    process = Process(clock, internal)
    process.token(signed="hidden payload.hidden signature")
    process.usage.seen("actor", 1, {"a": {"id": "ann"}}, "hidden cookie.x")
    process.flush()
    content = internal.read_bytes()
    assert b"ann" in content
    for hidden in (b"hidden", CURRENT.value.encode(), OLD.value.encode()):
        assert hidden not in content


def test_counters_merge_in_any_order():
    early, late = Counter(2, 5.0, "ann", {"ann"}), Counter(3, 7.0, "bob", {"bob"})
    for first, second in ((early, late), (late, early)):
        merged = Counter()
        merged.merge(first)
        merged.merge(second)
        assert merged == Counter(5, 7.0, "bob", {"ann", "bob"})
