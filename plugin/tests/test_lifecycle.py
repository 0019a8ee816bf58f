"""The process beside Datasette starts at the first need and never outlives it."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import dstok
import pytest
from helpers import CURRENT
from servers import COMMAND, PATIENCE, environment, serve

# A plugin that mints tokens, at startup if told to and for whoever asks, and
# notes which process made them.
MINTING_PLUGIN = """
import os
from datasette import Response, hookimpl
from datasette_dstok.instance import instance_of


async def mint(datasette):
    token = await datasette.create_token("somebody", handler="dstok")
    with open(os.path.join(os.environ["DSTOK_LIFECYCLE_TEST"], "pids"), "a") as file:
        client = instance_of(datasette).sidecar._client
        print(client and client.pid or 0, file=file)
    return Response.text(token)


@hookimpl
def startup(datasette):
    return mint(datasette) if "MINT_AT_STARTUP" in os.environ else None


@hookimpl
def register_routes():
    return [(r"^/mint$", mint)]
"""

MARKER = "DSTOK_LIFECYCLE_TEST"


@pytest.fixture
def plugins(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "minting.py").write_text(MINTING_PLUGIN)
    return ["--plugins-dir", folder]


@pytest.fixture
def marker(tmp_path):
    """Return an environment with which all sidecars of a test have a path of their own."""
    binary = tmp_path / "of-this-test" / "dstok"
    binary.parent.mkdir()
    binary.symlink_to(dstok.find_binary())
    return {MARKER: str(tmp_path), "DSTOK_BINARY": str(binary)}


def minted_by(marker):
    """Return the ids of the processes that minted tokens, in order."""
    return [int(line) for line in Path(marker[MARKER], "pids").read_text().split()]


def processes(marker):
    """Return the ids of the test's sidecars."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # ended
            continue
        if os.fsdecode(command[0]) == marker["DSTOK_BINARY"]:
            found.append(int(folder.name))
    return found


def await_no_process(marker):
    """Fail if a sidecar is still there after some seconds."""
    deadline = time.monotonic() + 10
    while left := processes(marker):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="counts processes in /proc"
)


@needs_proc
@pytest.mark.parametrize("ending", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_server(tmp_path, plugins, marker, ending):
    with serve(tmp_path, CURRENT, {"default_handler": True}, plugins, marker) as server:
        server.request("/-/actor.json")
        assert processes(marker) == [], "started before there was a need"
        for _ in range(3):
            assert server.request("/mint").text.startswith("dstok_")
        (sidecar,) = processes(marker)
        assert minted_by(marker) == [sidecar] * 3
        assert os.stat(f"/proc/{sidecar}").st_uid == os.getuid()
        command = Path(f"/proc/{sidecar}/cmdline").read_text()
        environ = Path(f"/proc/{sidecar}/environ").read_text()
        assert CURRENT not in command
        assert CURRENT not in environ
        server.process.send_signal(getattr(signal, ending))
        server.process.wait(PATIENCE)
        await_no_process(marker)


@needs_proc
def test_sidecar_that_is_killed(tmp_path, plugins, marker):
    with serve(tmp_path, CURRENT, {"default_handler": True}, plugins, marker) as server:
        for _ in range(3):
            assert server.request("/mint").status == 200
            for sidecar in processes(marker):
                os.kill(sidecar, signal.SIGKILL)
        assert server.request("/mint").status == 200
        assert len(set(minted_by(marker))) == 4, "a new one each time"
    await_no_process(marker)


@needs_proc
def test_sidecar_that_is_killed_while_it_is_busy(tmp_path, plugins, marker):
    """Every request gets a token all the same."""
    with (
        serve(tmp_path, CURRENT, {"default_handler": True}, plugins, marker) as server,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = [pool.submit(server.request, "/mint") for _ in range(300)]
        while not all(answer.done() for answer in answers):
            for sidecar in processes(marker):
                with suppress(ProcessLookupError):
                    os.kill(sidecar, signal.SIGKILL)
            time.sleep(0.05)
        tokens = [answer.result().text for answer in answers]
        assert {server.request("/-/actor.json", token=one).status for one in set(tokens)} == {200}
        # One warning for each kind of failure: that it died, that it was not there in time.
        assert server.log.read_text().count("the program dstok is not available") <= 2
    await_no_process(marker)


@pytest.mark.parametrize("level", [None, "INFO"])
def test_sidecar_that_fails_is_one_warning(tmp_path, plugins, marker, broken_binary, level):
    """What it says itself is shown to who asks for it."""
    if level:
        setup = f"import logging\nlogging.basicConfig(level='{level}')\n"
        (tmp_path / "plugins" / "show_more.py").write_text(setup)
    binary = broken_binary("echo no room left >&2; exit 3")
    with serve(tmp_path, CURRENT, {"binary": binary}, plugins, marker) as server:
        for _ in range(2):
            assert server.request("/mint").status == 200
        lines = [line for line in server.log.read_text().splitlines() if "no room left" in line]
    itself = [line for line in lines if line.endswith("dstok:no room left")]
    (warning,) = [line for line in lines if line not in itself]
    assert "datasette-dstok: the program dstok is not available" in warning
    assert len(itself) == (2 if level else 0), "it is started twice"


@needs_proc
def test_sidecar_that_is_stopped(tmp_path, plugins, marker):
    """One that hangs is waited for once, and ended by force."""
    with serve(tmp_path, CURRENT, {"timeout": 1}, plugins, marker) as server:
        server.request("/mint")
        (sidecar,) = processes(marker)
        os.kill(sidecar, signal.SIGSTOP)
        assert server.request("/mint").status == 200
        assert minted_by(marker) == [sidecar, 0], "the second by Datasette itself"
        await_no_process(marker)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    await_no_process(marker)


def run(arguments, marker, **environ):
    """Run a datasette command; return its stdout."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=environment(CURRENT, **{**marker, **environ}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_proc
def test_get(plugins, marker):
    assert run(["--get", "/mint", *plugins], marker, MINT_AT_STARTUP="1").startswith("dstok_")
    assert len(set(minted_by(marker))) == 1, "one process for both event loops"
    await_no_process(marker)


@needs_proc
def test_create_token(plugins, marker):
    assert run(["create-token", "alice", *plugins], marker, MINT_AT_STARTUP="1").startswith(
        "dstok_"
    )
    assert len(minted_by(marker)) == 1
    await_no_process(marker)


@needs_proc
def test_commands_start_nothing_by_themselves(tmp_path, marker):
    broken = {"DSTOK_BINARY": str(tmp_path / "missing")}
    assert run(["create-token", "alice"], marker, **broken).startswith("dstok_")
    assert "datasette-dstok" in run(["plugins"], marker, **broken)
    run(["--get", "/-/versions.json"], marker, **broken)


@needs_proc
def test_mistake_in_the_configuration_is_one_line(tmp_path, marker):
    configuration = tmp_path / "datasette.json"
    configuration.write_text('{"plugins": {"datasette-dstok": {"old_secret": ["do not show"]}}}')
    for arguments in (["serve", "--port", "0"], ["--get", "/"]):
        done = subprocess.run(
            [*COMMAND, *arguments, "--config", configuration],
            env=environment(CURRENT, **marker),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 1
        assert "Error: datasette-dstok: unknown option 'old_secret'" in done.stderr
        assert "do not show" not in done.stderr
        assert "Traceback" not in done.stderr
