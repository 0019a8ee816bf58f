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


class Process(JsonChild):
    """A Python process with the newest Datasette and the client."""

    def __init__(self, dstok):
        python = environments.python(environments.NEWEST)
        command = [python, "-I", processes.HERE / "bench_client.py", environments.REPOSITORY / "python", dstok]
        super().__init__(command, min(os.sched_getaffinity(0)))
        # The client and its sidecar may run on different cores.
        os.sched_setaffinity(self.process.pid, os.sched_getaffinity(0))

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
