"""The guide is true: its examples print what they say, and nothing is left out."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

import dstok
from processes import Done

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "python.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "python-reference.md").read_text(encoding="utf-8")
SERVICE = [path.read_text(encoding="utf-8") for path in (ROOT / "examples" / "python").glob("*.py")]


def blocks() -> list[str]:
    """Return the indented blocks of the page."""
    found = []
    indented = itertools.groupby(PAGE.splitlines(), lambda line: not line or line[:4] == "    ")
    for is_code, lines in indented:
        text = "\n".join(line[4:] for line in lines).strip()
        if is_code and text:
            found.append(text)
    return found


EXAMPLES = [block for block in blocks() if "import dstok" in block]
QUOTED = [block for block in blocks() if "import dstok" not in block]


@pytest.mark.parametrize("quoted", QUOTED, ids=range(len(QUOTED)))
def test_the_rest_is_quoted_from_the_service(quoted: str) -> None:
    """test_examples.py runs it."""
    assert any(quoted in text for text in SERVICE)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example(example: str, run_python: Callable[[str], Done]) -> None:
    shown = [line.partition("  # ")[2] for line in example.splitlines() if "print(" in line]
    assert shown
    done = run_python(example)
    assert (done.stdout.splitlines(), done.stderr) == (shown, "")


def test_all_is_named() -> None:
    assert len(EXAMPLES) == 6
    assert len(QUOTED) == 4
    errors = [name for name in dstok.__all__ if isinstance(getattr(dstok, name), type)]
    methods = [name for name in vars(dstok.AsyncClient) if not name.startswith("_")]
    options = list(inspect.signature(dstok.Client).parameters)
    for name in errors:
        assert name in PAGE, name
        assert f"## {name}\n" in REFERENCE, name
    for name in methods:
        assert f"`{name}(" in PAGE, name
        twin = "AsyncClient" if name in ("map", "aclose") else "Client"
        assert f"### {twin}.{name}\n" in REFERENCE, name
    for name in options:
        assert f"`{name}`" in PAGE or f"`{name}=" in PAGE, name
        assert f"* `{name}`: " in REFERENCE, name
    for name in dstok.types.__all__:
        assert f"### {name}\n" in REFERENCE, name


def test_the_table_of_errors_has_their_kinds() -> None:
    kinds = [error for error in vars(dstok).values() if inspect.isclass(error)]
    rows = 0
    for error in kinds:
        if not issubclass(error, dstok.DstokError) or error.kind == "error":
            continue
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{error.__name__}` |"))
        assert f"`{error.kind}`" in row
        rows += 1
    assert rows == 18
