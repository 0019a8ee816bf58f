"""How much each secret is still in use."""

import time
from dataclasses import dataclass, field

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
        self.secrets = [{kind: Seen() for kind in KINDS} for _ in range(secrets)]

    def add(self, kind, secret, value):
        """Count a token or cookie that was accepted: its kind, its secret's number, its text.

        Base64 is lenient, so one signature has many spellings. What was signed has only one.
        """
        signed, _, _signature = value.rpartition(".")
        self.secrets[secret][kind].add(signed)
