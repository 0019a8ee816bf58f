"""How much each secret is still in use."""

import time
from dataclasses import dataclass, field

from .payloads import SESSIONS, TOKENS, is_live

KINDS = ("token", "cookie")

# How many different ones are told apart; a set of as many numbers takes about 1 MB.
MOST = 10_000


@dataclass
class Seen:
    """Tokens or cookies of one secret: in how many requests, how many different ones, when last."""

    requests: int = 0
    last: float | None = None
    _different: set = field(default_factory=set, repr=False)

    @property
    def different(self):
        """How many different ones (int), counted up to MOST."""
        return len(self._different)

    @property
    def more(self):
        """Whether there may be more different ones than were counted."""
        return len(self._different) >= MOST

    def add(self, value):
        """Count one sighting; keeps a hash of the value, which tells nothing of it."""
        self.requests += 1
        self.last = time.time()
        if not self.more:
            self._different.add(hash(value))


class Usage:
    """What was seen per secret: 0 is the current one, 1 the newest old one."""

    def __init__(self, secrets):
        self.since = time.time()
        self.secrets = [{kind: Seen() for kind in KINDS} for _ in secrets.accepted]

    def request_began(self):
        """Begin to count a request."""

    def seen(self, namespace, number, payload, signed):
        """Count what was unsigned in a namespace by a secret, if it is a live token or cookie.

        Base64 is lenient, so one signature has many spellings. What was signed has only one.
        """
        kind = {SESSIONS: "cookie", TOKENS: "token"}.get(namespace)
        if kind == "token" or (kind == "cookie" and is_live(payload)):
            self.secrets[number][kind].add(signed.rpartition(".")[0])

    def refused(self, namespace):
        """Count what no secret has signed."""
