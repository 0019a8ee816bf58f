"""The plugin's configuration, checked."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from datasette.utils import StartupError, resolve_env_secrets

from .secrets import Secret, Secrets

if TYPE_CHECKING:
    from datasette.app import Datasette

NAME = "datasette-dstok"


@dataclass(frozen=True)
class Cookie:
    """The attributes of a renewed cookie that a request does not tell.

    `secure` is whether the request came over HTTPS where it is None. `max_age`, in seconds, is
    for a session that does not expire.
    """

    http_only: bool = True
    secure: bool | None = None
    max_age: int | None = None
    domain: str | None = None


@dataclass(frozen=True)
class Options:
    """The options under `datasette-dstok` in the plugin configuration, except the secrets.

    Times are in seconds.
    """

    cookie: Cookie = field(default_factory=Cookie)
    default_handler: bool = False
    replace_signed: bool = False
    default_expires_after: int | None = None
    max_expires_after: int | None = None
    known_actions_only: bool = False
    audit_log: str | None = None
    binary: str | None = None
    timeout: float = 2.0
    safe_after_days: int = 14


SECRETS = ("old_secrets", "revoked_secrets")


def read(datasette: Datasette, current: str) -> tuple[Options, Secrets, list[str]]:
    """Return the options of a Datasette, its secrets, and warnings about them.

    `current` is the secret it signs with. Raises StartupError for a mistake.
    """
    plugins = (datasette.config or {}).get("plugins") or {}
    for name in plugins:
        if name != NAME and str(name).lower().replace("_", "-") == NAME:
            raise mistake(f"its configuration is under {name!r}; rename that to {NAME!r}")
    config = plugins.get(NAME) or {}
    if not isinstance(config, dict):
        raise mistake("its configuration must be a mapping of options")
    # Not `datasette.plugin_config`, which reads every $file, and does not tell it from $env.
    options = {name: value for name, value in config.items() if name not in SECRETS}
    try:
        resolved = resolve_env_secrets(options, os.environ)
    except (OSError, TypeError, ValueError) as error:
        raise unreadable(error) from None
    if not isinstance(resolved, dict):
        raise mistake("its configuration must be a mapping of options")
    return parse(resolved), *read_secrets(config, current)


def parse(config: dict[str, Any]) -> Options:
    """Return Options for a dict of options; raises StartupError for a mistake in it."""
    given = known(config, Options, "option")
    if "cookie" in given:
        if not isinstance(given["cookie"], dict):
            raise mistake("cookie must be a mapping")
        attributes = known(given["cookie"], Cookie, "attribute of cookie")
        for name, value in attributes.items():
            CHECKS[name](f"{name} of cookie", value)
        given["cookie"] = Cookie(**attributes)
    for name in given.keys() - {"cookie"}:
        CHECKS[name](name, given[name])
    for name in ("audit_log", "binary"):
        if name in given:
            given[name] = os.path.expanduser(given[name])
    options = Options(**given)
    longest = options.max_expires_after
    if longest and options.default_expires_after and options.default_expires_after > longest:
        raise mistake("default_expires_after must be at most max_expires_after")
    return options


def known(config: dict[str, Any], kind: type, what: str) -> dict[str, Any]:
    """Return a mapping without null values, such as an unset {"$env": …}.

    Raises StartupError for a name that `kind` does not have.
    """
    names = {one.name for one in fields(kind)}
    for name in config:
        if name not in names:
            listed = names.union(SECRETS if kind is Options else ())
            raise mistake(f"unknown {what} {name!r}; expected one of: {', '.join(sorted(listed))}")
    return {name: value for name, value in config.items() if value is not None}


def check_flag(name: str, value: Any) -> None:
    """Raise StartupError unless a value is a Boolean."""
    if not isinstance(value, bool):
        raise mistake(f"{name} must be true or false")


def check_seconds(name: str, value: Any) -> None:
    """Raise StartupError unless a value is a whole number of seconds."""
    if type(value) is not int or value <= 0:
        raise mistake(f"{name} must be a whole number of seconds, more than 0")


def check_days(name: str, value: Any) -> None:
    """Raise StartupError unless a value is a whole number of days."""
    if type(value) is not int or not 0 < value <= 3_650:
        raise mistake(f"{name} must be a whole number of days, more than 0 and at most 3650")


def check_timeout(name: str, value: Any) -> None:
    """Raise StartupError unless a value is a valid timeout."""
    if type(value) not in (int, float) or not 0 < value <= 60:
        raise mistake(f"{name} must be a number of seconds, more than 0 and at most 60")


def check_path(name: str, value: Any) -> None:
    """Raise StartupError unless a value is a path."""
    if not isinstance(value, str) or not value:
        raise mistake(f"{name} must be the path of a file")


def check_domain(name: str, value: Any) -> None:
    """Raise StartupError unless a value can be the domain of a cookie."""
    if not isinstance(value, str) or not value or not set(value.lower()) <= DOMAIN:
        raise mistake(f"{name} must be the name of a domain")


DOMAIN = set("abcdefghijklmnopqrstuvwxyz0123456789-.")

CHECKS: dict[str, Callable[[str, Any], None]] = {
    "default_handler": check_flag,
    "replace_signed": check_flag,
    "known_actions_only": check_flag,
    "default_expires_after": check_seconds,
    "max_expires_after": check_seconds,
    "timeout": check_timeout,
    "safe_after_days": check_days,
    "audit_log": check_path,
    "binary": check_path,
    "http_only": check_flag,
    "secure": check_flag,
    "max_age": check_seconds,
    "domain": check_domain,
}


def read_secrets(config: dict[str, Any], current: str) -> tuple[Secrets, list[str]]:
    """Return the secrets of an unresolved configuration, and warnings about them.

    Messages never repeat a value. Raises StartupError for a mistake.
    """
    warnings: list[str] = []
    found = {name: list_of_secrets(name, config.get(name), warnings) for name in SECRETS}
    old = []
    for number, value in found["old_secrets"].items():
        if value == current:
            warnings.append(f"entry {number} of old_secrets is ignored: it is the current secret")
        elif value not in old:
            old.append(value)
        else:
            warnings.append(f"entry {number} of old_secrets is ignored: it is a duplicate")
    for number, value in found["revoked_secrets"].items():
        where = f"entry {number} of revoked_secrets"
        if value == current:
            raise mistake(f"{where} is the current secret: give Datasette a new secret first")
        if value in old:
            raise mistake(f"{where} is also in old_secrets: remove it there")
    revoked = tuple(Secret(value) for value in dict.fromkeys(found["revoked_secrets"].values()))
    return Secrets(Secret(current), tuple(map(Secret, old)), revoked), warnings


def list_of_secrets(name: str, listed: Any, warnings: list[str]) -> dict[int, str]:
    """Return the secrets of a list by their place in it, from 1; adds to the warnings."""
    if listed is None:
        return {}
    if not isinstance(listed, list):
        listed = [listed]
    secrets = {}
    for number, entry in enumerate(listed, 1):
        where = f"entry {number} of {name}"
        value = resolve(where, entry)
        if not value and name == "revoked_secrets":
            # To go on would bring the sessions back that it has ended.
            raise mistake(f"{where}: {why_empty(entry)}; give the secret, or remove the entry")
        if not value:
            warnings.append(f"{where} is ignored: {why_empty(entry)}")
            continue
        if not is_utf_8(value):
            raise mistake(f"{where} is not UTF-8: Datasette cannot sign with it")
        if value[-1].isspace():
            warnings.append(
                f"{where} ends in white space, which counts as part of the secret: "
                "remove it if Datasette did not sign with it"
            )
        secrets[number] = value
    return secrets


def is_utf_8(value: str) -> bool:
    """Tell whether a string is text: variables with other bytes, and JSON, may have surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def resolve(where: str, entry: Any) -> str | None:
    """Return the secret that an entry means, or None for an unset variable.

    Strings and variables are taken as they are, as Datasette takes its own secret. A file loses
    the one newline that files end with.
    """
    if isinstance(entry, dict) and len(entry) == 1:
        ((kind, name),) = entry.items()
        if kind == "$env" and isinstance(name, str):
            return os.environ.get(name)
        if kind == "$file" and isinstance(name, str):
            return read_file(name)
    if entry is not None and not isinstance(entry, str):
        raise mistake(f"{where} must be a string, or one of $env and $file")
    return entry


def read_file(path: str) -> str:
    """Return the secret in a file."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        raise unreadable(error, path) from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def why_empty(entry: Any) -> str:
    """Return why an entry has no secret."""
    if isinstance(entry, dict) and "$env" in entry and entry["$env"] not in os.environ:
        return f"the variable {entry['$env']} is not set"
    if isinstance(entry, dict):
        return f"{next(iter(entry.values()))} is empty"
    return "it is empty"


def unreadable(error: Exception, path: str | None = None) -> StartupError:
    """Return the error for a variable or a file that cannot be read."""
    if isinstance(error, OSError):
        return mistake(f"cannot read {error.filename}: {error.strerror}")
    if isinstance(error, UnicodeError):
        return mistake(f"cannot read {path or 'a file'}: it is not UTF-8")
    return mistake("$env must name a variable, and $file a file")


def mistake(about: str) -> StartupError:
    """Return the error for a mistake in the configuration."""
    return StartupError(f"{NAME}: {about}")
