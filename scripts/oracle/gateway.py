"""examples/gateway as a process on loopback, in front of a Datasette."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from oracle import environments, http_server

PROGRAM = environments.REPOSITORY / "examples" / "gateway" / "gateway.mjs"
DATABASES = {"garden": ("plants", "visitors", "by/name"), "library": ("books",)}
START_SECONDS = 30


class GatewayFailure(Exception):
    """The gateway did not start, or its process is not as expected; the message is one line."""


def skip_without_node(script):
    """End the script with a line and exit code 0 if there is no Node that runs the gateway."""
    try:
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        version = ""
    if not re.match(r"v([2-9]\d|\d{3,})\.", version):
        print(f"{script}: SKIPPED: needs Node 20 or newer, found {version or 'none'}")
        sys.exit(0)
    return version


def make_databases(folder):
    """Make the SQLite files of DATABASES, each table with two rows; return their paths."""
    paths = []
    for name, tables in DATABASES.items():
        paths.append(Path(folder) / f"{name}.db")
        with closing(sqlite3.connect(paths[-1])) as connection:
            for table in tables:
                connection.execute(f"create table [{table}] (id integer primary key, name text)")
                connection.execute(f"insert into [{table}] (name) values ('Ginkgo'), ('Yew')")
            connection.commit()
    return paths


def actions():
    """Return the names of all actions of the newest Datasette."""
    python = environments.python(environments.NEWEST)
    code = ("import asyncio; from datasette.app import Datasette; ds = Datasette(); "
            "asyncio.run(ds.invoke_startup()); print(*ds.actions)")
    return subprocess.run([python, "-I", "-c", code], env=environments.clean_environ(),
                          capture_output=True, text=True, check=True).stdout.split()


class Gateway:
    """A running gateway. `server` makes requests of it."""

    def __init__(self, dstok, folder, secret, upstream, *options, program=PROGRAM, core=None):
        """Start it, or another `program` with its options, on one core or on all."""
        self._folder = Path(folder)
        self._secret = self._folder / "secret.txt"
        self._old_secret = self._folder / "old-secret.txt"
        self._stderr = self._folder / f"{Path(program).stem}{len(options)}.log"
        self._write(secret)
        with open(self._stderr, "wb") as stderr:
            self._process = subprocess.Popen(
                ["node", program, "--secret-file", self._secret, "--old-secret-file", self._old_secret,
                 "--upstream", upstream, "--listen", "127.0.0.1:0", "--dstok", dstok, *options],
                env=environments.clean_environ(), stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                preexec_fn=core if core is None else lambda: os.sched_setaffinity(0, {core}),
            )
        self.pid = self._process.pid
        self.endpoint = ("127.0.0.1", self._wait_for_port())
        self.server = http_server.Server(f"http://127.0.0.1:{self.endpoint[1]}", self._stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with suppress(OSError, IndexError):  # the gateway or dstok may have ended
            self.kill_dstok(signal.SIGKILL)  # a stopped process would stay
        self._process.kill()
        self._process.wait()

    def log(self):
        """Return what the gateway has written."""
        return self._stderr.read_text(errors="replace")

    def health(self):
        """Return the status of the health endpoint."""
        return self.server.get("/-/gateway/health").status

    def secrets_in_use(self):
        """Return how many secrets the newest dstok has."""
        return int(re.findall(r"secrets: (\d+)", self.log())[-1])

    def dstok_pid(self):
        """Return the PID of dstok."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[-1])

    def kill_dstok(self, number):
        """Send a signal to dstok."""
        os.kill(self.dstok_pid(), number)

    @contextmanager
    def without_secret(self):
        """Take the secret's file away, so that dstok can't start."""
        away = self._secret.with_suffix(".away")
        self._secret.rename(away)
        try:
            yield
        finally:
            away.rename(self._secret)

    def rotate(self, secret, old_secret=None):
        """Change the secrets, and tell the gateway."""
        self._write(secret, old_secret)
        self.reload()

    def reload(self):
        """Tell the gateway to read the secrets again."""
        self._process.send_signal(signal.SIGHUP)

    def terminate(self):
        """End the gateway; return its exit code."""
        self._process.terminate()
        return self._process.wait(START_SECONDS)

    def _write(self, secret, old_secret=None):
        for path, text in ((self._secret, secret), (self._old_secret, old_secret)):
            path.unlink(missing_ok=True)
            if text is not None:
                path.touch(mode=0o600)
                path.write_text(f"{text}\n")

    def _wait_for_port(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            found = re.search(r"listening on \S+:(\d+)\n", self.log())
            if found:
                return int(found[1])
            if self._process.poll() is not None:
                raise GatewayFailure(f"exit code {self._process.returncode}: {self.log().strip()}")
            time.sleep(0.02)
        raise GatewayFailure("the gateway doesn't listen")
