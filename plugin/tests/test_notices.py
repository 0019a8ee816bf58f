"""Events: when there is one, and how they are sent."""

import asyncio

import pytest

from datasette_dstok import notices
from datasette_dstok.events import OldSecretUsedEvent, TokensRefusedEvent
from datasette_dstok.notices import HOUR, MINUTE, Notices


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return Notices(clock)


def use(queue, actor="ann", kind="tokens", fingerprint="f" * 22):
    queue.old_secret_used("old secret 1", fingerprint, kind, actor)


def test_once_an_hour_for_a_secret_and_actor(queue, clock):
    use(queue)
    use(queue, kind="cookies")
    use(queue, actor="bob")
    use(queue, fingerprint="g" * 22)
    use(queue, None, "dsatok")
    use(queue, None, "dsatok")
    use(queue, None, "export")
    (first, *others) = queue.take()
    assert isinstance(first, OldSecretUsedEvent)
    assert first.actor == {"id": "ann"}
    assert first.properties() == {
        "secret": "old secret 1",
        "fingerprint": "f" * 8,
        "kind": "tokens",
    }
    assert len(others) == 4
    clock.now += HOUR - 1
    use(queue)
    assert queue.take() == []
    clock.now += 1
    use(queue)
    assert len(queue.take()) == 1


def test_a_clock_that_is_set_back_ends_no_events(queue, clock):
    use(queue)
    clock.now -= 10 * HOUR
    use(queue)
    assert len(queue.take()) == 2


def test_memory_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(notices, "MOST", 3)
    queue = Notices(clock)
    for _ in range(2):
        for number in range(10):
            use(queue, str(number))
        assert len(queue.take()) == 3
        assert len(queue._told) == 3
        clock.now += HOUR
    for number in range(10):
        use(queue, str(number))
        clock.now += HOUR
    assert len(queue.take()) == 3, "nor without a task that takes them"


def test_refused_tokens_once_a_minute(queue, clock):
    assert queue.take() == []
    queue.token_refused()
    queue.token_refused()
    (event,) = queue.take()
    assert isinstance(event, TokensRefusedEvent)
    assert (event.count, event.actor) == (2, None)
    for _ in range(5):
        queue.token_refused()
        clock.now += MINUTE / 5 - 1
        assert queue.take() == []
    clock.now += 5
    assert [event.count for event in queue.take()] == [5]
    clock.now += MINUTE
    assert queue.take() == []


class Tracker:
    """Stands in for a Datasette whose plugins track events."""

    def __init__(self, track):
        self.track_event = track


def test_a_plugin_that_fails_is_logged_once(queue, caplog):
    tracked = []

    async def track(event):
        tracked.append(event)
        raise ValueError("no")

    for actor in ("ann", "bob"):
        use(queue, actor)
    asyncio.run(queue.send(Tracker(track)))
    assert len(tracked) == 2
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_plugin_that_hangs_does_not_keep_datasette(queue, caplog, monkeypatch):
    async def track(event):
        await asyncio.Event().wait()

    monkeypatch.setattr(notices, "LAST_PATIENCE", 0.01)
    use(queue)
    asyncio.run(queue.close(Tracker(track)))
    assert "could not be tracked in time" in caplog.text
