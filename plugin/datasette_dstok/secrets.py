"""The secrets of Datasette: current, old and revoked ones."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cached_property

# What a fingerprint is a hash of, with the secret as its key.
PURPOSE = b"datasette-dstok fingerprint"

# Bytes of the hash that are kept.
LENGTH = 16


@dataclass(frozen=True)
class Secret:
    """A secret. Its value is never part of the repr."""

    value: str = field(repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """A name for the secret that does not reveal it: 22 characters of base64url."""
        key = self.value.encode("utf-8", "surrogatepass")
        digest = hmac.digest(key, PURPOSE, hashlib.sha256)[:LENGTH]
        return urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Secrets:
    """The secrets of a Datasette: the current one, old ones (newest first), revoked ones."""

    current: Secret
    old: tuple[Secret, ...] = ()
    revoked: tuple[Secret, ...] = ()

    @property
    def accepted(self) -> tuple[Secret, ...]:
        """The secrets that verify, by number: 0 is the current one, 1 the newest old one."""
        return (self.current, *self.old)

    @cached_property
    def revoked_fingerprints(self) -> frozenset[str]:
        """The fingerprints that no session may carry."""
        return frozenset(secret.fingerprint for secret in self.revoked)
