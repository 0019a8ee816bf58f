"""Processes: which there are, what they show, and waiting for one to be gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass

PATIENCE = 60.0
"""Seconds after which a test gives up on something that should have happened long ago."""


@dataclass(frozen=True)
class Done:
    """A program that has ended."""

    returncode: int
    stdout: str
    stderr: str


def sidecars(parent: int | None = None) -> list[int]:
    """Return the process ids of a process's sidecars (default: this one's), zombies too."""
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    ).stdout
    found = []
    for pid, ppid, command in (line.split(None, 2) for line in listing.splitlines()):
        if int(ppid) == (parent or os.getpid()) and "dstok" in command:
            found.append(int(pid))
    return found


def alive(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill(pid: int | None) -> None:
    """Kill a process of ours and wait until it is gone."""
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: not alive(pid))


def gone(listing: Callable[[], object]) -> bool:
    """Wait until what is listed is nothing; tell whether that came to be."""
    return wait_for(lambda: not listing())


def wait_for(condition: Callable[[], object]) -> bool:
    """Wait until a condition holds; tell whether that came to be."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def run_python(code: str, **environ: str) -> Done:
    """Run Python code in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, **environ},
    )
    return Done(done.returncode, done.stdout, done.stderr)
