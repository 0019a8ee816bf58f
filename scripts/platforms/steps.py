"""Running commands quietly: one line a step, everything else in a log file."""

import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".environments" / "cross"
LOGS = FOLDER / "log"


class Failure(Exception):
    """A step failed; the message says which, why, and where its log is."""


def step(name, function, *arguments):
    """Call a function and print how long it took. Returns what the function returns. Raises Failure."""
    start = time.monotonic()
    try:
        result = function(*arguments)
    except Failure:
        print(f"{name}: FAILED, {time.monotonic() - start:.0f} s", flush=True)
        raise
    print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    return result


def run(command, log, timeout=None, text=None, **environment):
    """Run a command with its output in a log. Returns that output (str). Raises Failure."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("wb") as file:
        try:
            code = subprocess.run(
                [str(word) for word in command],
                input=text,
                text=True,
                stdin=None if text else subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                env={**os.environ, **environment},
            ).returncode
        except FileNotFoundError:
            raise Failure(f"{command[0]} is not installed") from None
        except subprocess.TimeoutExpired:
            raise Failure(f"{log}: no end after {timeout} s; see {path.relative_to(ROOT)}") from None
    output = path.read_text(errors="replace")
    if code:
        raise Failure(f"{log}: {reason(output)} (exit code {code}); see {path.relative_to(ROOT)}")
    return output


def reason(output):
    """Return the line of the output that most likely says what is wrong (str)."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("e:", "error", "fatal"))]
    return (errors or lines[-1:] or ["no output"])[0][:200]
