"""The payload of a session's cookie."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from datasette.utils import baseconv

from .secrets import Secrets

# The namespaces in which Datasette signs the cookies of sessions, and API tokens.
SESSIONS, TOKENS = "actor", "token"

# The member of a session's payload with the fingerprints of the secrets that signed it before.
RENEWED_FROM = "dstok_renewed_from"


def renewed_from(payload: Any) -> list[str]:
    """Return the fingerprints of the secrets that a session was signed with before."""
    listed = payload.get(RENEWED_FROM) if isinstance(payload, dict) else None
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def is_revoked(payload: Any, secrets: Secrets) -> bool:
    """Tell whether a session was signed, at any time, by a secret that is revoked."""
    return not secrets.revoked_fingerprints.isdisjoint(renewed_from(payload))


def mark(payload: Any, fingerprints: Iterable[str]) -> Any:
    """Return the payload of a session with the fingerprints of secrets that it goes back to."""
    earlier = renewed_from(payload)
    added = [one for one in fingerprints if one not in earlier]
    if not added or not isinstance(payload, dict):
        return payload
    return {**payload, RENEWED_FROM: earlier + added}


def expiry(payload: dict[str, Any]) -> int | None:
    """Return when a cookie expires, in Unix seconds; None for never.

    Raises ValueError, TypeError or OverflowError if Datasette cannot read it.
    """
    return int(baseconv.base62.decode(payload["e"])) if payload.get("e") else None


def is_live(payload: Any) -> bool:
    """Tell whether Datasette would accept the payload of a cookie now."""
    if not isinstance(payload, dict) or "a" not in payload:
        return False
    try:
        expires = expiry(payload)
    except (ValueError, TypeError, OverflowError):
        return False
    return expires is None or time.time() <= expires
