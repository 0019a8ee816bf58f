"""The recipes of the README, executed step by step on two real servers.

Nothing in them is replaced but the port of the server. Each command runs in a folder that has what
the recipe expects: the secret, the database and the configuration.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from itsdangerous import URLSafeSerializer
from servers import PATIENCE, Server, await_answer, environment, free_port
from test_http_rotation import set_cookie

README = (Path(__file__).parents[1] / "README.md").read_text()
PROGRAMS = Path(sys.executable).parent
PORT = "8001"
FIRST = "the secret from before"


@dataclass
class Recipe:
    """The blocks of code of a section: those before the first step, and those of each step."""

    start: list[str]
    steps: dict[int, list[str]]


def recipe(heading):
    """Return the Recipe under a heading of the README."""
    section = README.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    start, *rest = re.split(r"^(\d+)\. ", section, flags=re.MULTILINE)
    steps = {int(n): blocks(text, 8) for n, text in zip(rest[::2], rest[1::2], strict=True)}
    assert list(steps) == list(range(1, len(steps) + 1))
    return Recipe(blocks(start, 4), steps)


def blocks(text, indent):
    """Return the blocks of code in a text: lines indented by `indent` spaces."""
    found = re.findall(rf"(?:^ {{{indent}}}.*\n)+", text, re.MULTILINE)
    return [re.sub(rf"^ {{{indent}}}", "", block, flags=re.MULTILINE) for block in found]


class Machine:
    """A folder, the servers that run in it, and the commands of a recipe that were run."""

    def __init__(self, folder):
        self.folder = folder
        self.servers = []
        self._ports = [free_port(), free_port()]
        self._environ = environment("")
        del self._environ["DATASETTE_SECRET"]
        self._environ["PATH"] = f"{PROGRAMS}:{os.environ['PATH']}"
        (folder / "secret.txt").write_text(FIRST + "\n")
        (folder / "datasette.yaml").write_text("settings: {}\n")
        with closing(sqlite3.connect(folder / "garden.db")) as connection, connection:
            connection.execute("create table plants (id integer primary key)")

    def configure(self, block):
        """Write the block of YAML into datasette.yaml."""
        assert "datasette-dstok" in yaml.safe_load(block)["plugins"]
        (self.folder / "datasette.yaml").write_text(block)

    def run(self, block):
        """Run a block in bash, at the first server; return its stdout."""
        command = ["bash", "-e", "-c", block.replace(PORT, str(self._ports[0]))]
        done = subprocess.run(
            command, cwd=self.folder, env=self._environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def restart(self, block):
        """Restart the servers with a block, one after the other; yield when each is up."""
        for number, port in enumerate(self._ports):
            if number < len(self.servers):
                self.end(self.servers[number])
            server = self.start(block, port)
            self.servers[number : number + 1] = [server]
            yield server

    def start(self, block, port):
        """Start a server with a block, at a port of ours; return it when it answers."""
        assert "datasette serve" in block
        assert f"--port {PORT}" in block
        log = self.folder / f"{port}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["bash", "-c", block.replace(PORT, str(port))],
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        server = Server(f"http://127.0.0.1:{port}", process, log)
        await_answer(server)
        return server

    def stop(self):
        """Stop all servers."""
        while self.servers:
            self.end(self.servers.pop())

    def end(self, server):
        """Stop a server, with the shell that started it."""
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGTERM)
        server.process.wait(PATIENCE)

    def secret(self, name="secret.txt"):
        """Return a secret that the recipe made, as the shell reads it."""
        return (self.folder / name).read_text().rstrip("\n")


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.stop()


def session(secret, actor="ann"):
    """Return the cookie of somebody who logs in, or who forges one."""
    return URLSafeSerializer(secret, "actor").dumps({"a": {"id": actor}})


def token(secret, actor="ann"):
    """Return an API token, as Datasette makes it."""
    payload = {"a": actor, "t": 1_700_000_000}
    return "dstok_" + URLSafeSerializer(secret, "token").dumps(payload)


def actor(server, **credentials):
    """Return the ID of whom a server takes somebody for, or None."""
    answer = server.request("/-/actor.json", **credentials)
    found = answer.json["actor"] if answer.status == 200 else None
    return found["id"] if found else None


class Person:
    """Somebody with a browser and a token."""

    def __init__(self, secret):
        self.cookie, self.token = session(secret), token(secret)

    def uses_browser(self, server):
        """Tell whether the session works; the browser keeps the cookie that comes back."""
        answer = server.request("/-/actor.json", cookie=self.cookie)
        self.cookie = set_cookie(answer) or self.cookie
        return answer.json["actor"] == {"id": "ann"}

    def uses_token(self, server):
        """Tell whether the token works."""
        return actor(server, token=self.token) == "ann"


def test_rotate_the_secret(machine):
    steps = recipe("Rotate the secret")
    (start,) = steps.start
    list(machine.restart(start))
    ann = Person(FIRST)

    def nobody_is_lost():
        for server in machine.servers:
            assert ann.uses_browser(server)
            assert ann.uses_token(server)

    nobody_is_lost()
    make, configure, accept, swap, (look,), (remove, clean_up) = map(steps.steps.get, range(1, 7))
    machine.run(*make)
    new = machine.secret("new.txt")
    assert new != FIRST
    machine.configure(*configure)
    for step in (accept, swap):
        for _ in machine.restart(*step):
            nobody_is_lost()
    ann.uses_browser(machine.servers[0])
    assert URLSafeSerializer(new, "actor").loads(ann.cookie)["a"] == {"id": "ann"}

    report = json.loads(machine.run(look))
    assert [one["name"] for one in report["secrets"]] == ["the current secret", "old secret 1"]
    assert report["secrets"][1]["verdict"]["level"] == "keep"

    for server in machine.restart(remove):
        assert ann.uses_browser(server)
        assert actor(server, token=token(new)) == "ann"
        # Its owner did not replace it.
        assert not ann.uses_token(server)
    machine.run(clean_up)
    assert machine.secret() == new
    # The next time begins as this one did.
    list(machine.restart(start))
    assert all(map(ann.uses_browser, machine.servers))


def test_after_a_leak(machine):
    """The secret leaks, is rotated as if nothing was, and so is known as an old one."""
    steps = recipe("After a leak")
    assert steps.start == []
    hygiene = recipe("Rotate the secret")
    list(machine.restart(*hygiene.start))
    forged = Person(FIRST)
    assert forged.uses_browser(machine.servers[0])
    with closing(sqlite3.connect(machine.folder / "internal.db")) as connection, connection:
        connection.execute(
            "create table _datasette_auth_tokens"
            " (id integer primary key, token_status text, ended_timestamp integer)"
        )
        connection.execute("insert into _datasette_auth_tokens (token_status) values ('A'), ('E')")

    make, revoke, stop, tokens, start, check, look = map(steps.steps.get, range(1, 8))
    assert stop == look == []
    machine.run(*make)
    assert machine.secret("leaked.txt") == FIRST
    machine.configure(*revoke)
    machine.stop()
    machine.run(*tokens)
    with closing(sqlite3.connect(machine.folder / "internal.db")) as connection:
        found = connection.execute(
            "select token_status, ended_timestamp > 1700000000 from _datasette_auth_tokens"
        )
        assert found.fetchall() == [("R", 1), ("E", None)]
    for server in machine.restart(*start):
        assert not forged.uses_browser(server)
        assert not forged.uses_token(server)
        again = Person(machine.secret())
        assert again.uses_browser(server)
        assert again.uses_token(server)
    assert machine.run(*check) == "401\n"


def test_only_an_old_secret_leaked(machine):
    """The last paragraph of the recipe: the secret goes from one list to the other."""
    hygiene = recipe("Rotate the secret")
    leak = recipe("After a leak")
    machine.run(*hygiene.steps[1])
    machine.configure(*hygiene.steps[2])
    list(machine.restart(*hygiene.steps[4]))
    forged, kept = Person(FIRST), Person(machine.secret("new.txt"))
    for server in machine.servers:
        assert forged.uses_browser(server)
        assert kept.uses_browser(server)
    assert forged.cookie != session(FIRST)
    machine.configure(*leak.steps[2])
    machine.run("mv secret.txt leaked.txt; mv new.txt secret.txt")
    for server in machine.restart(*leak.steps[5]):
        assert not forged.uses_browser(server)
        assert not forged.uses_token(server)
        assert kept.uses_browser(server)
        assert kept.uses_token(server)
