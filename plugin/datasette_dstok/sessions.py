"""Cookies that outlive a rotation of the secret."""

import time

from datasette import Request, Response
from datasette.utils import baseconv
from itsdangerous import BadData

from .instance import instance_of

COOKIE = "ds_actor"


def keep(datasette, app):
    """Wrap an ASGI application: a cookie signed with an old secret works like a current one.

    It is signed anew, its payload and so its expiry untouched, before Datasette sees the request,
    and the browser gets the new one with the response.
    """

    async def wrapped(scope, receive, send):
        if scope["type"] == "http" and instance_of(datasette).old_secrets:
            old, new = renew(datasette, Request(scope, receive))
            if new:
                header = await set_cookie_header(new)
                if not bearer(scope):
                    send = reissue(send, header)
                scope = {**scope, "headers": replace(scope["headers"], old, new)}
        await app(scope, receive, send)

    return wrapped


def renew(datasette, request):
    """Count the cookie. Return (its value, the value to use instead) or (None, None)."""
    value = request.cookies.get(COOKIE)
    if not value:
        return None, None
    instance = instance_of(datasette)
    try:
        found = 0, datasette.unsign(value, "actor")
    except BadData:
        found = instance.old_secrets.load(value, "actor")
    if found is None or not is_live(found[1]):
        return None, None
    secret, payload = found
    instance.usage.add("cookie", secret, value)
    return (value, datasette.sign(payload, "actor")) if secret else (None, None)


def is_live(payload):
    """Tell whether Datasette would accept the payload of a cookie now."""
    if not isinstance(payload, dict) or "a" not in payload:
        return False
    try:
        return not payload.get("e") or time.time() <= int(baseconv.base62.decode(payload["e"]))
    except (ValueError, TypeError, OverflowError):
        return False


def replace(headers, old, new):
    """Return the headers of a request with another value in its cookies."""
    old, new = old.encode("latin-1"), new.encode("latin-1")
    return [
        (name, value.replace(old, new) if name.lower() == b"cookie" else value)
        for name, value in headers
    ]


def bearer(scope):
    """Tell whether a request brings an API token."""
    return any(
        name.lower() == b"authorization" and value[:7].lower() == b"bearer "
        for name, value in scope["headers"]
    )


def reissue(send, header):
    """Return a `send` that adds the cookie to the response.

    Not to one that sets the cookie itself, as logging in and out do; nor to one that a shared
    cache may keep, as static files are: it would hand the session to strangers.
    """

    async def sending(message):
        if message["type"] == "http.response.start":
            headers = list(message.get("headers") or [])
            if is_private(headers) and not sets_cookie(headers):
                message = {**message, "headers": [*headers, header]}
        await send(message)

    return sending


def is_private(headers):
    """Tell whether only the browser that asked may keep a response."""
    control = b",".join(value for name, value in headers if name.lower() == b"cache-control")
    return bool({b"private", b"no-store"} & {part.strip().lower() for part in control.split(b",")})


def sets_cookie(headers):
    """Tell whether a response sets ds_actor."""
    start = COOKIE.encode() + b"="
    return any(name.lower() == b"set-cookie" and value.startswith(start) for name, value in headers)


async def set_cookie_header(value):
    """Return the header that sets the cookie, with the attributes that Datasette gives it."""
    response = Response.text("")
    response.set_cookie(COOKIE, value)
    sent = []

    async def send(message):
        sent.extend(message.get("headers", ()))

    await response.asgi_send(send)
    return next(tuple(header) for header in sent if header[0] == b"set-cookie")
