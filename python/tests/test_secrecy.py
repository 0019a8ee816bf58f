"""The secret goes through the pipe, and stands nowhere else."""

from __future__ import annotations

import logging
import os
import signal
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import dstok
from dstok._sidecar import Sidecar
from processes import Done, wait_for
from support import Fake, untyped

SECRET = "secret-8d1f0c53"
OLD = "former-5b0e77aa"

on_linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")


@on_linux
def test_not_in_the_arguments_nor_the_environment_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATASETTE_SECRET", f"{SECRET}-of-the-environment")
    monkeypatch.setenv("DSTOK_OLD_SECRETS", OLD)
    with dstok.Client(secret=SECRET, old_secrets=[OLD]) as client:
        assert client.info()["secrets"] == 2
        process = Path(f"/proc/{client.pid}")
        shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert SECRET.encode() not in shown
    assert OLD.encode() not in shown
    # Where the environment is asked for, it is there: this test sees what it looks at.
    with dstok.Client() as client:
        assert client.info()["secrets"] == 2
        assert SECRET.encode() in Path(f"/proc/{client.pid}/environ").read_bytes()


def test_the_environment_of_the_process(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program that writes down its environment and its descriptors gets nothing but these."""
    binary = fake(
        """
        def serve(request):
            return [sorted(os.environ), [fd for fd in range(3, 256) if is_open(fd)]]

        def is_open(fd):
            try:
                os.fstat(fd)
                return True
            except OSError:
                return False
        """
    )
    secrets = {"DATASETTE_SECRET": SECRET, "DSTOK_OLD_SECRETS": OLD}
    needed = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "/")}
    others = {"API_KEY": "k", "LD_PRELOAD": "", "RUST_BACKTRACE": "1", "HOME": "/", "DSTOK_X": "x"}
    for name, value in {**secrets, **needed, **others}.items():
        monkeypatch.setenv(name, value)
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    added = {"LC_CTYPE"}  # by a Python that finds no locale
    for secret, expected in ((SECRET, {*needed}), (None, {*needed, *secrets})):
        with dstok.Client(secret=secret, binary=binary) as client:
            names, open_ones = untyped(client).call("anything")
        assert {*names} - added == expected
        assert open_ones == []
    os.close(reader)
    os.close(writer)


def provoked(client: dstok.Client, token: str) -> list[Callable[[], object]]:
    """Return calls that go wrong in many ways, with secrets and tokens in them."""
    return [
        lambda: client.configure(secret=""),
        lambda: client.configure(secret=SECRET.encode()),  # type: ignore[arg-type]
        lambda: client.configure(secret=f"{SECRET}\ud800"),
        lambda: client.configure(secret=SECRET, old_secrets=SECRET),  # type: ignore[arg-type]
        lambda: client.configure(old_secrets=[SECRET, SECRET.encode()]),  # type: ignore[list-item]
        lambda: client.configure(secret=SECRET, datasette_version="never"),
        lambda: client.configure(secret=SECRET, actions={SECRET: {1}}),
        lambda: untyped(client).call("configure", {"secret": SECRET, "nothing": SECRET}),
        lambda: untyped(client).call("configure", {"secret": {SECRET}}),
        lambda: client.call("configure", {"secret": f"{SECRET}\ud800"}),
        lambda: client.verify_token(f"{token}x"),
        lambda: client.verify_token(f"{token}\ud800"),
        lambda: client.unsign(token),
        lambda: client.call("verify_token", [token, {"now"}]),
        lambda: client.call("verify_token", [token] * 9),
        lambda: client.call("verify_token", [token, "now"]),
        lambda: untyped(client).call("verify_token", {"token": token, "no": 1}),
        lambda: list(client.map("verify_token", [[f"{token}x"]])),
        lambda: client.batch([("verify_token", [f"{token}x"])]),
    ]


def awaited(sidecar: Sidecar) -> int:
    """Return how many lines were written and not yet answered."""
    with sidecar._lock:
        return len(sidecar._awaited)


def test_not_in_errors_logs_or_reprs(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    with dstok.Client(secret=SECRET, old_secrets=[OLD]) as client:
        token = client.create_token("root")
        for call in provoked(client, token):
            with pytest.raises(dstok.DstokError) as caught:
                call()
            error = caught.value
            chain = [error, error.__context__, error.__cause__]
            seen += [f"{one!r} {one} {getattr(one, '__dict__', None)}" for one in chain]
            seen += [line for line in traceback.format_exception(error) if "lambda" not in line]
        os.kill(client.pid or 0, signal.SIGSTOP)
        # Stopped, it cannot answer this one before it is killed.
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(client.verify_token, token)
            sidecar = client._connection.current()
            assert sidecar is not None
            assert wait_for(lambda: awaited(sidecar) == 1)
            with pytest.raises(dstok.CallTimeout) as late:
                client.call("verify_token", [token], timeout=0.01)
            os.kill(sidecar.pid, signal.SIGKILL)
            with pytest.raises(dstok.ProcessDied) as died:
                waiting.result()
        seen += [repr(late.value), repr(died.value)]
        seen += [repr(client), repr(client._connection.configuration)]
        client.configure(datasette_version="2.0")  # warned of on stderr
    captured = capfd.readouterr()
    text = "\n".join([*seen, caplog.text, captured.out, captured.err])
    assert "treating it as" in text
    for secret in (SECRET, OLD, token):
        assert secret not in text


def test_not_told_to_a_program_that_is_not_dstok(fake: Fake, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    binary = fake(
        f"""
        INFO["version"] = "0.0.9"

        def answer(request):
            with open({str(heard)!r}, "a") as log:
                log.write(json.dumps(request))
            return dict(INFO)
        """
    )
    client = dstok.Client(secret=SECRET, binary=binary)
    with client, pytest.raises(dstok.VersionMismatch):
        client.ping()
    assert '"info"' in heard.read_text()
    assert SECRET not in heard.read_text()


@pytest.mark.parametrize("wrong", ["", b"bytes", 5, ["a"]])
def test_secrets_that_are_none(wrong: Any) -> None:
    with pytest.raises(dstok.InvalidArgument) as caught:
        dstok.Client(secret=wrong)
    assert caught.value.param == "secret"
    with pytest.raises(dstok.InvalidArgument) as old:
        dstok.Client(secret="a", old_secrets=[wrong])
    assert old.value.param == "old_secrets"
    with pytest.raises(dstok.InvalidArgument, match="old_secrets"):
        dstok.Client(old_secrets=["a"])


@pytest.mark.parametrize("level", [None, logging.INFO])
def test_stderr_goes_to_the_log(
    caplog: pytest.LogCaptureFixture, fake: Fake, level: int | None
) -> None:
    caplog.set_level(logging.DEBUG)
    binary = fake(
        """
        def serve(request):
            sys.stderr.write("first\\nsecond " + "x" * 20000 + "\\nno end")
            sys.stderr.flush()
            os._exit(9)
        """
    )
    client = dstok.Client(binary=binary)
    if level is not None:
        client = dstok.Client(binary=binary, log_level=level)
    with client, pytest.raises(dstok.ProcessDied) as caught:
        client.ping()
    start, *records, death = [record for record in caplog.records if record.name == "dstok"]
    assert (start.levelno, death.levelno) == (logging.INFO, logging.WARNING)
    assert {record.levelno for record in records} == {level or logging.WARNING}
    logged = [record.getMessage() for record in records]
    assert logged[0] == "first"
    assert "".join(logged[1:]) == "second " + "x" * 20000 + "no end"
    assert caught.value.returncode == 9
    assert caught.value.stderr.endswith("no end")


def test_much_on_stderr_does_not_stop_it(fake: Fake, run_python: Callable[[str], Done]) -> None:
    binary = fake(
        """
        def serve(request):
            sys.stderr.write("x" * 3_000_000)
            sys.stderr.flush()
            return "pong"
        """
    )
    code = f"import dstok; print(dstok.Client(binary={str(binary)!r}).ping())"
    assert run_python(code).stdout == "pong\n"
