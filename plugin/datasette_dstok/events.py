"""The events that plugins can track."""

from __future__ import annotations

from dataclasses import dataclass

from datasette.events import Event


@dataclass
class OldSecretUsedEvent(Event):
    """
    Event name: ``dstok-old-secret-used``

    Something was accepted that an old secret signed. Sent at most once an hour for each secret
    and actor, by each process.

    :ivar secret: What the secret is called, for example ``old secret 1``.
    :type secret: str
    :ivar fingerprint: The first 8 characters of its fingerprint.
    :type fingerprint: str
    :ivar kind: ``cookies``, ``tokens``, or the namespace of a plugin.
    :type kind: str
    """

    name = "dstok-old-secret-used"
    secret: str
    fingerprint: str
    kind: str


@dataclass
class TokensRefusedEvent(Event):
    """
    Event name: ``dstok-tokens-refused``

    API tokens came that no accepted secret signed. Sent at most once a minute by each process.

    :ivar count: How many came since the last of these events.
    :type count: int
    """

    name = "dstok-tokens-refused"
    count: int
