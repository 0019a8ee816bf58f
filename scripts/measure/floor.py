"""The floor: a program that reads the same lines, computes one HMAC for each, and writes as many bytes.

With zlib, it also compresses or decompresses the payload.
"""

import json
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measure.children import piped_seconds
from measure.payloads import write_requests
from measure.throughput import Spread, json_of, payload_of, start_dstok
from oracle import processes


@dataclass(frozen=True)
class Row:
    """One row of the table: calls per CPU second, dstok's as a share of both floors, and the latter over Datasette's."""

    payload: str
    method: str
    dstok: float
    floor: float
    share: Spread
    with_zlib: float
    share_with_zlib: Spread
    over_datasette: Spread


def rows(arguments, core, datasette, folder, calls):
    """Yield a Row for each call, after interleaved pairs of runs. Raises ProcessFailure."""
    program = processes.cargo_build("--example", "floor") / "examples" / "floor"
    path = Path(folder) / "requests"
    for call in calls:
        count = call.payload.dstok_count
        write_requests(path, call, count)
        answers = _answers(arguments.dstok, path)
        token = call.token or json.loads(answers[0])["result"]
        # The signature covers everything but the prefix and itself.
        signed = len(token.removeprefix("dstok_").rpartition(".")[0])
        command = [program, signed, sum(map(len, answers)) // count]
        ours, floor, with_zlib, theirs = [], [], [], []
        for _ in range(arguments.pairs):
            ours.append(count / piped_seconds([arguments.dstok, "serve", "--threads", "1"], core, path))
            floor.append(count / piped_seconds(command, core, path))
            with_zlib.append(count / piped_seconds(command + _zlib_arguments(call, token, folder), core, path))
            theirs.append(call.payload.datasette_count / datasette.seconds(call))
        yield Row(
            call.payload.name,
            call.method,
            statistics.median(ours),
            statistics.median(floor),
            Spread.of(ours, floor),
            statistics.median(with_zlib),
            Spread.of(ours, with_zlib),
            Spread.of(with_zlib, theirs),
        )


def _zlib_arguments(call, token, folder):
    """Return the arguments for what zlib does in a call: it tries to compress each new payload."""
    payload, is_compressed = payload_of(token)
    path = Path(folder) / "payload"
    if call.method == "create_token":
        path.write_bytes(json_of(token))
        return ["compress", path]
    path.write_bytes(payload)
    return ["decompress", path] if is_compressed else []


def _answers(dstok, path):
    """Return dstok's answers to the requests in a file: bytes, one item per line, newline included."""
    with open(path, "rb") as requests, start_dstok(dstok, 1, requests, subprocess.PIPE) as process:
        answers = process.stdout.readlines()
    if process.returncode:
        raise processes.ProcessFailure(f"dstok: exit code {process.returncode}")
    return answers
