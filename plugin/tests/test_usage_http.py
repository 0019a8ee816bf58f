"""The use of secrets on real servers, that share an internal database or have none."""

import json
import sqlite3
import subprocess
import time
from contextlib import ExitStack, closing, contextmanager

import pytest
from helpers import CURRENT, OLD, OLDER, cookie, token
from itsdangerous import URLSafeSerializer
from servers import COMMAND, PATIENCE, environment, serve

OPTIONS = {"old_secrets": [OLD, OLDER]}
ROOT = cookie(CURRENT, {"id": "root"})

# A plugin that makes the tests wait less, unsigns something of its own, and tracks events.
PLUGIN = """
import json, time
from datasette import hookimpl, Response
from datasette_dstok import notices, store, usage

usage.INTERVAL = notices.INTERVAL = 0.05
store.PATIENCE = {patience}

@hookimpl
def register_routes():
    def export(datasette, request):
        return Response.json(datasette.unsign(request.args["signed"], "export"))
    return [("^/export$", export)]

@hookimpl
def track_event(datasette, event):
    if event.name.startswith("dstok-"):
        with open({events!r}, "a") as file:
            file.write(json.dumps([event.name, event.actor, event.properties()]) + "\\n")
"""


@contextmanager
def run(folder, internal=None, options=OPTIONS, patience=0.5, plugin=True):
    """Run a server; yield it."""
    arguments = ["--internal", internal] if internal else []
    if plugin:
        plugins = folder / "plugins"
        plugins.mkdir(exist_ok=True)
        code = PLUGIN.format(patience=patience, events=str(folder / "events.jsonl"))
        (plugins / "quick.py").write_text(code)
        arguments += ["--plugins-dir", plugins]
    with serve(folder, CURRENT, options, arguments) as server:
        yield server


def report(server):
    """Return what /-/dstok.json says to root."""
    answer = server.request("/-/dstok.json", cookie=ROOT)
    assert answer.status == 200
    return answer.json


def uses(server, number=1):
    """Return {kind: (requests, actors)} of a secret."""
    found = report(server)["secrets"][number]["uses"]
    return {use["kind"]: (use["requests"], use["actors"]) for use in found if use["requests"]}


def tokens_in(internal):
    """Return [(requests, actors)] for the tokens of each secret in an internal database."""
    with closing(sqlite3.connect(internal)) as connection:
        return connection.execute(
            "select requests, actors from datasette_dstok_usage where kind = 'tokens'"
        ).fetchall()


