"""Rules for workflows that no linter has, so that a workflow does only what a local script does."""

import os
import re
import sys
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"

# Those of the runners' image list that we use. A label that doesn't exist waits for a day.
RUNNERS = {"ubuntu-24.04", "ubuntu-24.04-arm", "macos-15", "macos-15-intel", "windows-2025"}
# What a step may run besides the repository's scripts.
PLAIN = {"rustup"}
# One command, without the shell's operators, so that it can be run by hand as it stands.
OPERATORS = re.compile(r"[;&|<>`\n]|\$\(")
USES = re.compile(r"^\s*(?:- )?uses: *(.*)$")
PINNED = re.compile(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def main():
    files = sorted(FOLDER.glob("*.y*ml"))
    found = [f"{file.name}: {line}" for file in files for line in problems(file.read_text())]
    if found or not files:
        sys.exit("\n".join(found) or f"no workflow in {FOLDER}")
    print(f"{len(files)} workflows keep the rules")


def problems(text):
    """Yield what is wrong with a workflow, a line each."""
    yield from unpinned(text)
    workflow = YAML(typ="safe").load(text)
    for name, job in workflow["jobs"].items():
        if "uses" in job:
            continue
        if "timeout-minutes" not in job:
            yield f"job {name}: add timeout-minutes"
        for label in sorted(labels(job) - RUNNERS):
            yield f"job {name}: no runner {label!r}; expected one of {', '.join(sorted(RUNNERS))}"
        for step in job["steps"]:
            command = step.get("run", "").strip()
            yield from (f"job {name}: {command!r}: {reason}" for reason in faults(command))


def unpinned(text):
    """Yield the actions that are not pinned to a commit with its version as a comment."""
    for line in text.splitlines():
        used = USES.match(line)
        if not used or PINNED.fullmatch(used[1]):
            continue
        if used[1].startswith("$/"):
            # A workflow of this repository, at the same commit.
            if not (ROOT / used[1][2:]).is_file():
                yield f"{used[1]}: there is no such file"
        else:
            yield f"{used[1]}: pin it as OWNER/NAME@COMMIT # vX.Y.Z, COMMIT with 40 digits"


def labels(job):
    """Return the labels of the runners that a job may get (set of str)."""
    label = job["runs-on"]
    if "${{" not in label:
        return {label}
    matrix = job["strategy"]["matrix"]
    (key,) = re.fullmatch(r"\$\{\{ matrix\.(\w+) \}\}", label).groups()
    return {*matrix.get(key, ()), *(row[key] for row in matrix.get("include", ()))}


def faults(command):
    """Yield the reasons why a step's command can't be run by hand as it stands."""
    if not command:
        return
    if "${{" in command:
        yield "pass values as environment variables"
    if OPERATORS.search(command):
        yield "run one command; put the rest into a script"
    program = command.split()[0]
    if program.startswith("scripts/"):
        if not (ROOT / program).is_file() or not os.access(ROOT / program, os.X_OK):
            yield f"{program} is no executable file"
    elif program not in PLAIN:
        yield f"expected a script in scripts/ or one of: {', '.join(sorted(PLAIN))}"


if __name__ == "__main__":
    main()
