"""A real Datasette on loopback, and the requests that a client makes of it."""

import json
import re
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oracle import environments

START_SECONDS = 30


class ServerFailure(Exception):
    """The server did not start or did not answer as HTTP; the message is one line."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the text of the body and the cookies that were set."""

    status: int
    text: str
    cookies: dict

    @property
    def json(self):
        """The decoded body, or its first 200 characters where it is no JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return self.text[:200]


@dataclass(frozen=True)
class Server:
    """A running Datasette: its `address` (http://127.0.0.1:PORT) and where its stdout goes."""

    address: str
    stdout: Path

    def get(self, path, token=None, cookies=None):
        """Return the Answer to a GET; `token` becomes a bearer token, `cookies` is a dict."""
        return self._send(path, None, {}, token, cookies)

    def post_json(self, path, body, token=None):
        """Return the Answer to a POST of `body` as JSON, as a program sends it."""
        return self._send(path, json.dumps(body).encode(), {"Content-Type": "application/json"}, token, None)

    def post_form(self, path, fields, cookies):
        """Return the Answer to a form that a browser sends: it is fetched first.

        To 1.0a26 the page holds a hidden CSRF token and sets its cookie; later
        releases look at Origin and Sec-Fetch-Site instead.
        """
        page = self.get(path, cookies=cookies)
        hidden = re.search(r'name="csrftoken" value="([^"]+)"', page.text)
        fields = {**fields, **({"csrftoken": hidden[1]} if hidden else {})}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.address,
            "Sec-Fetch-Site": "same-origin",
        }
        data = urllib.parse.urlencode(fields).encode()
        return self._send(path, data, headers, None, {**cookies, **page.cookies})

    def log_in(self):
        """Return the cookies of a browser that followed the login link of `--root`."""
        link = re.search(r"/-/auth-token\?token=\S+", self.stdout.read_text())
        if not link:
            raise ServerFailure("Datasette printed no login link")
        return self.get(link[0]).cookies

    def _send(self, path, data, headers, token, cookies):
        headers = dict(headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        # No proxy: the server is on this machine. No redirects: they would lose the cookies.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
        try:
            response = opener.open(urllib.request.Request(self.address + path, data, headers), timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            raise ServerFailure(f"{path}: no answer: {error}") from error
        with response:
            return Answer(response.status, response.read().decode(errors="replace"), _cookies(response.headers))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def _cookies(headers):
    pairs = (header.split(";")[0].split("=", 1) for header in headers.get_all("Set-Cookie") or ())
    return {name: value.strip('"') for name, value in pairs}


@contextmanager
def serve(version, secret, databases):
    """Run Datasette `version` on a free port; yield its Server; end it by its pid.

    `databases` are paths. With `--root` the actor "root" may do everything.
    Raises ServerFailure.
    """
    with tempfile.TemporaryDirectory(prefix="dstok-http-") as folder:
        port = _free_port()
        stdout = Path(folder) / "stdout"
        command = [environments.python(version), "-I", "-m", "datasette", "serve", *databases]
        with open(stdout, "wb") as out:
            process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(port), "--root"],
                env=environments.clean_environ(DATASETTE_SECRET=secret),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        server = Server(f"http://127.0.0.1:{port}", stdout)
        try:
            _wait_for(server, process, version)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port():
    """Return a TCP port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _wait_for(server, process, version):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            last = server.stdout.read_text(errors="replace").strip().rpartition("\n")[2]
            raise ServerFailure(f"Datasette {version} ended with exit code {process.returncode}: {last}")
        try:
            server.get("/-/versions.json")
            return
        except ServerFailure:
            time.sleep(0.1)
    raise ServerFailure(f"Datasette {version} does not answer")
