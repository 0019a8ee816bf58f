"""Runs the two sides of a comparison: real Datasette (the driver) and dstok."""

import argparse
import json
import subprocess
from pathlib import Path

from oracle import environments

HERE = Path(__file__).resolve().parent


class ProcessFailure(Exception):
    """A process ended badly or answered too little; the message is one line."""


def add_dstok_option(parser):
    """Add the option --dstok to a parser. Its value is the absolute path of a file."""
    default = environments.REPOSITORY / "target" / "release" / "dstok"
    # argparse checks a default only if it is a string.
    parser.add_argument("--dstok", type=_binary, metavar="PATH", default=str(default),
                        help="the binary (default target/release/dstok)")


def _binary(text):
    path = Path(text).resolve()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"no {text}: run `cargo build --release` or give --dstok")
    return path


def cargo_build(*options):
    """Build dstok for release, or what the options say, and return the folder it is in. Raises ProcessFailure."""
    command = ["cargo", "build", "--quiet", "--release", "--locked", *options]
    try:
        done = subprocess.run(command, cwd=environments.REPOSITORY, check=False)
    except OSError as error:
        raise ProcessFailure(f"cargo: {error.strerror}: install a Rust toolchain") from error
    if done.returncode:
        raise ProcessFailure("cargo build failed")
    return environments.REPOSITORY / "target" / "release"


def ask_datasette(version, requests, driver="driver.py"):
    """Return the driver's answers for `requests`, in order.

    A request is a dict with method and, where needed, params (text) and config.
    `driver` may name another file of this folder that speaks as the driver does.
    Raises ProcessFailure.
    """
    lines = [json.dumps({"id": n, **request}) for n, request in enumerate(requests)]
    output = run_in_environment(version, driver, data="\n".join(lines) + "\n")
    return _answers(output, len(lines), f"Datasette {version}")


def run_in_environment(version, module, *arguments, data=""):
    """Run a file of this folder in an environment's Python and return its stdout (str).

    Isolated mode keeps user sites and PYTHON* variables out. Raises ProcessFailure.
    """
    command = [environments.python(version), "-I", HERE / module, *arguments]
    done = subprocess.run(
        [str(word) for word in command],
        input=data.encode(),
        capture_output=True,
        env=environments.clean_environ(),
        check=False,
    )
    if done.returncode:
        raise ProcessFailure(f"{module} in the environment {version}: {_last_line(done.stderr)}")
    return done.stdout.decode()


def ask_dstok(dstok, options, requests, secret=None):
    """Return dstok's answers for `requests`, in order.

    `dstok` is the binary's path, `options` a list of `serve` options. A request
    is a dict with method and params (JSON text). `secret` goes into the
    environment, or with None must come by `configure`. Raises ProcessFailure.
    """
    data = b"".join(request_line(n, request).encode() for n, request in enumerate(requests))
    # As bytes: the locale must not decide how a secret is encoded.
    extra = {} if secret is None else {"DATASETTE_SECRET": secret.encode()}
    try:
        done = subprocess.run(
            [str(dstok), "serve", *options],
            input=data,
            capture_output=True,
            env=environments.clean_environ(**extra),
            check=False,
        )
    except OSError as error:
        raise ProcessFailure(f"{dstok}: {error.strerror}") from error
    if done.returncode:
        raise ProcessFailure(f"dstok: exit code {done.returncode}: {_last_line(done.stderr)}")
    return _answers(done.stdout.decode(), len(requests), "dstok")


def request_line(number, request):
    """Return one JSON-RPC request line (str, with newline) that carries params untouched."""
    return (
        f'{{"jsonrpc":"2.0","id":{number},"method":"{request["method"]}",'
        f'"params":{request["params"]}}}\n'
    )


def _answers(output, count, who):
    # Not splitlines(): answers hold U+2028 and the like as they are.
    answers = [json.loads(line) for line in output.split("\n") if line]
    if [answer["id"] for answer in answers] != list(range(count)):
        raise ProcessFailure(f"{who}: {len(answers)} answers to {count} requests, or out of order")
    return answers


def _last_line(stderr):
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
