"""The attributes of a renewed cookie: what the request tells, and the options for the rest."""

import time

import pytest
from helpers import CURRENT, OLD, cookie, new_cookie
from servers import serve


async def attributes(datasette, expires_at=None, **request):
    """Return the attributes of the cookie that replaces one of the old secret."""
    response = await datasette.client.get(
        "/-/actor.json", cookies={"ds_actor": cookie(OLD, expires_at=expires_at)}, **request
    )
    return new_cookie(response)[1]


ALWAYS = ["HttpOnly", "Path=/", "SameSite=lax"]


@pytest.mark.asyncio
async def test_what_is_known_is_kept(make_datasette):
    datasette = await make_datasette({"old_secrets": [OLD]})
    assert await attributes(datasette) == ALWAYS
    expiring = await attributes(datasette, expires_at=time.time() + 86_400)
    (max_age,) = set(expiring) - set(ALWAYS)
    assert 86_300 < int(max_age.removeprefix("Max-Age=")) <= 86_400
    forced = await make_datasette({"old_secrets": [OLD]}, settings={"force_https_urls": True})
    assert await attributes(forced) == [*ALWAYS, "Secure"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("cookie_options", "expected"),
    [
        ({"http_only": False}, ["Path=/", "SameSite=lax"]),
        ({"secure": True}, [*ALWAYS, "Secure"]),
        ({"max_age": 3600}, ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=lax"]),
        ({"domain": "example.com"}, ["Domain=example.com", *ALWAYS]),
    ],
)
async def test_options(make_datasette, cookie_options, expected):
    datasette = await make_datasette({"old_secrets": [OLD], "cookie": cookie_options})
    assert await attributes(datasette) == expected


@pytest.mark.asyncio
async def test_options_over_what_is_known(make_datasette):
    datasette = await make_datasette(
        {"old_secrets": [OLD], "cookie": {"secure": False, "max_age": 3600}},
        settings={"force_https_urls": True},
    )
    expiring = await attributes(datasette, expires_at=time.time() + 60)
    (max_age,) = set(expiring) - set(ALWAYS)
    assert int(max_age.removeprefix("Max-Age=")) <= 60, "the payload knows better than an option"


def test_a_real_server_behind_https(tmp_path):
    """A proxy on the same machine says by a header that the browser came over HTTPS."""
    session = cookie(OLD, expires_at=time.time() + 1000)
    with serve(tmp_path, CURRENT, {"old_secrets": [OLD]}) as server:
        answer = server._send(
            "/-/actor.json",
            None,
            {"Cookie": f"ds_actor={session}", "X-Forwarded-Proto": "https"},
        )
        (header,) = answer.headers.get_all("set-cookie")
        assert "; Max-Age=" in header
        assert "; HttpOnly" in header
        assert "; Secure" in header
