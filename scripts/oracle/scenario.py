"""What a scenario is, and what the scenario modules build theirs from."""

import hashlib
import json
from dataclasses import dataclass, field

SECRET = "a secret for fixtures"
NOW = 1700000000


@dataclass(frozen=True)
class Scenario:
    """One call. `name` and `about` say what it would catch; `params` is exact JSON text."""

    name: str
    about: str
    method: str
    params: str
    config: dict = field(default_factory=dict)


def scenario(name, about, method, params, **config):
    """Return a Scenario; `params` is JSON text, or a list or dict to be written as JSON.

    `config` may hold secret, now, actions, settings and zlib, in that order.
    """
    text = params if isinstance(params, str) else json.dumps(params, ensure_ascii=False)
    if "\n" in text:
        raise ValueError(f"{name}: a request is one line, so params cannot hold a newline")
    merged = {"secret": SECRET, "now": NOW, **config}
    ordered = {
        key: merged[key] for key in ("secret", "now", "actions", "settings", "zlib") if key in merged
    }
    if len(ordered) != len(merged):
        raise ValueError(f"{name}: unknown configuration in {sorted(merged)}")
    return Scenario(name, about, method, text, ordered)


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
