"""`datasette.unsign` accepts what an old secret signed, and `datasette.sign` marks sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from itsdangerous import BadData, BadSignature, URLSafeSerializer

from . import credentials
from .instance import Instance
from .payloads import SESSIONS, TOKENS, is_live, is_revoked, mark, renewed_from

if TYPE_CHECKING:
    from datasette.app import Datasette

    from .secrets import Secrets


def wrap(datasette: Datasette, instance: Instance) -> None:
    """Make `datasette.unsign` accept old secrets and reject revoked ones.

    Everything in Datasette and in plugins goes through this method: tokens, cookies, messages,
    and the namespaces of plugins. So one place is enough. Nothing is changed where
    `Instance.is_watching` is False.
    """
    secrets = instance.secrets
    if not instance.is_watching:
        return
    unsign_by_current, sign_by_current = datasette.unsign, datasette.sign

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
            raise BadSignature("The session was renewed from a revoked secret")
        note(secrets, text(signed), name, number, value)
        instance.usage.seen(name, number, value, text(signed))
        return value

    def sign(value: Any, namespace: str = "default") -> str:
        """Return a signed value, as Datasette's own method.

        A session that is made while a request is answered is no newer than what let the request
        in: otherwise a plugin that signs the actor again would undo a later revocation.
        """
        if text(namespace) == SESSIONS:
            value = mark(value, credentials.old_secrets())
        return sign_by_current(value, namespace)

    datasette.unsign, datasette.sign = unsign, sign


def by_old_secret(instance: Instance, signed: str, namespace: str) -> tuple[int, Any]:
    """Return the number of the old secret that signed this, and the value, or (0, None).

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


def note(secrets: Secrets, signed: str, namespace: str, number: int, value: Any) -> None:
    """Record for the request whether an old secret signed a value of it."""
    request = credentials.current()
    if request is None or namespace not in (SESSIONS, TOKENS):
        return
    if namespace == SESSIONS:
        if not is_live(value):
            return
        if number:
            request.sessions[signed] = (number, value)
        request.old_secrets.update(dict.fromkeys(renewed_from(value)))
    if number:
        request.old_secrets[secrets.accepted[number].fingerprint] = None


def text(given: Any) -> str:
    """Return a signed value, or a namespace, as text: itsdangerous takes bytes and None as well."""
    return given.decode("utf-8", "replace") if isinstance(given, bytes | bytearray) else str(given)
