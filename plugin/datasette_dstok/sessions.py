"""Sessions survive a rotation, because their cookie is signed again by the current secret."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from datasette import Request, Response

from . import credentials
from .instance import Instance, instance_of
from .options import Cookie
from .payloads import SESSIONS, expiry, is_live, mark

if TYPE_CHECKING:
    from datasette.app import Datasette

COOKIE = "ds_actor"

Headers = list[tuple[bytes, bytes]]

# What ASGI has: a message or a scope, and what takes and gives them.
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]


def keep(datasette: Datasette, app: App) -> App:
    """Wrap an ASGI application: renew cookies that an old secret signed."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        instance = instance_of(datasette)
        if scope["type"] != "http" or not instance.is_watching:
            await app(scope, receive, send)
            return
        with credentials.of_request() as found:
            if not bearer(scope):
                send = reissue(datasette, instance, scope, found, send)
            await app(scope, receive, send)

    return wrapped


def bearer(scope: Message) -> bool:
    """Tell whether a request brings an API token."""
    return any(
        name.lower() == b"authorization" and value[:7].lower() == b"bearer "
        for name, value in scope["headers"]
    )


def reissue(
    datasette: Datasette,
    instance: Instance,
    scope: Message,
    found: credentials.Credentials,
    send: Send,
) -> Send:
    """Return a `send` that adds the new cookie to the response, if an old secret signed the old.

    Not to one that sets the cookie itself, as logging in and out do; nor to one that a shared
    cache may keep, as static files are: it would hand the session to strangers.
    """
    value = Request(scope, None).cookies.get(COOKIE)

    async def sending(message: Message) -> None:
        number, payload = found.sessions.get(value, (0, None))
        if message["type"] == "http.response.start" and number and is_live(payload):
            headers = list(message.get("headers") or [])
            if is_private(headers) and not sets_cookie(headers):
                renewed = mark(payload, [instance.secrets.accepted[number].fingerprint])
                https = is_https(datasette, scope)
                header = await set_cookie(datasette, renewed, instance.options.cookie, https)
                message = {**message, "headers": [*headers, header]}
        await send(message)

    return sending


def is_private(headers: Headers) -> bool:
    """Tell whether the headers of a response keep it out of shared caches."""
    control = b",".join(value for name, value in headers if name.lower() == b"cache-control")
    return bool({b"private", b"no-store"} & {part.strip().lower() for part in control.split(b",")})


def sets_cookie(headers: Headers) -> bool:
    """Tell whether a response sets ds_actor."""
    start = COOKIE.encode() + b"="
    return any(name.lower() == b"set-cookie" and value.startswith(start) for name, value in headers)


def is_https(datasette: Datasette, scope: Message) -> bool:
    """Tell whether the browser asked over HTTPS, as far as Datasette knows."""
    return scope.get("scheme") == "https" or bool(datasette.setting("force_https_urls"))


async def set_cookie(
    datasette: Datasette, payload: dict[str, Any], options: Cookie, https: bool
) -> tuple[bytes, bytes]:
    """Return the header that sets the cookie.

    A request does not tell the attributes of the cookie that it brings. What the payload and the
    address say is used, then the options.
    """
    expires = expiry(payload)
    response = Response.text("")
    response.set_cookie(
        COOKIE,
        datasette.sign(payload, SESSIONS),
        max_age=options.max_age if expires is None else max(expires - int(time.time()), 0),
        domain=options.domain,
        secure=https if options.secure is None else options.secure,
        httponly=options.http_only,
    )
    sent: Headers = []

    async def send(message: Message) -> None:
        sent.extend(message.get("headers", ()))

    await response.asgi_send(send)
    return next(header for header in sent if header[0] == b"set-cookie")
