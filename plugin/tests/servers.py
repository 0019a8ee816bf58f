"""A real Datasette in a process of its own, on loopback."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

COMMAND = [sys.executable, "-m", "datasette"]

# Seconds; generous, for machines that are busy with other things.
PATIENCE = 60


class Answer:
    """An HTTP response: status, headers (email.message.Message), text."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text)


class Server:
    """A running server: its URL, its process, the file that has its stdout and stderr."""

    def __init__(self, url, process, log):
        self.url = url
        self.process = process
        self.log = log

    def request(self, path, token=None, cookie=None, body=None):
        """Send a GET, or a POST of a dict as JSON, and return its Answer. Follows no redirect."""
        headers = {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if cookie:
            headers["Cookie"] = f"ds_actor={cookie}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return self._send(path, body, headers)

    def post_form(self, path, cookie, **fields):
        """Send a form with a ds_actor cookie, and return the Answer."""
        body = urllib.parse.urlencode(fields).encode()
        return self._send(path, body, {"Cookie": f"ds_actor={cookie}"})

    def _send(self, path, body, headers):
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            return Answer(opener.open(request, timeout=PATIENCE))
        except urllib.error.HTTPError as error:
            return Answer(error)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to the test."""

    def redirect_request(self, *arguments):
        return None


opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


def environment(secret, **more):
    """Return the environment for a Datasette process: this one's, without what is Datasette's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATASETTE_")}
    return {**kept, "DATASETTE_SECRET": secret, **more}


def free_port():
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(folder, secret, options=None, arguments=(), environ=None):
    """Run `datasette serve` with options of the plugin; yield a Server that answers."""
    configuration = folder / "datasette.json"
    configuration.write_text(
        json.dumps({"plugins": {"datasette-dstok": options}} if options else {})
    )
    port = free_port()
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *COMMAND,
                "serve",
                "--config",
                configuration,
                "--port",
                str(port),
                "--root",
                *arguments,
            ],
            env=environment(secret, **(environ or {})),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", process, log)
        await_answer(server)
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


def await_answer(server):
    """Wait until the server answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return server.request("/-/versions.json")
        except OSError:
            assert server.process.poll() is None, server.log.read_text()
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.1)
