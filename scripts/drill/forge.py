"""What an attacker makes with a secret: the standard library is enough."""

import base64
import hashlib
import hmac
import json
import time


def sign(secret, value, namespace):
    """Return what `datasette.sign(value, namespace)` returns with this secret."""
    payload = _text(json.dumps(value, separators=(",", ":")).encode())
    key = hashlib.sha1(f"{namespace}signer{secret}".encode()).digest()
    return f"{payload}.{_text(hmac.digest(key, payload.encode(), 'sha1'))}"


def session(secret, actor="root"):
    """Return a ds_actor cookie's value."""
    return sign(secret, {"a": {"id": actor}}, "actor")


def token(secret, actor="root", age=0, lifetime=None):
    """Return an API token that is `age` seconds old, for `lifetime` seconds from its making."""
    payload = {"a": actor, "t": int(time.time()) - age, **({"d": lifetime} if lifetime else {})}
    return "dstok_" + sign(secret, payload, "token")


def _text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
