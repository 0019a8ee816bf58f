"""The plugin's configuration, checked."""

import os.path
from dataclasses import dataclass, field, fields

from datasette.utils import StartupError

NAME = "datasette-dstok"


@dataclass(frozen=True)
class Options:
    """What stands under `datasette-dstok` in the plugin configuration.

    `old_secrets` are newest first; they are kept out of the repr. Times are in seconds.
    `missing_secrets` counts entries of `old_secrets` that were empty or an unset variable.
    """

    old_secrets: tuple[str, ...] = field(default=(), repr=False)
    default_handler: bool = False
    replace_signed: bool = False
    default_expires_after: int | None = None
    max_expires_after: int | None = None
    known_actions_only: bool = False
    audit_log: str | None = None
    binary: str | None = None
    timeout: float = 2.0
    missing_secrets: int = 0


def read(datasette):
    """Return the Options of a Datasette instance; raises StartupError for a mistake in them."""
    try:
        config = datasette.plugin_config(NAME)
    except OSError as error:  # a {"$file": …} that cannot be read
        raise mistake(f"cannot read {error.filename}: {error.strerror}") from None
    if config is None:
        return Options()
    if not isinstance(config, dict):
        raise mistake("its configuration must be a mapping of options")
    return parse(config)


def parse(config):
    """Return Options for a dict of options; raises StartupError for a mistake in it."""
    known = {one.name for one in fields(Options)} - {"missing_secrets"}
    for name in config:
        if name not in known:
            raise mistake(
                f"there is no option {name!r}; the options are {', '.join(sorted(known))}"
            )
    # An option that is null, as an unset {"$env": …} is, counts as absent.
    given = {name: value for name, value in config.items() if value is not None}
    for name, value in given.items():
        if name != "old_secrets":
            check(name, value)
    for name in ("audit_log", "binary"):
        if name in given:
            given[name] = os.path.expanduser(given[name])
    secrets, missing = read_secrets(given.pop("old_secrets", []))
    options = Options(**given, old_secrets=secrets, missing_secrets=missing)
    longest = options.max_expires_after
    if longest and options.default_expires_after and options.default_expires_after > longest:
        raise mistake("default_expires_after must not be over max_expires_after")
    return options


def check(name, value):
    """Raise StartupError unless an option's value is of the right kind."""
    if name in ("default_handler", "replace_signed", "known_actions_only"):
        if not isinstance(value, bool):
            raise mistake(f"{name} must be true or false")
    elif name in ("default_expires_after", "max_expires_after"):
        if type(value) is not int or value <= 0:
            raise mistake(f"{name} must be a whole number of seconds, more than 0")
    elif name == "timeout":
        if type(value) not in (int, float) or not 0 < value <= 60:
            raise mistake(f"{name} must be a number of seconds, more than 0 and at most 60")
    elif not isinstance(value, str) or not value:
        raise mistake(f"{name} must be the path of a file")


def read_secrets(listed):
    """Return (the secrets, how many were empty). Messages never repeat a value."""
    if isinstance(listed, str):
        listed = [listed]
    if not isinstance(listed, list):
        raise mistake("old_secrets must be a list, newest first")
    secrets, missing = [], 0
    for number, secret in enumerate(listed, 1):
        if secret is not None and not isinstance(secret, str):
            raise mistake(
                f"entry {number} of old_secrets must be a string, or one of $env and $file"
            )
        secret = without_newline(secret or "")
        if not secret:
            missing += 1
        elif secret not in secrets:
            secrets.append(secret)
    return tuple(secrets), missing


def without_newline(secret):
    """Return a secret without the one newline that files end with."""
    return secret.removesuffix("\n").removesuffix("\r")


def mistake(about):
    """Return the error for a mistake in the configuration."""
    return StartupError(f"{NAME}: {about}")
