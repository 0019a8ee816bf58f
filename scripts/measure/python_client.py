"""The Python client beside Datasette called directly, both in one process, by the clock."""

import json
import os
import statistics
from dataclasses import dataclass

from measure.children import JsonChild
from measure.throughput import Spread
from oracle import environments, processes

# Calls in a run of `map`, for each of the payloads, and in all other runs.
OF_MAP = (100_000, 50_000, 5_000)
OF_OTHERS = (4_000, 4_000, 2_000)


@dataclass(frozen=True)
class Throughput:
    """Calls a second, and how they compare with Datasette's."""

    payload: str
    method: str
    datasette: float
    map: float
    map_ratio: Spread
    gather: float
    gather_ratio: Spread


@dataclass(frozen=True)
class RoundTrip:
    """Seconds that a single call takes: the median of the runs, and what one in a hundred exceeds."""

    payload: str
    method: str
    datasette: tuple
    sync: tuple
    sync_ratio: Spread
    async_: tuple
    async_ratio: Spread


class Process(JsonChild):
    """Python with the newest Datasette and the client."""

    def __init__(self, dstok):
        python = environments.python(environments.NEWEST)
        command = [python, "-I", processes.HERE / "bench_client.py", environments.REPOSITORY / "python", dstok]
        super().__init__(command, min(os.sched_getaffinity(0)))
        # A client and its sidecar are meant for several cores.
        os.sched_setaffinity(self.process.pid, os.sched_getaffinity(0))

    def run(self, way, payload, call, count):
        """Return what so many calls in one way took."""
        return self.ask({
            "way": way,
            "actor_id": payload.actor_id,
            "expires_after": payload.expires_after,
            "restrictions": payload.restrictions,
            "token": json.loads(call["params"])[0] if call["method"] == "verify_token" else None,
            "count": count,
        })


def rows(dstok, pairs, calls):
    """Return the rows of both tables, after runs in turns. Raises ProcessFailure."""
    throughput, round_trips = [], []
    with Process(dstok) as process:
        for number, (payload, call) in enumerate(calls):
            place = number % len(OF_MAP)
            runs = {way: [] for way in ("datasette", "map", "gather", "sync", "async")}
            for round_ in range(pairs + 1):
                for way, found in runs.items():
                    count = OF_MAP[place] if way == "map" else OF_OTHERS[place]
                    run = process.run(way, payload, call, count)
                    if round_:  # the first warms up
                        found.append({**run, "rate": count / run["seconds"]})
            throughput.append(_throughput(payload, call, runs))
            round_trips.append(_round_trip(payload, call, runs))
    return throughput, round_trips


def _throughput(payload, call, runs):
    def rate(way):
        return statistics.median(run["rate"] for run in runs[way])

    def ratio(way):
        return Spread.of([ours["rate"] / theirs["rate"] for ours, theirs in zip(runs[way], runs["datasette"])])

    return Throughput(
        payload.name, call["method"], rate("datasette"), rate("map"), ratio("map"), rate("gather"), ratio("gather")
    )


def _round_trip(payload, call, runs):
    def times(way):
        return tuple(statistics.median(run[name] for run in runs[way]) for name in ("median", "rare"))

    def ratio(way):
        return Spread.of([ours["median"] / theirs["median"] for ours, theirs in zip(runs[way], runs["datasette"])])

    return RoundTrip(
        payload.name, call["method"], times("datasette"), times("sync"), ratio("sync"), times("async"), ratio("async")
    )
