"""The page about the client is true: its examples print what they say, and nothing is left out."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

import dstok
from processes import Done

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "python.md").read_text(encoding="utf-8")


def examples() -> list[str]:
    """Return the indented blocks of the page."""
    found = []
    indented = itertools.groupby(PAGE.splitlines(), lambda line: not line or line[:4] == "    ")
    for is_code, lines in indented:
        text = "\n".join(line[4:] for line in lines).strip()
        if is_code and text:
            found.append(text)
    return found


@pytest.mark.parametrize("example", examples(), ids=range(len(examples())))
def test_example(example: str, run_python: Callable[[str], Done]) -> None:
    shown = [line.partition("  # ")[2] for line in example.splitlines() if "print(" in line]
    assert shown
    done = run_python(example)
    assert (done.stdout.splitlines(), done.stderr) == (shown, "")


def test_all_is_named() -> None:
    assert len(examples()) == 6
    errors = [name for name in dstok.__all__ if isinstance(getattr(dstok, name), type)]
    methods = [name for name in vars(dstok.AsyncClient) if not name.startswith("_")]
    options = list(inspect.signature(dstok.Client).parameters)
    for name in errors:
        assert name in PAGE, name
    for name in methods:
        assert f"`{name}(" in PAGE, name
    for name in options:
        assert f"`{name}`" in PAGE, name


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
