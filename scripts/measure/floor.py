"""The floor: a program that reads the same lines, does one HMAC for each, and writes as much."""

import json
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measure.children import piped_seconds
from measure.payloads import write_requests
from measure.throughput import Spread, start_dstok
from oracle import processes


@dataclass(frozen=True)
class Row:
    """One line of the table: calls a second of CPU time, and the floor's seconds to dstok's."""

    payload: str
    method: str
    ours: float
    floor: float
    share: Spread


def rows(arguments, core, folder, calls):
    """Yield a Row for each pair (payload, call), after interleaved pairs of runs.

    Raises ProcessFailure when a program ends badly.
    """
    program = processes.cargo_build("--example", "floor") / "examples" / "floor"
    path = Path(folder) / "requests"
    for payload, call in calls:
        count = payload.dstok_count
        write_requests(path, call, count)
        answers = _answers(arguments.dstok, path)
        if call["method"] == "create_token":
            token = json.loads(answers[0])["result"]
        else:
            (token,) = json.loads(call["params"])
        # Of a token, all but the prefix and the signature is signed.
        signed = len(token.removeprefix("dstok_").rpartition(".")[0])
        command = [program, signed, sum(map(len, answers)) // count]
        ours, floor = [], []
        for _ in range(arguments.pairs):
            ours.append(count / piped_seconds([arguments.dstok, "serve", "--threads", "1"], core, path))
            floor.append(count / piped_seconds(command, core, path))
        yield Row(
            payload.name,
            call["method"],
            statistics.median(ours),
            statistics.median(floor),
            Spread.of([our / its for our, its in zip(ours, floor)]),
        )


def _answers(dstok, path):
    """Return dstok's answers to the requests in a file, as lines (bytes) with their ends."""
    with open(path, "rb") as requests, start_dstok(dstok, 1, requests, subprocess.PIPE) as process:
        answers = process.stdout.readlines()
    if process.returncode:
        raise processes.ProcessFailure(f"dstok: exit code {process.returncode}")
    return answers
