"""Runs `dstok create-tokens`."""

import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from oracle import environments

NOW = 1700000000
SECRET = "a secret for records"


@dataclass
class Outcome:
    """What a run left."""

    code: int
    # None if there is no such file.
    output: bytes | None
    failed: bytes | None
    stderr: str
    # What is on stdout where the output is a file.
    stray: bytes = b""


def run(dstok, data, options, folder, sizes=None, extra=(), **settings):
    """Return the Outcome of a run.

    With `sizes`, stdin is a socket that keeps the bounds of messages: each read gets one piece of
    the next size. Without, the input is a file. `settings` are for Popen.
    """
    paths = {name: Path(folder) / name for name in ("secret", "input", "output", "failed", "stdout", "stderr")}
    paths["secret"].write_text(SECRET)
    paths["secret"].chmod(0o600)
    command = [dstok, "create-tokens", "--secret-file", paths["secret"], "--now", NOW, *options.words(), *extra]
    command += ["--output", paths["output"]] if options.to_file else []
    command += ["--failed", paths["failed"]] if options.keep_failed else []
    if sizes is None:
        paths["input"].write_bytes(data)
        command.append(paths["input"])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with open(paths["stdout"], "wb") as stdout, open(paths["stderr"], "wb") as stderr:
        process = subprocess.Popen([str(word) for word in command], stdin=theirs, stdout=stdout, stderr=stderr,
                                   env=environments.clean_environ(), **settings)
        theirs.close()
        with ours:
            send(ours, data if sizes else b"", sizes)
        code = process.wait()
    found = {name: path.read_bytes() for name, path in paths.items() if path.exists()}
    for path in paths.values():
        path.unlink(missing_ok=True)
    output, stray = (found.get("output"), found["stdout"]) if options.to_file else (found["stdout"], b"")
    return Outcome(code, output, found.get("failed"), found["stderr"].decode(), stray)


def send(to, data, sizes):
    at = 0
    try:
        while at < len(data):
            size = next(sizes)
            to.sendall(data[at : at + size])
            at += size
    except (BrokenPipeError, ConnectionResetError):
        pass  # dstok has read enough
