"""Compares segments of random requests; runs inside an environment's Python.

Arguments: seed, release, dstok's path, then FIRST:COUNT:CASES, the segments to
do and how many cases each has. stdout: JSON lines, one for each segment:
{"segment", "counts": {"label / outcome": n}}, or {"difference": text} as the last.
"""

import collections
import json
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # isolated mode leaves them out

import answers
import driver
import jsonrpc
from oracle.asking import ask_dstok, configure_line
from oracle.random_requests import Requests
from reference import Reference


def main():
    seed, release, dstok, span = sys.argv[1:]
    first, count, cases = map(int, span.split(":"))
    oracle = driver.Oracle()
    for segment in range(first, first + count):
        found, counts = compare_segment(oracle, seed, release, dstok, segment, cases)
        print(json.dumps({"difference": found} if found else {"segment": segment, "counts": counts}), flush=True)
        if found:
            return


def compare_segment(oracle, seed, release, dstok, segment, cases):
    """Return (a difference as text or None, {"label / outcome": how many})."""
    requests = Requests(random.Random(f"{seed}/{release}/{segment}"))
    config = requests.segment()
    sent = [requests.line() for _ in range(cases - 3)] + requests.last_lines()
    by_configure = segment % 2 == 0
    if by_configure:
        sent.insert(0, ("configure", configure_line(config)))
        start = {"secret": None, "old_secrets": [], "now": config["now"]}
    else:
        start = config
    reference = Reference(oracle, start, float(config["now"]))
    connection = jsonrpc.Connection(reference.call)
    ours = iter(ask_dstok(dstok, release, {} if by_configure else config, config["now"], [line for _, line in sent]))
    counts = collections.Counter()
    for number, (label, line) in enumerate(sent):
        theirs = connection.answer_line(line)
        our = next(ours, None) if theirs is not None else None
        found = answers.difference(theirs, our)
        if found:
            return report(seed, release, segment, number, config, line, theirs, our, found), counts
        counts[f"{label} / {answers.outcome(theirs)}"] += 1
    left = next(ours, None)
    if left is not None:
        return report(seed, release, segment, len(sent), config, b"", None, left, "one answer too many"), counts
    oracle.forget()
    return None, counts


def report(seed, release, segment, number, config, line, theirs, ours, found):
    """Return all that one needs to look into a difference."""

    def shown(text):
        return "no answer" if text is None else text.decode(errors="backslashreplace").rstrip("\n")

    return (
        f"Datasette {release} and dstok differ: {found}\n"
        f"  seed {seed}, segment {segment}, line {number + 1}\n"
        f"  configuration: {json.dumps(config)}\n"
        f"  request:   {shown(line)}\n"
        f"  Datasette: {shown(theirs)}\n"
        f"  dstok:     {shown(ours)}"
    )


if __name__ == "__main__":
    driver.run_alone("soak_worker", main)
