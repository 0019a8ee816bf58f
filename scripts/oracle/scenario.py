"""What a scenario is, and what the scenario modules build theirs from."""

import hashlib
import json
from dataclasses import dataclass, field, replace

SECRET = "a secret for fixtures"
NOW = 1700000000

# What a configuration may hold, in the order in which it is written.
CONFIG = ("secret", "old_secrets", "now", "actions", "settings", "zlib", "itsdangerous")


@dataclass(frozen=True)
class Scenario:
    """One call. `name` and `about` say what it would catch; `params` is exact JSON text.

    Until `with_signed` has been called, `params` may be a dict or list with Recipes in it.
    """

    name: str
    about: str
    method: str
    params: str
    config: dict = field(default_factory=dict)


class Recipe(dict):
    """How a signed text is made, as make_signed.py reads it."""

    def but(self, **changed):
        """Return a Recipe that differs in these members."""
        return Recipe(self, **changed)


def scenario(name, about, method, params, **config):
    """Return a Scenario; `params` is JSON text, or a list or dict to be written as JSON.

    `config` may hold the members of CONFIG; with `secret` None there is no secret.
    """
    if not recipes(params):
        params = one_line(name, params)
    merged = {"secret": SECRET, "now": NOW, **config}
    if merged["secret"] is None:
        del merged["secret"]
    ordered = {key: merged[key] for key in CONFIG if key in merged}
    if len(ordered) != len(merged):
        raise ValueError(f"{name}: unknown configuration in {sorted(merged)}")
    return Scenario(name, about, method, params, ordered)


def one_line(name, params):
    """Return `params` as JSON text; raises ValueError if it does not fit a line."""
    text = params if isinstance(params, str) else json.dumps(params, ensure_ascii=False)
    if "\n" in text:
        raise ValueError(f"{name}: a request is one line, so params cannot hold a newline")
    return text


def recipes(params):
    """Return the Recipes among the parameters, which are a dict, a list or text."""
    values = params.values() if isinstance(params, dict) else params
    return [value for value in values if isinstance(value, Recipe)]


def with_signed(scenarios, make):
    """Return the scenarios with the text of each Recipe in its place.

    `make` takes a list of Recipes and returns a list of texts.
    """
    texts = iter(make([recipe for one in scenarios for recipe in recipes(one.params)]))

    def filled(params):
        if isinstance(params, dict):
            return dict(zip(params, filled(list(params.values()))))
        return [next(texts) if isinstance(value, Recipe) else value for value in params]

    return [
        replace(one, params=one_line(one.name, filled(one.params))) if recipes(one.params) else one
        for one in scenarios
    ]


class Stream:
    """Pseudo-random numbers from SHA-256 of a label: the same in every Python, for ever."""

    def __init__(self, label):
        self._label = label
        self._counter = 0
        self._bytes = b""

    def below(self, limit):
        """Return an int from 0 to limit - 1 (limit up to 65,536; the slight bias does not matter)."""
        if len(self._bytes) < 4:
            self._bytes = hashlib.sha256(f"{self._label}/{self._counter}".encode()).digest()
            self._counter += 1
        number, self._bytes = int.from_bytes(self._bytes[:4], "big"), self._bytes[4:]
        return number % limit

    def choice(self, items):
        """Return one of `items`."""
        return items[self.below(len(items))]

    def text(self, alphabet, length):
        """Return a str of `length` characters of `alphabet`."""
        return "".join(self.choice(alphabet) for _ in range(length))

    def words(self, length):
        """Return a str of `length` characters that compresses as prose does."""
        words = []
        size = 0
        while size <= length:
            words.append(self.choice(WORDS))
            size += len(words[-1]) + 1
        return " ".join(words)[:length]


WORDS = (
    "table view query row column database insert update delete facet filter actor token "
    "museum river mountain letter paper census budget harbour weather station archive index"
).split()
