"""`datasette.unsign`, which also accepts what an old secret signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from itsdangerous import BadData, BadSignature, URLSafeSerializer

from . import credentials
from .instance import Instance
from .payloads import SESSIONS, TOKENS, is_revoked, renewed_from

if TYPE_CHECKING:
    from datasette.app import Datasette


def wrap(datasette: Datasette, instance: Instance) -> None:
    """Let `datasette.unsign` know the old and the revoked secrets.

    Everything in Datasette and in plugins goes through this method: tokens, cookies, messages,
    and the namespaces of plugins. So one place is enough. Nothing is changed if there are no
    such secrets.
    """
    secrets = instance.secrets
    if not secrets.old and not secrets.revoked:
        return
    unsign_by_current = datasette.unsign

    def unsign(signed: str, namespace: str = "default") -> Any:
        """Return the value that was signed; raises what Datasette's own method raises.

        Old secrets are tried, newest first, if the signature is not that of the current one.
        If theirs is wrong, too, the first error is raised. A session that goes back to a
        revoked secret counts as unsigned.
        """
        number, name = 0, text(namespace)
        try:
            value = unsign_by_current(signed, namespace)
        except BadSignature:
            number, value = by_old_secret(instance, signed, namespace)
            if not number:
                instance.usage.refused(name)
                raise
        if name == SESSIONS and is_revoked(value, secrets):
            raise BadSignature("The session goes back to a revoked secret")
        note(text(signed), name, number, value)
        instance.usage.seen(name, number, value, text(signed))
        return value

    datasette.unsign = unsign


def by_old_secret(instance: Instance, signed: str, namespace: str) -> tuple[int, Any]:
    """Return the number of the old secret that signed this, and the value; (0, None) for none.

    Datasette unsigns an empty cookie of messages in every request: what has no separator was
    not signed by anything.
    """
    if "." in text(signed):
        for number, secret in enumerate(instance.secrets.old, 1):
            try:
                return number, URLSafeSerializer(secret.value, namespace).loads(signed)
            except BadData:
                continue
    return 0, None


def note(signed: str, namespace: str, number: int, value: Any) -> None:
    """Note down for the request whether an old secret had a part in what it came with."""
    request = credentials.current()
    if request is None or namespace not in (SESSIONS, TOKENS):
        return
    if number or (namespace == SESSIONS and renewed_from(value)):
        request.from_old_secret = True
    if number and namespace == SESSIONS:
        request.sessions[signed] = (number, value)


def text(given: Any) -> str:
    """Return a signed value, or a namespace, as text: itsdangerous takes bytes and None as well."""
    return given.decode("utf-8", "replace") if isinstance(given, bytes | bytearray) else str(given)
