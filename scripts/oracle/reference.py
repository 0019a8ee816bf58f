"""The protocol of `dstok serve` with real Datasette behind it; runs inside an environment's Python.

`scripts/reference_server` starts it. Its messages are its own, except those of
token_invalid, which are Datasette's.
"""

import argparse
import json
import os
import re
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
from strict_json import Scanner, json_text
from verification import check_text, is_resource, is_restrictions

METHODS = {
    **driver.PARAMETERS,
    "inspect_token": {"token": driver.REQUIRED, "now": None},
    "configure": dict.fromkeys(
        ("secret", "datasette_version", "actions", "settings", "zlib", "itsdangerous")
    ),
    "info": {},
    "ping": {},
}
# What is signed may hold no half of a surrogate pair.
SIGNING = ("create_token", "sign", "create_actor_cookie")
NEED_SECRET = (*SIGNING, "unsign", "verify_token", "verify_actor_cookie")
MAX_TTL = 2**64 - 1  # seconds


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
            return self._run_with(config, method, now, arguments)
        try:
            self._run_with({**config, "secret": "for what is wrong besides"}, method, now, arguments)
        except Failure as failure:
            if failure.kind in ("invalid_params", "not_supported"):
                raise
        raise Failure("no_secret", "no secret is configured")

    def _run_with(self, config, method, now, arguments):
        try:
            return self._oracle.run(method, config, now, arguments)
        except (OverflowError, ValueError) as error:  # over a float, over 4,300 digits
            if method != "create_actor_cookie":
                raise
            raise Failure("invalid_params", "expire_after is too large", param="expire_after") from error

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

    def _configure(self, secret, datasette_version, actions, settings, zlib, itsdangerous):
        config = dict(self._config)
        if secret is not None:
            *older, config["secret"] = [secret] if isinstance(secret, str) else secret
            config["old_secrets"] = older[::-1]
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


def check(method, name, value):
    """Raise Failure (invalid_params) unless a strict_json.Value suits a parameter of `method`."""
    data = value.data
    for fault in sorted(value.faults):
        raise Failure("invalid_params", f"{name}: {fault}", param=name)
    if name in ("token", "signed", "cookie", "namespace", "datasette_version"):
        check_text(**{name: data})
    good = SHAPES.get(name, lambda data: True)(data)
    if name == "restrictions":
        good = RESTRICTIONS[method](data)
    if method in SIGNING and name != "now" and "\\u" in value.text:
        good = good and is_unicode(data)
    if not good:
        raise Failure("invalid_params", f"{name} has the wrong shape", param=name)


