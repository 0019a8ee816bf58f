"""The protocol of `dstok serve` with real Datasette behind it; runs inside an environment's Python.

`scripts/reference_server` starts it. Its messages are its own, except those of
token_invalid, which are Datasette's.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # isolated mode leaves it out

import driver
import environments
import jsonrpc
from failure import Failure
from inspection import inspect_token
from parameters import SIGNING, check, is_actions, known_release, merged_restrictions, read_setting
from strict_json import Scanner

METHODS = {
    **driver.PARAMETERS,
    "inspect_token": {"token": driver.REQUIRED, "now": None},
    "configure": dict.fromkeys(
        ("secret", "datasette_version", "actions", "settings", "zlib", "itsdangerous", "old_secrets")
    ),
    "info": {},
    "ping": {},
}
NEED_SECRET = (*SIGNING, "unsign", "verify_token", "verify_actor_cookie", "token_allows_action")


class Reference:
    """Calls methods; `config` is what the driver documents, where secret may be None.

    `frozen_now` is Unix seconds (float), or None for the system's clock.
    """

    def __init__(self, oracle, config, frozen_now=None):
        self._oracle = oracle
        self._config = config
        self._frozen_now = frozen_now
        self._version = driver.datasette.__version__
        self._scanner = Scanner()
        self._elsewhere = None

    def call(self, method, params):
        """Return the result of a method, called with a strict_json.Value or None. Raises Failure."""
        if self._elsewhere:
            return self._elsewhere.call(method, params)
        if method not in METHODS:
            raise Failure("method_not_found", f"no method {method!r}")
        parameters = METHODS[method]
        required = [name for name, default in parameters.items() if default is driver.REQUIRED]
        given = jsonrpc.bind(list(parameters), required, params, self._scanner)
        for name in parameters:
            if name in given:
                check(method, name, given[name])
        arguments = {**parameters, **{name: value.data for name, value in given.items()}}
        if method in ("configure", "info", "ping"):
            return getattr(self, f"_{method}")(**arguments)
        now = arguments.pop("now", None)
        if now is None:
            now = time.time() if self._frozen_now is None else self._frozen_now
        if method == "create_token":
            arguments = merged_restrictions(arguments)
        return self._run(method, float(now), arguments)

    def _run(self, method, now, arguments):
        if method == "inspect_token":
            if self._version.startswith("0."):
                raise Failure("not_supported", f"Datasette {self._version} has no API tokens")
            return inspect_token(self._oracle, self._verifying(), arguments["token"], now)
        config = self._config if method in SIGNING else self._verifying()
        if method not in NEED_SECRET or config["secret"]:
            return self._oracle.run(method, config, now, arguments)
        try:
            self._oracle.run(method, {**config, "secret": "for what is wrong besides"}, now, arguments)
        except Failure as failure:
            if failure.kind in ("invalid_params", "not_supported"):
                raise
        raise Failure("no_secret", "no secret is configured")

    def _verifying(self):
        """Return the configuration with an old secret in place of a secret that is not there."""
        newest, *others = [
            *([self._config["secret"]] if self._config["secret"] else []),
            *(self._config.get("old_secrets") or []),
        ] or [None]
        return {**self._config, "secret": newest, "old_secrets": others}

    def _ping(self):
        return "pong"

    def _info(self):
        settings = self._config.get("settings") or {}
        return {
            "name": "dstok-reference",
            "version": "0",
            "protocol": 1,
            "datasette_version": self._version,
            "datasette_version_known": True,
            "zlib": self._config.get("zlib", "zlib"),
            "itsdangerous": self._config.get("itsdangerous", "2.2"),
            "settings": {
                "allow_signed_tokens": settings.get("allow_signed_tokens", True),
                "max_signed_tokens_ttl": settings.get("max_signed_tokens_ttl", 0),
            },
            "secrets": bool(self._config["secret"]) + len(self._config.get("old_secrets") or []),
            "methods": list(METHODS),
        }

    def _configure(self, secret, datasette_version, actions, settings, zlib, itsdangerous, old_secrets):
        config = dict(self._config)
        if secret is not None:
            config.update(secret=secret, old_secrets=[])
        if old_secrets is not None:
            config["old_secrets"] = old_secrets
        if settings is not None:
            read = dict(read_setting(name, value) for name, value in settings.items())
            config["settings"] = {**(config.get("settings") or {}), **read}
        given = {"actions": actions, "zlib": zlib, "itsdangerous": itsdangerous}
        config.update({name: value for name, value in given.items() if value is not None})
        version = self._version if datasette_version is None else known_release(datasette_version)
        if version != self._version:
            self._elsewhere = Elsewhere(version, config, self._frozen_now)
            return self._elsewhere.call("info", None)
        self._config = config
        return self._info()


class Elsewhere:
    """A reference server of another release, in its own environment."""

    def __init__(self, version, config, frozen_now):
        command = [environments.python(version), "-I", HERE / "reference.py"]
        self._process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environments.clean_environ(DSTOK_REFERENCE=json.dumps([config, frozen_now])),
        )

    def call(self, method, params):
        """Do as Reference.call."""
        text = params.text if params else "null"
        line = f'{{"jsonrpc":"2.0","id":0,"method":{json.dumps(method)},"params":{text}}}\n'
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "result" in answer:
            return answer["result"]
        error = answer["error"]
        raise Failure(error["data"]["kind"], error["message"], param=error["data"].get("param"))


def main():
    config, now, limits = configuration(sys.argv[1:])
    reference = Reference(driver.Oracle(), config, now)
    connection = jsonrpc.Connection(reference.call, **limits)
    for line in sys.stdin.buffer:
        answer = connection.answer_line(line)
        if answer:
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()


def configuration(words):
    """Return (config, frozen clock or None, limits) that options and environment say."""
    if "DSTOK_REFERENCE" in os.environ:  # from Elsewhere
        return (*json.loads(os.environ["DSTOK_REFERENCE"]), {})
    options = parse_arguments(words)
    config = {"settings": {}, "zlib": options.zlib, "itsdangerous": options.itsdangerous}
    try:
        config["secret"] = current_secret(options)
        config["old_secrets"] = [read_secret(path) for path in options.old_secret_file]
        config["old_secrets"] += filter(None, os.environ.get("DSTOK_OLD_SECRETS", "").split("\n"))
        config["settings"].update(read_setting(*setting) for setting in options.setting)
        if options.actions:
            config["actions"] = read_actions(options.actions)
    except (OSError, ValueError) as error:
        print(f"reference_server: {error}", file=sys.stderr)
        sys.exit(2)
    return config, options.now, {"max_line": options.max_line, "max_batch": options.max_batch}


def current_secret(options):
    """Return the secret that signs, or None. Raises OSError, ValueError."""
    if options.secret_file:
        return read_secret(options.secret_file)
    secret = os.environ.get("DATASETTE_SECRET") if options.secret is None else options.secret
    if secret == "":
        raise ValueError("the secret is empty")
    return secret


def read_secret(path):
    """Return the secret in a file, without one newline at its end. Raises OSError, ValueError."""
    text = path.read_bytes().decode()
    if text.endswith("\n"):
        text = text[:-1].removesuffix("\r")
    if not text:
        raise ValueError(f"{path} is empty")
    return text


def read_actions(path):
    """Return what `--actions` says, as the driver takes it. Raises OSError, ValueError."""
    actions = path if path == "none" else json.loads(Path(path).read_text(encoding="utf-8-sig"))
    if not is_actions(actions) or (actions == "none" and path != "none"):
        raise ValueError(f"{path} is neither an object nor a list of actions")
    return actions


def parse_arguments(words):
    """Return the options of `dstok serve`, --datasette-version aside."""
    parser = argparse.ArgumentParser(prog="reference_server", description=__doc__.split("\n")[0])
    parser.add_argument("--secret", metavar="SECRET")
    parser.add_argument("--secret-file", type=Path, metavar="FILE")
    parser.add_argument("--old-secret-file", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--setting", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    parser.add_argument("--actions", metavar="FILE")
    parser.add_argument("--zlib", choices=("zlib", "zlib-ng"), default="zlib")
    parser.add_argument("--itsdangerous", choices=("2.2", "1.1"), default="2.2")
    parser.add_argument("--now", type=float, metavar="SECONDS")
    parser.add_argument("--max-line", type=int, default=16 << 20, metavar="BYTES")
    parser.add_argument("--max-batch", type=int, default=100_000, metavar="N")
    return parser.parse_args(words)


if __name__ == "__main__":
    driver.run_alone("reference_server", main)
