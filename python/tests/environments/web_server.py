"""Two workers of a web server, each with a sidecar that dies. Usage: web_server.py COMMAND…

The command starts the server; `--bind` or `--uds` and the path of a socket are added to it.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WORKERS = 2
PATIENCE = 60.0
"""Seconds after which a server is taken for one that will not answer."""


class Connection(http.client.HTTPConnection):
    """A connection to a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self.path))


def ask(path: Path) -> tuple[int, int]:
    """Return the IDs of the worker that answers and of its sidecar."""
    connection = Connection(path)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        answer = json.loads(body)
        return answer["worker"], answer["sidecar"]
    finally:
        connection.close()


def ask_all(path: Path) -> dict[int, int]:
    """Ask until every worker has answered; return their sidecars."""
    found: dict[int, int] = {}
    end = time.monotonic() + PATIENCE
    with ThreadPoolExecutor(4 * WORKERS) as pool:
        while len(found) < WORKERS:
            assert time.monotonic() < end, f"only {len(found)} workers answer"
            found.update(pool.map(ask, [path] * (4 * WORKERS)))
    return found


def wait_until_it_listens(server: "subprocess.Popen[bytes]", path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        try:
            ask(path)
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("the server does not answer")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        module, *options = sys.argv[1:]
        where = ["--uds", str(path)] if module == "uvicorn" else ["--bind", f"unix:{path}"]
        server = subprocess.Popen([sys.executable, "-m", module, *options, *where])
        try:
            wait_until_it_listens(server, path)
            first = ask_all(path)
            assert len({*first.values()}) == WORKERS  # each has its own
            for sidecar in first.values():
                os.kill(sidecar, signal.SIGKILL)
            second = ask_all(path)
            assert second.keys() == first.keys()
            assert not {*second.values()} & {*first.values()}
        finally:
            server.terminate()
            status = server.wait(PATIENCE)
        assert status in (0, -signal.SIGTERM), status
    print("works")


if __name__ == "__main__":
    main()
