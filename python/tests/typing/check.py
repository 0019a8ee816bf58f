"""Checks types with mypy --strict and with pyright, strict.

They accept the package and right.py, and of wrong.py they reject the marked lines and no others.
They accept the examples of docs/how-to/python.md too, which may have functions without annotations.

Prints what is wrong. Needs mypy and pyright beside this Python.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PYTHON = ROOT / "python"
MARK = "  # wrong"

Found = dict[str, str]
"""What a checker says, by "file:line"."""


def main() -> None:
    strict = [PYTHON / "dstok", HERE / "right.py", HERE / "wrong.py"]
    intended = set(marked(HERE / "wrong.py"))
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        examples = list(written(folder))
        for name, found in (
            ("mypy", {**mypy(strict, "--strict"), **mypy(examples, "--check-untyped-defs")}),
            # What is strict to pyright stands in pyproject.toml, for editors too.
            ("pyright", {**pyright(ROOT), **pyright(folder)}),
        ):
            problems += [f"{name} accepts {line}" for line in sorted(intended - {*found})]
            problems += [f"{name}: {line}: {found[line]}" for line in sorted({*found} - intended)]
    print(f"{len(intended)} wrong lines, {len(examples)} examples, {len(problems)} problems")
    sys.exit("\n".join(problems) or 0)


def marked(path: Path) -> Iterator[str]:
    """Yield the lines that are meant to be rejected."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.endswith(MARK):
            yield f"{path}:{number}"


def written(folder: Path) -> Iterator[Path]:
    """Write each example of the page to a file, and how pyright finds the package."""
    (folder / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(PYTHON)]}))
    page = (ROOT / "docs" / "how-to" / "python.md").read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"(?:\n    .*|\n(?=\n    ))+", page)):
        if "import dstok" not in block:  # quoted from examples/python
            continue
        path = folder / f"example_{number}.py"
        path.write_text(re.sub(r"(?m)^    ", "", block), encoding="utf-8")
        yield path


def mypy(files: list[Path], *options: str) -> Found:
    command = ["mypy", "--config-file=", "--python-version=3.10", "--no-pretty", *options, *files]
    done = run([sys.executable, "-m", *command], MYPYPATH=str(PYTHON))
    if done.returncode > 1 or done.stderr:
        sys.exit(done.stdout + done.stderr)
    lines = re.findall(r"^(.+?:\d+): error: (.*)", done.stdout, re.MULTILINE)
    return {str(ROOT / place): message for place, message in lines}


def pyright(project: Path) -> Found:
    done = run(
        [sys.executable, "-m", "pyright", "--outputjson", f"--project={project}"],
        PYRIGHT_PYTHON_IGNORE_WARNINGS="1",
    )
    report = json.loads(done.stdout)
    if done.returncode > 1 or not report["summary"]["filesAnalyzed"]:
        sys.exit(done.stdout + done.stderr)
    return {
        f"{one['file']}:{one['range']['start']['line'] + 1}": one["message"].splitlines()[0]
        for one in report["generalDiagnostics"]
    }


def run(command: list[str | Path], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a checker from the root."""
    env = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()
