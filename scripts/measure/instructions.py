"""Instructions per call, counted by callgrind. Load on the machine does not change them."""

import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure.payloads import COMPACT, SECRET, write_requests
from oracle import environments, processes

CALLS = 300


def available():
    """Return whether valgrind is installed."""
    return shutil.which("valgrind") is not None


def per_call(binaries, folder, call, spacing=COMPACT):
    """Return the instructions of one call, for each of `binaries`. Raises ProcessFailure.

    The count is the difference of two runs, one with twice as many calls: start-up and shutdown
    cancel out.
    """
    paths = [Path(folder) / f"callgrind-{count}" for count in (CALLS, 2 * CALLS)]
    for factor, path in enumerate(paths, 1):
        write_requests(path, call, factor * CALLS, spacing)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        runs = [[pool.submit(_instructions, binary, path) for path in paths] for binary in binaries]
        return [(twice.result() - once.result()) / CALLS for once, twice in runs]


def _instructions(dstok, path):
    # valgrind needs a file for its profile, which we do not read: the total is on stderr.
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    with open(path, "rb") as requests:
        done = subprocess.run(
            # The sandbox would keep valgrind from writing its results.
            [*command, str(dstok), "serve", "--no-sandbox", "--threads", "1", "--now", "1700000000"],
            stdin=requests,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environments.clean_environ(DATASETTE_SECRET=SECRET),
            check=False,
        )
    collected = re.search(rb"Collected : (\d+)", done.stderr)
    if done.returncode or not collected:
        raise processes.ProcessFailure(f"valgrind: exit code {done.returncode}")
    return int(collected[1])
