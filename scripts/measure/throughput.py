"""How many calls a second: `dstok serve` over a file of requests, Datasette in its own process."""

import json
import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from measure.children import JsonChild, cpu_seconds
from measure.payloads import SECRET, by_size, write_requests
from oracle import environments, processes


@dataclass(frozen=True)
class Spread:
    """The median of several ratios, with the least and the greatest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, ratios):
        """Return the spread of a list of numbers."""
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self):
        digits = 2 if self.median < 2 else 1 if self.median < 1000 else 0
        return f"{self.median:.{digits}f} [{self.least:.{digits}f}-{self.greatest:.{digits}f}]"


@dataclass(frozen=True)
class Row:
    """One line of the table: calls a second of CPU time, and their ratio."""

    payload: str
    method: str
    ours: float
    theirs: float
    ratio: Spread
    two_cores: Spread
    peak: int
    """KiB of resident memory."""


def rows(arguments, core, datasette, folder, calls):
    """Yield a Row for each pair (payload, call), after interleaved pairs of runs."""
    path = Path(folder) / "requests"
    for payload, call in calls:
        write_requests(path, call, payload.dstok_count)
        ours, theirs, two_cores = [], [], []
        for _ in range(arguments.pairs):
            ours.append(payload.dstok_count / dstok_seconds(arguments.dstok, core, path))
            theirs.append(payload.datasette_count / datasette.seconds(payload, call))
            two_cores.append(wall_seconds(arguments.dstok, 1, path) / wall_seconds(arguments.dstok, 2, path))
        yield Row(
            payload.name,
            call["method"],
            statistics.median(ours),
            statistics.median(theirs),
            Spread.of([our / their for our, their in zip(ours, theirs)]),
            Spread.of(two_cores),
            peak_memory(arguments.dstok, path),
        )


def sizes(arguments, core, datasette, folder):
    """Yield (bytes of JSON, our tokens a second, theirs) for larger and larger payloads."""
    path = Path(folder) / "requests"
    for payload in by_size(4000):
        call = payload.create()
        write_requests(path, call, payload.dstok_count)
        ours, theirs = [], []
        for _ in range(3):
            ours.append(payload.dstok_count / dstok_seconds(arguments.dstok, core, path))
            theirs.append(payload.datasette_count / datasette.seconds(payload, call))
        yield json_length(payload), statistics.median(ours), statistics.median(theirs)


def json_length(payload):
    """Return the bytes of JSON that a token of `payload` carries."""
    payload_json = {"a": payload.actor_id, "t": 1700000000}
    if payload.restrictions:
        tables = payload.restrictions["resource"]["database"]
        payload_json["_r"] = {"r": {"database": {name: ["vt"] for name in tables}}}
    return len(json.dumps(payload_json, separators=(",", ":")))


def start_dstok(dstok, threads, requests, stdout):
    """Start `dstok serve` on an open file of requests."""
    return subprocess.Popen(
        [str(dstok), "serve", "--threads", str(threads)],
        stdin=requests,
        stdout=stdout,
        env=environments.clean_environ(DATASETTE_SECRET=SECRET),
    )


def dstok_seconds(dstok, core, path):
    """Return the CPU seconds of one run over the requests on one core, start-up included."""
    with open(path, "rb") as requests:
        process = start_dstok(dstok, 1, requests, subprocess.DEVNULL)
        os.sched_setaffinity(process.pid, {core})
        return cpu_seconds(process)


def wall_seconds(dstok, threads, path):
    """Return the seconds from start to end of one run over the requests."""
    begin = time.perf_counter()
    with open(path, "rb") as requests:
        code = start_dstok(dstok, threads, requests, subprocess.DEVNULL).wait()
    if code:
        raise processes.ProcessFailure(f"dstok: exit code {code}")
    return time.perf_counter() - begin


def peak_memory(dstok, path):
    """Return dstok's peak resident memory in KiB with two threads, from a run of its own."""
    with open(path, "rb") as requests:
        return peak_memory_of(start_dstok(dstok, 2, requests, subprocess.PIPE))


def peak_memory_of(process):
    """Return the peak resident memory in KiB of a process whose stdout is a pipe to us.

    ru_maxrss will not do: Linux carries the parent's value over an exec. What
    comes through the pipe shows that the process is alive while we look.
    """
    peak = 0
    with process:
        while process.stdout.read(1 << 17):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            # A process that has ended has no VmHWM line.
            peak = max([peak, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))])
    return peak


class Datasette(JsonChild):
    """The newest Datasette in its environment, ready to be timed again and again."""

    def __init__(self, core):
        python = environments.python(environments.NEWEST)
        super().__init__([python, "-I", processes.HERE / "bench_datasette.py"], core)

    def seconds(self, payload, call):
        """Return the CPU seconds of one run of a call for `payload`, by its own clock."""
        return self.ask({
            "actor_id": payload.actor_id,
            "expires_after": payload.expires_after,
            "restrictions": payload.restrictions,
            "token": json.loads(call["params"])[0] if call["method"] == "verify_token" else None,
            "count": payload.datasette_count,
        })
