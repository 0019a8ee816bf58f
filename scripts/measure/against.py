"""Two dstok binaries on the same requests, in pairs."""

import statistics
from dataclasses import dataclass
from pathlib import Path

from measure import instructions, payloads
from measure.throughput import Spread, dstok_seconds
from oracle import processes

# A short run suffices: many pairs hide more of the machine's noise than long runs.
SHARE = 6


@dataclass(frozen=True)
class Row:
    """One row of the table: calls per CPU second, instructions per call, and new over old of both."""

    payload: str
    method: str
    spacing: str
    new: float
    old: float
    ratio: Spread
    new_instructions: float | None
    old_instructions: float | None
    """None without valgrind."""


def rows(new, old, core, pairs, folder, calls):
    """Yield a Row for each call and spacing. Raises ProcessFailure."""
    counted = instructions.available()
    path = Path(folder) / "requests"
    for call in calls:
        count = call.payload.dstok_count // SHARE
        for spacing in payloads.SPACINGS:
            payloads.write_requests(path, call, count, spacing)
            rates = {new: [], old: []}
            for pair in range(pairs):
                # Each binary goes first in every other pair.
                for binary in (new, old)[:: -1 if pair % 2 else 1]:
                    rates[binary].append(count / dstok_seconds(binary, core, path))
            yield Row(
                call.payload.name,
                call.method,
                spacing.name,
                statistics.median(rates[new]),
                statistics.median(rates[old]),
                Spread.of(rates[new], rates[old]),
                *(instructions.per_call([new, old], folder, call, spacing) if counted else (None, None)),
            )


def check_same_answers(new, old, calls):
    """Raise ProcessFailure unless both binaries give the same answer to each call."""
    requests = [call.text_params() for call in calls]
    options = ["--now", "1700000000"]
    answers = [processes.ask_dstok(binary, options, requests, secret=payloads.SECRET) for binary in (new, old)]
    for call, ours, theirs in zip(calls, *answers, strict=True):
        if "result" not in ours or ours != theirs:
            raise processes.ProcessFailure(
                f"{call.method}, {call.payload.name}: the two binaries differ; nothing was measured"
            )
