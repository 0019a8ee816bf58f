"""What the parameters of each method may be; imported by the reference server."""

import re

import driver
import environments
from failure import Failure
from strict_json import json_text
from verification import check_text, is_resource, is_restrictions

# What is signed may hold no half of a surrogate pair.
SIGNING = ("create_token", "sign", "create_actor_cookie")
MAX_TTL = 2**64 - 1  # seconds


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


def is_secret(data):
    """Return whether `data` can be a secret."""
    return isinstance(data, str) and data != "" and is_unicode(data)


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
RESTRICTIONS = {
    "create_token": is_new_restrictions,
    "restrictions_allow_action": lambda data: data is None or is_restrictions(data),
}

SHAPES = {
    "expires_after": is_integer,
    "expire_after": is_integer,
    "restrict_all": lambda data: is_new_restrictions({"all": data}),
    "restrict_database": lambda data: is_new_restrictions({"database": data}),
    "restrict_resource": lambda data: is_new_restrictions({"resource": data}),
    "now": is_clock,
    "action": lambda data: isinstance(data, str),
    "resource": is_resource,
    "secret": is_secret,
    "old_secrets": lambda data: isinstance(data, list) and all(map(is_secret, data)),
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

    Before 1.0 there are those of environments.ALL; a greater N.N.N stands for the newest.
    """
    if version in environments.ALL:
        return version
    numbers = re.fullmatch(r"(\d+)\.\d+(?:\.\d+)*(?:a\d+)?", version)
    return environments.NEWEST if numbers and int(numbers[1]) >= 1 else None


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
