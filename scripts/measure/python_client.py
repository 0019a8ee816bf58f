"""The Python client beside Datasette called directly, both in one process, by elapsed time."""

import os
import statistics
from dataclasses import dataclass

from measure.children import JsonChild
from measure.throughput import Spread
from oracle import environments, processes


@dataclass(frozen=True)
class Throughput:
    """Calls per second, and the client's rates over Datasette's."""

    payload: str
    method: str
    datasette: float
    map: float
    map_ratio: Spread
    gather: float
    gather_ratio: Spread


@dataclass(frozen=True)
class RoundTrip:
    """Seconds per call: the median, and the 99th percentile. The ratios are those of the medians."""

    payload: str
    method: str
    datasette: tuple
    sync: tuple
    sync_ratio: Spread
    async_: tuple
    async_ratio: Spread


@dataclass(frozen=True)
class OverRaw:
    """Seconds: the medians of a call and of writing its line and reading its answer, and how much longer the call is."""

    payload: str
    method: str
    raw: float
    sync: float
    over: tuple
    """The median of the rounds, the least and the most."""


class Process(JsonChild):
    """A Python process with the newest Datasette and the client."""

    def __init__(self, dstok, pinned=False):
        """With `pinned` it stays on one core, and its sidecars on another. Else all may run on any."""
        python = environments.python(environments.NEWEST)
        cores = sorted(os.sched_getaffinity(0))
        command = [python, "-I", processes.HERE / "bench_client.py", environments.REPOSITORY / "python", dstok]
        super().__init__(command + [cores[-1]] * pinned, cores[0])
        if not pinned:
            os.sched_setaffinity(self.process.pid, cores)

    def run(self, way, call):
        """Return the times of one run of a call in one way, with its number of calls per second."""
        count = _count(way, call.payload)
        run = self.ask({"way": way, **call.python_arguments(), "count": count})
        return {**run, "rate": count / run["seconds"]}


def _count(way, payload):
    """Return the number of calls in one run."""
    if way == "map":
        return payload.dstok_count // 6
    # `gather` runs 1,000 calls at a time, so the count is a multiple of 1,000.
    return min(4_000, payload.datasette_count)


def rows(dstok, pairs, calls):
    """Return the rows of both tables, after interleaved runs. Raises ProcessFailure."""
    throughput, round_trips = [], []
    with Process(dstok) as process:
        for call in calls:
            runs = {way: [] for way in ("datasette", "map", "gather", "sync", "async")}
            for round_ in range(pairs + 1):
                for way, found in runs.items():
                    run = process.run(way, call)
                    if round_:  # the first round warms up
                        found.append(run)
            throughput.append(_throughput(call, runs))
            round_trips.append(_round_trip(call, runs))
    return throughput, round_trips


def over_raw(dstok, rounds, calls):
    """Return an OverRaw for each call. Raises ProcessFailure."""
    with Process(dstok, pinned=True) as process:
        return [_over_raw(process, rounds, call) for call in calls]


def _over_raw(process, rounds, call):
    medians = {way: [] for way in ("raw", "sync")}
    for round_ in range(rounds + 1):
        for way, found in medians.items():
            run = process.run(way, call)
            if round_:  # the first round warms up
                found.append(run["median"])
    over = sorted(sync - raw for raw, sync in zip(*medians.values(), strict=True))
    raw, sync = (statistics.median(found) for found in medians.values())
    return OverRaw(call.payload.name, call.method, raw, sync, (statistics.median(over), over[0], over[-1]))


def _throughput(call, runs):
    rates = {way: [run["rate"] for run in runs[way]] for way in runs}

    def ratio(way):
        return Spread.of(rates[way], rates["datasette"])

    datasette, map_, gather = (statistics.median(rates[way]) for way in ("datasette", "map", "gather"))
    return Throughput(call.payload.name, call.method, datasette, map_, ratio("map"), gather, ratio("gather"))


def _round_trip(call, runs):
    def times(way):
        return tuple(statistics.median(run[name] for run in runs[way]) for name in ("median", "rare"))

    def ratio(way):
        return Spread.of(*([run["median"] for run in runs[each]] for each in (way, "datasette")))

    return RoundTrip(
        call.payload.name, call.method, times("datasette"), times("sync"), ratio("sync"), times("async"), ratio("async")
    )