def is_unicode(data):
    """Return whether no str in `data` has half of a surrogate pair."""
    try:
        json_text(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def is_integer(data):
    """Return whether `data` is an int and no bool."""
    return isinstance(data, int) and not isinstance(data, bool)


def is_clock(data):
    """Return whether `data` is a number that a double can hold."""
    try:
        return (is_integer(data) or isinstance(data, float)) and float(data) == float(data)
    except OverflowError:
        return False


def is_empty(data):
    """Return whether `data` counts as no restriction."""
    return data is None or data in ([], {})


def is_new_restrictions(data):
    """Return whether `data` is an object of the members all, database and resource."""
    if not isinstance(data, dict) or not set(data) <= {"all", "database", "resource"}:
        return False
    short = {"all": "a", "database": "d", "resource": "r"}
    members = {short[name]: value for name, value in data.items() if not is_empty(value)}
    return is_restrictions(members, null_lists=False)


def is_secrets(data):
    """Return whether `data` is a secret or a list of at least one, none of them empty."""
    listed = data if isinstance(data, list) else [data]
    return bool(listed) and all(isinstance(s, str) and s and is_unicode(s) for s in listed)


def is_actions(data):
    """Return whether `data` is "none", {name: abbr} or a body of /-/actions.json."""
    if isinstance(data, dict) and isinstance(data.get("actions"), list):
        data = data["actions"]
    if isinstance(data, dict):
        data = [{"name": name, "abbr": abbr} for name, abbr in data.items()]
    return data == "none" or (
        isinstance(data, list)
        and all(
            isinstance(item, dict)
            and isinstance(item.get("name"), str)
            and isinstance(item.get("abbr"), (str, type(None)))
            for item in data
        )
    )


def is_settings(data):
    """Return whether `data` holds settings that read_setting can read."""
    try:
        return isinstance(data, dict) and all(read_setting(*item) for item in data.items())
    except ValueError:
        return False


def is_release(data):
    """Return whether `data` names a release that can be reproduced."""
    return known_release(data) is not None


# `restrictions` is the newer shape in one method and an `_r` in the other.
RESTRICTIONS = {"create_token": is_new_restrictions, "restrictions_allow_action": is_restrictions}

SHAPES = {
    "expires_after": is_integer,
    "expire_after": is_integer,
    "restrict_all": lambda data: is_new_restrictions({"all": data}),
    "restrict_database": lambda data: is_new_restrictions({"database": data}),
    "restrict_resource": lambda data: is_new_restrictions({"resource": data}),
    "now": is_clock,
    "action": lambda data: isinstance(data, str),
    "resource": is_resource,
    "secret": is_secrets,
    "datasette_version": is_release,
    "actions": is_actions,
    "settings": is_settings,
    "zlib": lambda data: data in ("zlib", "zlib-ng"),
    "itsdangerous": lambda data: data in ("2.2", "1.1"),
}


def read_setting(name, value):
    """Return (name, value) as Datasette takes them. Raises ValueError."""
    word = str(value).lower()
    if name == "allow_signed_tokens" and word in ("1", "on", "true", "0", "off", "false"):
        return name, word in ("1", "on", "true")
    digits = re.fullmatch("[0-9]+", word) and not isinstance(value, bool)
    if name == "max_signed_tokens_ttl" and digits and int(word) <= MAX_TTL:
        return name, int(word)
    raise ValueError(f"{name}: no such setting or value")


def known_release(version):
    """Return the release that stands for a version; None for one that cannot be reproduced.

    Reads 0.N, 0.N.M, 1.0aN and any greater N.N.N.
    """
    if version in environments.ALL:
        return version
    numbers = re.fullmatch(r"(\d+)\.(\d+)(?:\.\d+)*(?:a\d+)?", version)
    if not numbers or (int(numbers[1]), int(numbers[2])) < (0, 44):
        return None
    return "0.65.5" if numbers[1] == "0" else environments.NEWEST


def merged_restrictions(arguments):
    """Return the arguments of create_token with both shapes of restrictions made one.

    Raises Failure (invalid_params).
    """
    newer = {**{"all": None, "database": None, "resource": None}, **(arguments["restrictions"] or {})}
    older = {name: arguments[f"restrict_{name}"] for name in newer}
    given = [shape for shape in (newer, older) if not all(map(is_empty, shape.values()))]
    if len(given) == 2:
        raise Failure("invalid_params", "both shapes of restrictions", param="restrictions")
    return {
        **arguments,
        "restrict_all": None,
        "restrict_database": None,
        "restrict_resource": None,
        "restrictions": driver.merge_restrictions(given[0], None, None, None) if given else None,
    }


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
    config = {"secret": options.secret or os.environ.get("DATASETTE_SECRET"), "settings": {}}
    if options.secret_file:
        config["secret"] = read_secret(options.secret_file)
    config["old_secrets"] = [read_secret(path) for path in options.old_secret_file]
    config["old_secrets"] += [s for s in os.environ.get("DSTOK_OLD_SECRETS", "").splitlines() if s]
    for name, value in options.setting:
        try:
            config["settings"].update([read_setting(name, value)])
        except ValueError as error:
            sys.exit(f"reference_server: --setting {error}")
    if options.actions:
        config["actions"] = options.actions
        if options.actions != "none":
            config["actions"] = json.loads(Path(options.actions).read_text(encoding="utf-8-sig"))
        if not is_actions(config["actions"]):
            sys.exit(f"reference_server: --actions {options.actions}: neither an object nor a list")
    config["zlib"], config["itsdangerous"] = options.zlib, options.itsdangerous
    return config, options.now, {"max_line": options.max_line, "max_batch": options.max_batch}


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


def read_secret(path):
    """Return the secret in a file, without one newline at its end."""
    text = path.read_bytes().decode()
    if text.endswith("\n"):
        text = text[:-1].removesuffix("\r")
    return text or sys.exit(f"reference_server: {path} is empty")


if __name__ == "__main__":
    driver.run_alone("reference_server", main)
