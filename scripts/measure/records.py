"""`dstok create-tokens` on a CSV file, beside `dstok serve` on the same calls."""

import csv
import json
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from measure.payloads import COMPACT, PAYLOADS, SECRET
from measure.throughput import Spread, peak_memory_of
from oracle import environments, processes


@dataclass(frozen=True)
class Row:
    """Tokens per second from a CSV file and from requests, and their ratio."""

    payload: str
    records: int
    from_csv: float
    from_requests: float
    ratio: Spread
    peak: int
    """KiB of resident memory."""


def rows(dstok, pairs, folder):
    """Yield a Row for each payload, after interleaved pairs of runs. Raises ProcessFailure."""
    table, requests = Path(folder) / "records.csv", Path(folder) / "requests"
    for payload in PAYLOADS:
        count = payload.dstok_count
        write(payload, count, table, requests)
        from_csv, from_requests = [], []
        for _ in range(pairs):
            from_csv.append(count / seconds([dstok, "create-tokens", table]))
            from_requests.append(count / seconds([dstok, "serve"], requests))
        yield Row(
            payload.name, count, statistics.median(from_csv), statistics.median(from_requests),
            Spread.of(from_csv, from_requests),
            peak_memory_of(start([dstok, "create-tokens", table], subprocess.DEVNULL, subprocess.PIPE)),
        )


def write(payload, count, table, requests):
    """Write the same calls as a CSV file and as requests, each for another actor."""
    params = payload.create().params
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
            file.write(COMPACT.dumps(request) + "\n")


def start(command, stdin, stdout):
    """Start a process that has the secret."""
    return subprocess.Popen(
        [str(word) for word in command], stdin=stdin, stdout=stdout,
        env=environments.clean_environ(DATASETTE_SECRET=SECRET),
    )


def seconds(command, path=None):
    """Return the elapsed seconds of a run whose output is discarded. Raises ProcessFailure."""
    begin = time.perf_counter()
    with open(path or "/dev/null", "rb") as stdin:
        code = start(command, stdin, subprocess.DEVNULL).wait()
    if code:
        raise processes.ProcessFailure(f"{command[0]} {command[1]}: exit code {code}")
    return time.perf_counter() - begin
