"""The service of examples/python: it answers, and its workers follow a rotation while they run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dstok
from environments.web_server import Connection
from processes import PATIENCE, wait_for

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "python"
WORKERS = 3
FIRST = "the first secret"

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")


class Service:
    """The running service."""

    def __init__(self, folder: Path) -> None:
        self.socket, self.log = folder / "socket", folder / "log"
        self.secrets = folder / "secrets.json"
        self.write({"secret": FIRST, "next_secret": None, "old_secrets": []})
        with self.log.open("wb") as log:
            command = f"-m uvicorn service:app --workers {WORKERS} --no-access-log --uds"
            self.process = subprocess.Popen(
                [sys.executable, *command.split(), str(self.socket)],
                cwd=EXAMPLES,
                env={
                    **os.environ,
                    "SECRETS_FILE": str(self.secrets),
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def write(self, content: object) -> None:
        self.secrets.write_text(json.dumps(content))

    def read(self) -> Any:
        return json.loads(self.secrets.read_text())

    def listens(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.ask("GET", "/actor", "none")[0] == 401
        except OSError:
            return False

    def ask(
        self, method: str, path: str, token: str | None, body: object = None
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of an answer."""
        connection = Connection(self.socket)
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def rotate(self, step: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-B", "rotate.py", step, str(self.secrets)]
        return subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=False)

    def logged(self, text: str) -> int:
        """Return how many workers have logged this."""
        return self.log.read_text().count(text)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    try:
        assert wait_for(service.listens), service.log.read_text()
        assert wait_for(lambda: service.logged("secrets in use: 1") == WORKERS)
        yield service
    finally:
        service.stop()
    log = service.log.read_text()
    assert "Traceback" not in log, log
    assert FIRST not in log
    assert "dstok_" not in log


def root_token(secret: str, **options: Any) -> str:
    with dstok.Client(secret=secret) as client:
        return client.create_token("root", **options)


def test_the_answers(service: Service) -> None:
    root = root_token(FIRST, expires_after=3600)
    status, made = service.ask("POST", "/tokens", root, {"actor_id": "cleo"})
    assert status == 200
    status, seen = service.ask("GET", "/actor", made["token"])
    assert (status, seen["actor"]["id"]) == (200, "cleo")
    assert seen["actor"]["token_expires"]

    wrong: list[tuple[int, str, str, str | None, object]] = [
        (401, "GET", "/actor", None, None),
        (401, "GET", "/actor", "another kind of token", None),
        (401, "GET", "/actor", f"{root}x", None),
        (403, "POST", "/tokens", made["token"], {"actor_id": "root"}),
        (403, "POST", "/tokens", root_token(FIRST, restrict_all=["view-table"]), {"actor_id": "a"}),
        (422, "POST", "/tokens", root, {"actor_id": 1}),
        (400, "POST", "/tokens", root, {"actor_id": "cleo", "expires_after": 0}),
        (400, "POST", "/tokens", root, {"actor_id": "cleo", "expires_after": 10**9}),
    ]
    for expected, method, path, token, body in wrong:
        status, answer = service.ask(method, path, token, body)
        assert status == expected, (answer, path, body)


def test_a_rotation_in_running_workers_refuses_no_valid_token(service: Service) -> None:
    root = root_token(FIRST, expires_after=3600)
    pairs: set[tuple[int, int]] = set()
    refused: list[object] = []
    stop = threading.Event()

    def use() -> None:
        """Make tokens in one worker, and verify them in whichever answers."""
        while not stop.is_set():
            status, made = service.ask("POST", "/tokens", root, {"actor_id": "cleo"})
            if status != 200:
                refused.append((status, made))
                continue
            status, seen = service.ask("GET", "/actor", made["token"])
            if status == 200:
                pairs.add((made["worker"], seen["worker"]))
            else:
                refused.append((status, seen))

    def everyone_has(secrets: int, times: int) -> bool:
        return wait_for(lambda: service.logged(f"secrets in use: {secrets}") == WORKERS * times)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert service.rotate("activate").stderr == (
            "no new secret is prepared: run rotate.py prepare\n"
        )
        assert service.rotate("prepare").returncode == 0
        assert "run rotate.py activate" in service.rotate("prepare").stderr
        assert everyone_has(2, times=1)
        assert service.rotate("activate").returncode == 0
        assert everyone_has(2, times=2)
        assert wait_for(lambda: len({worker for pair in pairs for worker in pair}) == WORKERS)
        assert wait_for(lambda: any(maker != checker for maker, checker in pairs))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert refused == []
    content = service.read()
    assert content["secret"] != FIRST
    assert content["old_secrets"] == [FIRST]
    assert service.secrets.stat().st_mode & 0o777 == 0o600

    assert service.rotate("retire").returncode == 0
    assert everyone_has(1, times=2)  # and at the start
    assert service.ask("GET", "/actor", root)[0] == 401
    new = root_token(content["secret"], expires_after=3600)
    _, made = service.ask("POST", "/tokens", new, {"actor_id": "cleo"})
    assert service.ask("GET", "/actor", made["token"])[0] == 200


def test_a_broken_file_changes_nothing(service: Service) -> None:
    root = root_token(FIRST, expires_after=3600)
    service.write({"secret": "", "next_secret": None, "old_secrets": []})
    assert wait_for(lambda: service.logged("cannot use") >= WORKERS)
    assert service.ask("GET", "/actor", root)[0] == 200


@pytest.mark.parametrize(
    "program",
    [
        ["rotate.py", "activate"],
        ["-c", "import pathlib, secrets_file, sys; secrets_file.read(pathlib.Path(sys.argv[1]))"],
    ],
    ids=["rotate", "read"],
)
def test_a_string_is_no_list_of_secrets(tmp_path: Path, program: list[str]) -> None:
    """Its letters would be secrets, each of which signs valid tokens."""
    path = tmp_path / "secrets.json"
    content = json.dumps({"secret": FIRST, "next_secret": "next", "old_secrets": "a string"})
    path.write_text(content)
    command = [sys.executable, "-B", *program, str(path)]
    done = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=False)
    assert "TypeError" in done.stderr
    assert path.read_text() == content
