"""What several tests need."""

import time

from datasette import TokenRestrictions
from datasette.utils import baseconv
from itsdangerous import URLSafeSerializer

CURRENT, OLD, OLDER, FOREIGN = (
    f"{name} secret of the tests" for name in ("current", "old", "older", "foreign")
)


def token(secret, actor_id="alice", **more):
    """Return a token as Datasette makes it: `d` is a duration in seconds, `_r` restrictions."""
    payload = {"a": actor_id, "t": int(time.time()), **more}
    return "dstok_" + URLSafeSerializer(secret, "token").dumps(payload)


def cookie(secret, actor=None, expires_at=None, renewed_from=()):
    """Return the value of a ds_actor cookie.

    `expires_at` is in Unix seconds, `renewed_from` are secrets that signed the session before.
    """
    from datasette_dstok.secrets import Secret

    payload = {"a": actor or {"id": "alice"}}
    if expires_at is not None:
        payload["e"] = baseconv.base62.encode(int(expires_at))
    if renewed_from:
        payload["dstok_renewed_from"] = [Secret(one).fingerprint for one in renewed_from]
    return URLSafeSerializer(secret, "actor").dumps(payload)


def bearer(token):
    """Return the headers of a request with a token."""
    return {"Authorization": f"Bearer {token}"}


def new_cookie(response):
    """Return (value, attributes) of the ds_actor cookie that a response sets, or None."""
    for header in response.headers.get_list("set-cookie"):
        name, _, rest = header.partition("=")
        if name == "ds_actor":
            value, *attributes = rest.split("; ")
            return value, sorted(attributes)
    return None


async def usage(datasette):
    """Return [(actors with tokens, requests, actors with cookies, requests), …] per secret."""
    from datasette_dstok.instance import instance_of

    report = await instance_of(datasette).usage.report(datasette)
    return [
        tuple(
            number
            for kind in ("tokens", "cookies")
            for use in secret.uses
            if use.kind == kind
            for number in (use.actors, use.requests)
        )
        for secret in report.secrets
    ]


def restrictions(everywhere=(), database=(), resource=()):
    """Return TokenRestrictions from names, (database, name) and (database, table, name)."""
    made = TokenRestrictions()
    for name in everywhere:
        made.allow_all(name)
    for where in database:
        made.allow_database(*where)
    for where in resource:
        made.allow_resource(*where)
    return made
