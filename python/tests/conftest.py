"""What the tests share. The binary is that of the installed package, or DSTOK_BINARY."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dstok
import processes
from support import POSTLUDE, PRELUDE, SECRET, Fake


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Return a function that writes an executable with the given behaviour."""

    def make(body: str) -> Path:
        path = tmp_path / "fake-dstok"
        head = PRELUDE.format(python=sys.executable, version=dstok.__version__)
        path.write_text(head + textwrap.dedent(body) + POSTLUDE)
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def client() -> Iterator[dstok.Client]:
    """A client of the real dstok."""
    with dstok.Client(secret=SECRET) as client:
        yield client


@pytest.fixture(autouse=True)
def no_orphans() -> Iterator[None]:
    """Every test leaves as many sidecars behind as it found: none."""
    yield
    assert processes.gone(processes.sidecars), "a sidecar was left behind"


@pytest.fixture
def run_python() -> Callable[[str], processes.Done]:
    """Return a function that runs Python code in an interpreter of its own."""
    return processes.run_python
