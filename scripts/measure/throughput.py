"""Calls per second: `dstok serve` on a file of requests, Datasette in a process of its own."""

import base64
import os
import statistics
import subprocess
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from measure.children import JsonChild, cpu_seconds
from measure.payloads import COMPACT, SECRET, SPACINGS, by_size, write_requests
from oracle import environments, processes


@dataclass(frozen=True)
class Spread:
    """The median of several ratios, with the minimum and the maximum."""

    median: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, numerators, denominators):
        """Return the spread of the ratios of two lists, pair by pair."""
        ratios = [above / below for above, below in zip(numerators, denominators, strict=True)]
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self):
        digits = 2 if self.median < 2 else 1 if self.median < 1000 else 0
        return f"{self.median:.{digits}f} [{self.minimum:.{digits}f}-{self.maximum:.{digits}f}]"


@dataclass(frozen=True)
class Row:
    """One row of the table: calls per CPU second, and their ratios."""

    payload: str
    method: str
    spacing: str
    dstok: float
    datasette: float
    ratio: Spread
    to_compact: Spread | None
    """The rate beside that of compact requests; None for these."""
    two_cores: Spread
    peak: int
    """KiB of resident memory."""


def rows(arguments, core, datasette, folder, calls):
    """Yield a Row for each call and spacing.

    Datasette and both spacings take turns, so that the same load on the machine slows all of them.
    """
    paths = {spacing: Path(folder) / spacing.name for spacing in SPACINGS}
    for call in calls:
        count, theirs = call.payload.dstok_count, []
        ours, two_cores = ({spacing: [] for spacing in SPACINGS} for _ in range(2))
        for spacing, path in paths.items():
            write_requests(path, call, count, spacing)
        for _ in range(arguments.pairs):
            theirs.append(call.payload.datasette_count / datasette.seconds(call))
            for spacing, path in paths.items():
                ours[spacing].append(count / dstok_seconds(arguments.dstok, core, path))
                two_cores[spacing].append([wall_seconds(arguments.dstok, threads, path) for threads in (1, 2)])
        for spacing, path in paths.items():
            yield Row(
                call.payload.name,
                call.method,
                spacing.name,
                statistics.median(ours[spacing]),
                statistics.median(theirs),
                Spread.of(ours[spacing], theirs),
                None if spacing is COMPACT else Spread.of(ours[spacing], ours[COMPACT]),
                Spread.of(*zip(*two_cores[spacing])),
                peak_memory(arguments.dstok, path),
            )


@dataclass(frozen=True)
class Size:
    """One row of the table by size: the bytes of JSON, and of each method the rates and their ratio."""

    length: int
    create: tuple[float, float, Spread]
    """dstok's rate, Datasette's, and the ratio of `create_token`."""
    verify: tuple[float, float, Spread]
    """The same of `verify_token`."""


def sizes(arguments, core, datasette, folder):
    """Yield a Size for larger and larger payloads. Raises ProcessFailure."""
    path = Path(folder) / "requests"
    for payload in by_size():
        verify = payload.verify(arguments.dstok)
        found = []
        for call in (payload.create(), verify):
            write_requests(path, call, payload.dstok_count)
            ours, theirs = [], []
            for _ in range(arguments.pairs):
                ours.append(payload.dstok_count / dstok_seconds(arguments.dstok, core, path))
                theirs.append(payload.datasette_count / datasette.seconds(call))
            found.append((statistics.median(ours), statistics.median(theirs), Spread.of(ours, theirs)))
        yield Size(len(json_of(verify.token)), *found)


def payload_of(token):
    """Return a token's payload as bytes, and whether it is compressed."""
    text, _, _ = token.removeprefix("dstok_").rpartition(".")
    payload = text.removeprefix(".")
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), payload != text


def json_of(token):
    """Return the JSON of a token, as bytes."""
    payload, is_compressed = payload_of(token)
    return zlib.decompress(payload) if is_compressed else payload


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
    """Return the elapsed seconds of one run over the requests. Raises ProcessFailure."""
    begin = time.perf_counter()
    with open(path, "rb") as requests:
        code = start_dstok(dstok, threads, requests, subprocess.DEVNULL).wait()
    if code:
        raise processes.ProcessFailure(f"dstok: exit code {code}")
    return time.perf_counter() - begin


def peak_memory(dstok, path):
    """Return dstok's peak resident memory in KiB with two threads, from a separate run."""
    with open(path, "rb") as requests:
        return peak_memory_of(start_dstok(dstok, 2, requests, subprocess.PIPE))


def peak_memory_of(process):
    """Return the peak resident memory in KiB of a process whose stdout is a pipe to us.

    ru_maxrss does not work here: Linux keeps the parent's value across an exec. We look after
    each read from the pipe, while the process is still running.
    """
    peak = 0
    with process:
        while process.stdout.read(1 << 17):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            # An exited process has no VmHWM line.
            peak = max([peak, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))])
    return peak


class Datasette(JsonChild):
    """The newest Datasette in its environment, pinned to one core and ready to be timed."""

    def __init__(self, core):
        python = environments.python(environments.NEWEST)
        super().__init__([python, "-I", processes.HERE / "bench_datasette.py"], core)

    def seconds(self, call):
        """Return the CPU seconds of one run, measured by the process itself."""
        return self.ask({**call.python_arguments(), "count": call.payload.datasette_count})
