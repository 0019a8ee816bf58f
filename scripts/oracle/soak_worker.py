"""Compares segments of random requests; runs inside an environment's Python.

Arguments: seed, release, dstok's path, then FIRST:COUNT:CASES, the segments to
do and how many cases each has. stdout: JSON lines, one for each segment:
{"segment", "counts": {"label / outcome": n}}, or {"difference": text} as the last.
"""

import collections
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # isolated mode leaves them out

import answers
import driver
import jsonrpc
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


def configure_line(config):
    """Return the request that gives a fresh server this configuration."""
    names = ("secret", "old_secrets", "actions", "settings", "zlib", "itsdangerous")
    params = {name: config[name] for name in names if config.get(name) is not None}
    request = {"jsonrpc": "2.0", "id": 0, "method": "configure", "params": params}
    return json.dumps(request).encode() + b"\n"


def ask_dstok(dstok, release, config, now, lines):
    """Return the lines that `dstok serve` answers with, started with options for `config`."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:

        def written(name, text):
            path = Path(folder) / name
            path.write_bytes(text.encode())
            return str(path)

        options = ["--datasette-version", release, f"--now={now!r}"]
        if config.get("secret"):
            # dstok strips no more than this, should the secret end so too.
            options += ["--secret-file", written("secret", config["secret"] + "\r\n")]
        for n, secret in enumerate(config.get("old_secrets", [])):
            options += ["--old-secret-file", written(f"old{n}", secret + "\r\n")]
        for name, value in config.get("settings", {}).items():
            options += ["--setting", name, str(int(value))]
        if config.get("actions") == "none":
            options += ["--actions", "none"]
        elif "actions" in config:
            options += ["--actions", written("actions.json", json.dumps(config["actions"]))]
        for name in ("zlib", "itsdangerous"):
            options += [f"--{name}", config[name]] if name in config else []
        done = subprocess.run(
            [dstok, "serve", *options],
            input=b"".join(lines),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith(("DSTOK_", "DATASETTE_"))},
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"dstok: exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
    return [line + b"\n" for line in done.stdout.split(b"\n")[:-1]]


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