def await_equal(function, expected):
    """Wait until a function returns what is expected."""
    deadline = time.monotonic() + PATIENCE
    while (found := function()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == expected


def use_tokens(server, count, secret=OLD, actor="ann"):
    for _ in range(count):
        answer = server.request("/-/actor.json", token=token(secret, actor))
        assert answer.json["actor"]["id"] == actor


def test_four_processes_add_up_and_a_restart_keeps(tmp_path):
    internal = tmp_path / "internal.db"
    expected = {"tokens": (10, 4), "cookies": (4, 1), "export": (4, None)}
    signed = URLSafeSerializer(OLD, "export").dumps({"rows": 5})
    with ExitStack() as stack:
        servers = [stack.enter_context(run(tmp_path, internal)) for _ in range(4)]
        for number, server in enumerate(servers):
            use_tokens(server, number + 1, actor=f"user {number}")
            server.request("/-/actor.json", cookie=cookie(OLD, {"id": "bob"}))
            assert server.request(f"/export?signed={signed}").json == {"rows": 5}
        for server in servers:
            await_equal(lambda server=server: uses(server), expected)
            assert report(server)["scope"] == "all processes"
    with run(tmp_path, internal) as server:
        assert uses(server) == expected
        old, older = report(server)["secrets"][1:]
        assert old["verdict"]["level"] == "keep"
        assert old["verdict"]["text"].startswith("Last used ")
        assert older["verdict"]["level"] == "watch"
    # The last one of four, and then one, have removed a secret.
    with run(tmp_path, internal, {"old_secrets": [OLDER]}) as server:
        removed = report(server)["secrets"][2]
        assert (removed["name"], removed["verdict"]) == ("a removed secret", None)
        assert removed["uses"][1]["requests"] == 10


def test_what_was_used_is_written_down_at_shutdown(tmp_path):
    """Without the plugin that writes more often: ten seconds would not have passed."""
    internal = tmp_path / "internal.db"
    with run(tmp_path, internal, plugin=False) as server:
        use_tokens(server, 3)
    assert tokens_in(internal) == [(3, 1)]


def test_a_locked_database_loses_nothing_and_no_request_waits(tmp_path):
    """The writing waits for the lock for longer than a request may take; the requests do not."""
    internal = tmp_path / "internal.db"
    with run(tmp_path, internal, patience=10 * PATIENCE) as server:
        use_tokens(server, 1)
        await_equal(lambda: uses(server), {"tokens": (1, 1)})
        with closing(sqlite3.connect(internal, timeout=PATIENCE, isolation_level=None)) as other:
            other.execute("begin immediate")
            use_tokens(server, 1)
            time.sleep(1)  # so that the writing has begun to wait
            use_tokens(server, 20, actor="bob")
            other.execute("commit")
        await_equal(lambda: uses(server), {"tokens": (22, 2)})


def test_a_database_that_stays_locked(tmp_path):
    internal = tmp_path / "internal.db"
    with run(tmp_path, internal, patience=0.01) as server:
        await_equal(lambda: uses(server), {})
        with closing(sqlite3.connect(internal, timeout=PATIENCE, isolation_level=None)) as other:
            other.execute("begin exclusive")
            use_tokens(server, 5)
            await_equal(lambda: "cannot be written to" in server.log.read_text(), True)
            use_tokens(server, 5)
            other.execute("rollback")
        await_equal(lambda: uses(server), {"tokens": (10, 1)})
        assert server.log.read_text().count("cannot be written to") == 1


def verdicts(server):
    """Return the levels of the verdicts on the old secrets."""
    return [secret["verdict"]["level"] for secret in report(server)["secrets"][1:]]


def test_verdicts_over_restarts(tmp_path):
    internal = tmp_path / "internal.db"

    def change(assignment):
        with closing(sqlite3.connect(internal)) as connection:
            connection.execute(f"update datasette_dstok_secrets set {assignment}")
            connection.commit()

    with run(tmp_path, internal) as server:
        assert verdicts(server) == ["watch", "watch"]
    # As if Datasette had been down for 14 days.
    change("observed_since = observed_since - 1209600, last_observed = last_observed - 1209600")
    with run(tmp_path, internal) as server:
        assert verdicts(server) == ["watch", "watch"]
    # As if it had run.
    change("unused = 1209600")
    with run(tmp_path, internal, {**OPTIONS, "safe_after_days": 15}) as server:
        assert verdicts(server) == ["watch", "watch"]
        assert report(server)["safe_after_days"] == 15
    with run(tmp_path, internal) as server:
        expected = "Not used for 14 days (observed for 14 days): safe to remove."
        assert report(server)["secrets"][2]["verdict"]["text"] == expected
        use_tokens(server, 1, OLDER)
        assert verdicts(server) == ["safe", "keep"]


def test_json_is_for_those_with_the_permission(tmp_path):
    with run(tmp_path) as server:
        for stranger in ({}, {"cookie": cookie(CURRENT, {"id": "ann"})}):
            answer = server.request("/-/dstok.json", **stranger)
            assert (answer.status, answer.json["ok"]) == (403, False)
        answer = server.request("/-/dstok.json", cookie=ROOT)
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.json.keys() == {"ok", "scope", "since", "safe_after_days", "secrets"}
        for secret in (CURRENT, OLD, OLDER):
            assert secret not in answer.text
        assert server.request("/-/dstok.json", cookie=ROOT, body={}).status == 405


@pytest.mark.parametrize("keep", [False, True])
def test_the_log_says_at_start_what_is_counted(tmp_path, keep):
    internal = tmp_path / "internal.db" if keep else None
    with run(tmp_path, internal) as server:
        use_tokens(server, 2)
        answer = report(server)
        assert answer["scope"] == ("all processes" if keep else "this process")
        verdicts = [secret["verdict"] is not None for secret in answer["secrets"]]
        assert verdicts == [False, keep, keep]
        line = "datasette-dstok: old secret 1 is still in use: last used just now by ann\n"
        await_equal(lambda: "still in use" in server.log.read_text(), True)
        use_tokens(server, 2)
    log = server.log.read_text()
    assert log.count("datasette-dstok: 2 old secrets accepted\n") == 1
    assert ("start Datasette with --internal FILE" in log) != keep
    assert log.count("still in use") == 1, line


def test_it_is_quiet_without_old_secrets(tmp_path):
    internal = tmp_path / "internal.db"
    with run(tmp_path, internal, options=None, plugin=False) as server:
        use_tokens(server, 1, CURRENT)
        assert uses(server, 0) == {}
    assert "datasette-dstok" not in server.log.read_text()
    with closing(sqlite3.connect(internal)) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master")]
    assert [name for name in tables if "dstok" in name] == []


def test_events(tmp_path):
    events = tmp_path / "events.jsonl"

    def tracked():
        return [json.loads(line) for line in events.read_text().splitlines()]

    events.touch()
    with run(tmp_path) as server:
        use_tokens(server, 2, CURRENT)
        for actor in ("ann", "bob"):
            use_tokens(server, 2, actor=actor)
        server.request("/-/actor.json", cookie=cookie(OLDER, {"id": "ann"}))
        await_equal(lambda: len(tracked()), 3)
        for _ in range(3):
            assert server.request("/-/actor.json", token=token("of nobody")).status == 401
        await_equal(lambda: len(tracked()), 4)
    names = [name for name, _, _ in tracked()]
    assert names == ["dstok-old-secret-used"] * 3 + ["dstok-tokens-refused"]
    used = [(actor, what["secret"], what["kind"]) for _, actor, what in tracked()[:3]]
    assert used == [
        ({"id": "ann"}, "old secret 1", "tokens"),
        ({"id": "bob"}, "old secret 1", "tokens"),
        ({"id": "ann"}, "old secret 2", "cookies"),
    ]
    assert 1 <= tracked()[3][2]["count"] <= 3


@pytest.mark.parametrize("arguments", [["--get", "/-/actor.json"], ["create-token", "ann"]])
def test_commands_that_do_one_thing_end(tmp_path, arguments):
    """They run `startup`, or nothing of the plugin; a task of it must not keep them."""
    configuration, internal = tmp_path / "datasette.json", tmp_path / "internal.db"
    configuration.write_text(json.dumps({"plugins": {"datasette-dstok": OPTIONS}}))
    if arguments[0] == "--get":
        arguments = [
            *arguments,
            "--config",
            configuration,
            "--internal",
            internal,
            "--token",
            token(OLD, "ann"),
        ]
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=environment(CURRENT),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    if arguments[0] == "--get":
        assert json.loads(done.stdout)["actor"]["id"] == "ann"
        # Though Datasette shuts nothing down then, the use counts.
        assert tokens_in(internal) == [(1, 1)]
    else:
        assert done.stdout.startswith("dstok_")
    assert "Task was destroyed" not in done.stderr
