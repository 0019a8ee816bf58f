"""The synchronous client is the asynchronous one, rewritten by scripts/unasync."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "unasync"
unasync = runpy.run_path(str(SCRIPT))


def test_the_file_is_what_the_script_makes() -> None:
    expected = unasync["synchronous"](unasync["SOURCE"].read_text(encoding="utf-8"))
    assert unasync["TARGET"].read_text(encoding="utf-8") == expected


def test_nothing_asynchronous_gets_through() -> None:
    source = unasync["SOURCE"].read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="still asynchronous: await"):
        unasync["synchronous"](source + "\nawait(1)\n")
