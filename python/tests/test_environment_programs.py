"""The programs of `environments/`, each in a process group of its own, which they leave empty.

scripts/test_python_environments runs them in every Python, with everything that they import.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from processes import PATIENCE, gone

FOLDER = Path(__file__).resolve().parent / "environments"
GUNICORN = "web_server.py gunicorn wsgi_app:app --preload --workers 2"
REFUSALS = ("import dstok in the main interpreter", "not supported for isolated subinterpreters")

Program = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Return a function that runs a program and returns the line that it prints at its end."""
    started: list[subprocess.Popen[str]] = []

    def run(command: str) -> str:
        process = subprocess.Popen(
            [sys.executable, *command.split()],
            cwd=FOLDER,
            env={**os.environ, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        stdout, stderr = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, stderr
        assert "Traceback" not in stderr, stderr
        assert gone(lambda: members(process.pid)), f"left behind: {members(process.pid)}"
        return stdout.splitlines()[-1] if stdout else stderr

    yield run
    for process in started:
        if members(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def members(group: int) -> list[str]:
    """Return the commands of the processes of a group."""
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pgid=,command="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split(None, 1) for line in listing.splitlines())
    return [row[-1] for row in rows if int(row[0]) == group]


@pytest.mark.parametrize(
    ("needs", "command"),
    [
        pytest.param(needs, command, id=name)
        for name, needs, command in [
            ("threads", "", "threads.py"),
            ("asyncio", "", "event_loop.py asyncio"),
            ("uvloop", "uvloop", "event_loop.py uvloop"),
            ("gevent", "gevent", "green_threads.py gevent"),
            ("eventlet", "eventlet", "green_threads.py eventlet"),
            ("multiprocessing, fork", "", "worker_processes.py fork"),
            ("multiprocessing, spawn", "", "worker_processes.py spawn"),
            ("multiprocessing, forkserver", "", "worker_processes.py forkserver"),
            ("gunicorn --preload", "gunicorn", GUNICORN),
            ("gunicorn --preload, gevent", "gunicorn gevent", f"{GUNICORN} --worker-class gevent"),
            ("uvicorn --workers", "uvicorn", "web_server.py uvicorn asgi_app:app --workers 2"),
            ("subinterpreter that shares the GIL", "", "subinterpreter.py legacy"),
        ]
    ],
)
def test_it_works(program: Program, needs: str, command: str) -> None:
    for module in needs.split():
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"without {module}")
    assert program(command) == "works"


def test_an_isolated_subinterpreter_is_refused(program: Program) -> None:
    line = program("subinterpreter.py isolated")
    assert line.startswith("refuses: ")
    assert any(refusal in line for refusal in REFUSALS), line
