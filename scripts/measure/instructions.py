"""Instructions for each call, counted by callgrind: the same on a noisy machine."""

import re
import shutil
import subprocess
from pathlib import Path

from measure.payloads import SECRET, write_requests
from oracle import environments, processes

FEW = 500


def available():
    """Say whether valgrind is installed."""
    return shutil.which("valgrind") is not None


def per_call(dstok, folder, call):
    """Return the instructions of one call: of twice as many less those of so many, so that
    start and end do not count. Raises ProcessFailure."""
    few, twice = (_instructions(dstok, folder, call, count) for count in (FEW, 2 * FEW))
    return (twice - few) / FEW


def _instructions(dstok, folder, call, count):
    path = Path(folder) / "requests"
    write_requests(path, call, count)
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind"]
    with open(path, "rb") as requests:
        done = subprocess.run(
            # In the sandbox valgrind could not write what it counted.
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
