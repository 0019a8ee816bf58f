"""Several `datasette serve` processes with one database, one internal database and one secret."""

import base64
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from drill import DrillFailure
from drill.github import GitHub
from oracle import environments

PLUGINS = environments.REPOSITORY / "scripts" / "drill" / "plugins"
PROPOSAL = environments.REPOSITORY / "plugin" / "docs" / "proposal-old-secrets.md"
REQUIREMENTS = environments.REPOSITORY / "scripts" / "drill" / "requirements.txt"

# Seconds; generous, for machines that are busy with other things.
PATIENCE = 60

# Rounds of PBKDF2: few, as the password is no secret.
ROUNDS = 1_000
PASSWORD = "a password for ann"


@dataclass(frozen=True)
class Environment:
    """Where Datasette is installed: the folder of its programs, and variables (dict) for them."""

    programs: Path
    variables: dict = field(default_factory=dict)
    has_plugin: bool = True


def environment(release):
    """Make or renew the Environment of a Datasette release with the plugin."""
    folder = environments.ROOT / f"drill-{release}"
    script = environments.REPOSITORY / "scripts" / "plugin_environment"
    done = subprocess.run([script, folder, release, "-r", REQUIREMENTS], check=False)
    if done.returncode:
        raise DrillFailure(f"the environment of Datasette {release} could not be made")
    return Environment(folder / "bin")


def proposal(folder):
    """Return an Environment without the plugin, whose Datasette is a patched copy in the folder."""
    name = f"proposal-{environments.NEWEST}"
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    programs = environments.ensure_packages(name, [f"datasette=={environments.NEWEST}", *lines])
    (installed,) = programs.parent.glob("lib/python*/site-packages/datasette")
    shutil.copytree(installed, folder / "datasette")
    _, _, sketch = PROPOSAL.read_text().partition("## Sketch")
    patch = "".join(
        line.removeprefix("    ") for line in sketch.splitlines(True) if line.startswith("    ")
    )
    done = subprocess.run(["git", "apply"], cwd=folder, input=patch, text=True, check=False)
    if done.returncode:
        raise DrillFailure(f"the sketch of {PROPOSAL.name} does not apply")
    return Environment(programs, {"PYTHONPATH": str(folder)}, has_plugin=False)


@dataclass(frozen=True)
class Secrets:
    """What one process is started with. `old` are newest first."""

    current: str
    old: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    options: dict = field(default_factory=dict)

    def variables(self):
        """Return the environment variables (dict)."""
        named = {f"OLD_{n}": secret for n, secret in enumerate(self.old)}
        named |= {f"REVOKED_{n}": secret for n, secret in enumerate(self.revoked)}
        # The last one is for the Datasette of the proposal; others do not look at it.
        return {
            "DATASETTE_SECRET": self.current,
            "DATASETTE_OLD_SECRETS": " ".join(self.old),
            **named,
        }

    def plugin(self):
        """Return the options of datasette-dstok, which name the variables (dict)."""
        options = dict(self.options)
        if self.old:
            options["old_secrets"] = [{"$env": f"OLD_{n}"} for n in range(len(self.old))]
        if self.revoked:
            options["revoked_secrets"] = [{"$env": f"REVOKED_{n}"} for n in range(len(self.revoked))]
        return options


class Process:
    """One `datasette serve`. It keeps its port over restarts."""

    def __init__(self, number, cluster):
        self._folder = cluster.folder / f"process-{number}"
        self._folder.mkdir()
        self._cluster = cluster
        self._running = None
        self.port = _free_port()

    def start(self, secrets):
        """Start with these secrets, and wait for the first answer."""
        configuration = self._folder / "datasette.json"
        configuration.write_text(json.dumps(self._cluster.configuration(secrets)))
        log = self._folder / "log"
        command = [self._cluster.environment.programs / "datasette", "serve", self._cluster.folder / "garden.db"]
        command += ["--internal", self._cluster.folder / "internal.db", "--config", configuration]
        command += ["--plugins-dir", PLUGINS, "--host", "127.0.0.1", "--port", str(self.port)]
        environ = {
            **environments.clean_environ(**secrets.variables()),
            **self._cluster.environment.variables,
            "ANN_HASH": _password_hash(PASSWORD),
            "GITHUB_PORT": str(self._cluster.github.port),
        }
        del environ["DATASETTE_LOAD_PLUGINS"]
        with open(log, "wb") as output:
            self._running = subprocess.Popen(
                command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        end = time.monotonic() + PATIENCE
        while not _listens(self.port):
            if self._running.poll() is not None or time.monotonic() > end:
                last = log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise DrillFailure(f"Datasette does not start: {last}")
            time.sleep(0.05)

    def stop(self):
        """End the process, and wait for its end."""
        running, self._running = self._running, None
        if running is None:
            return
        running.terminate()
        try:
            running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise DrillFailure("a Datasette did not shut down") from None

    def restart(self, secrets):
        """Stop, and start with other secrets."""
        self.stop()
        self.start(secrets)


class Cluster:
    """The processes, behind the faked GitHub that they share."""

    def __init__(self, folder, environment, size, github):
        self.folder, self.environment, self.github = folder, environment, github
        with closing(sqlite3.connect(folder / "garden.db")) as connection, connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute("create table plants (id integer primary key, name text)")
            connection.execute("create table secret_plants (id integer primary key, name text)")
        self.processes = [Process(number, self) for number in range(size)]

    def configuration(self, secrets):
        """Return the whole configuration for a process (dict)."""
        everyone = {"id": "*"}
        own = {"datasette-dstok": secrets.plugin()} if self.environment.has_plugin else {}
        return {
            "plugins": {
                **own,
                "datasette-auth-tokens": {"manage_tokens": True},
                "datasette-auth-github": {"client_id": "drill", "client_secret": "drill"},
                "datasette-auth-passwords": {"ann_password_hash": {"$env": "ANN_HASH"}},
            },
            "permissions": {name: everyone for name in ("auth-tokens-create", "insert-row")},
        }

    def restart(self, secrets, after_each=lambda: None):
        """Restart one process after the other; call `after_each` whenever one is up again."""
        for process in self.processes:
            process.restart(secrets)
            after_each()

    def restart_together(self, secrets):
        """Stop every process before the first starts again, so that no old one answers meanwhile."""
        for process in self.processes:
            process.stop()
        for process in self.processes:
            process.start(secrets)

    @property
    def ports(self):
        """The port of each process."""
        return [process.port for process in self.processes]


@contextmanager
def cluster(folder, environment, size):
    """Yield a Cluster whose processes are not started yet, with an empty database; end them all."""
    with GitHub() as github:
        made = Cluster(folder, environment, size, github)
        try:
            yield made
        finally:
            for process in made.processes:
                process.stop()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _password_hash(password):
    salt = os.urandom(8).hex()
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS)
    return f"pbkdf2_sha256${ROUNDS}${salt}${base64.b64encode(key).decode()}"
