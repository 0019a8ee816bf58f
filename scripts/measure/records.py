"""`dstok create-tokens` over a CSV, beside `dstok serve` over the same calls."""

import csv
import json
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from measure.payloads import PAYLOADS, SECRET
from measure.throughput import Spread, peak_memory_of
from oracle import environments, processes

# Records in a file: for each of PAYLOADS.
COUNTS = (1_000_000, 500_000, 50_000)


@dataclass(frozen=True)
class Row:
    """Tokens a second of CSV and of requests, by the clock, and the ratio of the two."""

    payload: str
    records: int
    of_csv: float
    of_requests: float
    ratio: Spread
    peak: int
    """KiB of resident memory."""


def rows(dstok, pairs, folder):
    """Yield a Row for each payload, after interleaved pairs of runs. Raises ProcessFailure."""
    table, requests = Path(folder) / "records.csv", Path(folder) / "requests"
    for payload, count in zip(PAYLOADS, COUNTS):
        write(payload, count, table, requests)
        of_csv, of_requests = [], []
        for _ in range(pairs):
            of_csv.append(count / seconds([dstok, "create-tokens", table]))
            of_requests.append(count / seconds([dstok, "serve"], requests))
        yield Row(
            payload.name, count, statistics.median(of_csv), statistics.median(of_requests),
            Spread.of([ours / theirs for ours, theirs in zip(of_csv, of_requests)]),
            peak_memory_of(start([dstok, "create-tokens", table], subprocess.DEVNULL, subprocess.PIPE)),
        )


def write(payload, count, table, requests):
    """Write the same calls as a CSV and as requests, each for an actor of its own."""
    params = json.loads(payload.create()["params"])
    columns = list(params)
    with open(table, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        cells = [value if isinstance(value, (str, int)) else json.dumps(value) for value in params.values()]
        for number in range(count):
            writer.writerow([f"{cells[0]}{number}", *cells[1:]])
    with open(requests, "w") as file:
        for number in range(count):
            call = params | {"actor_id": f"{params['actor_id']}{number}"}
            request = {"jsonrpc": "2.0", "id": number, "method": "create_token", "params": call}
            file.write(json.dumps(request, separators=(",", ":")) + "\n")


def start(command, stdin, stdout):
    """Start a process that knows the secret."""
    return subprocess.Popen(
        [str(word) for word in command], stdin=stdin, stdout=stdout,
        env=environments.clean_environ(DATASETTE_SECRET=SECRET),
    )


def seconds(command, path=None):
    """Return the seconds from start to end of a run, the output thrown away. Raises ProcessFailure."""
    begin = time.perf_counter()
    with open(path or "/dev/null", "rb") as stdin:
        code = start(command, stdin, subprocess.DEVNULL).wait()
    if code:
        raise processes.ProcessFailure(f"{command[0]} {command[1]}: exit code {code}")
    return time.perf_counter() - begin
