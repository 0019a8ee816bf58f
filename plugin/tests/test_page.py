"""The page /-/dstok, through the in-process client."""

import base64
import re
import time
import zlib
from html import unescape

import pytest
from datasette.app import Datasette
from helpers import CURRENT, FOREIGN, OLD, OLDER, bearer, cookie, token

from datasette_dstok import explain

ROTATED = {"old_secrets": [OLD, OLDER]}


async def ask(datasette, pasted, **request):
    """Paste something as root; return what the page says, as text."""
    request = {"actor": {"id": "root"}, **request}
    response = await datasette.client.post("/-/dstok", data={"token": pasted}, **request)
    assert response.status_code == 200
    return text(response)


def text(response):
    """Return the answer on a page without its tags, in one line."""
    found = re.search(
        r'<div class="dstok-answer".*?(?=<form class="core)', response.text, re.DOTALL
    )
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split()) if found else ""


@pytest.mark.asyncio
async def test_permission(make_datasette):
    unconfigured = await make_datasette()
    configured = await make_datasette(config={"permissions": {"dstok-inspect": {"id": "ann"}}})
    for datasette, actor, status in (
        (unconfigured, None, 403),
        (unconfigured, {"id": "ann"}, 403),
        (unconfigured, {"id": "root"}, 200),
        (configured, None, 403),
        (configured, {"id": "bob"}, 403),
        (configured, {"id": "ann"}, 200),
    ):
        visitor = {"actor": actor} if actor else {}
        response = await datasette.client.get("/-/dstok", **visitor)
        assert response.status_code == status
        response = await datasette.client.post("/-/dstok", data={"token": "x"}, **visitor)
        assert response.status_code == status
        home = await datasette.client.get("/", **visitor)
        assert ('<a href="/-/dstok">Inspect a token</a>' in home.text) == (status == 200)


@pytest.mark.asyncio
async def test_root_needs_to_be_enabled():
    datasette = Datasette(memory=True)
    response = await datasette.client.get("/-/dstok", actor={"id": "root"})
    assert response.status_code == 403


@pytest.mark.asyncio
async def test_restricted_tokens_do_not_open_it(make_datasette):
    datasette = await make_datasette()
    for more, status in (
        ({}, 200),
        ({"_r": {"a": ["vi"]}}, 403),
        ({"_r": {"a": ["dstok-inspect"]}}, 200),
    ):
        response = await datasette.client.get(
            "/-/dstok", headers=bearer(token(CURRENT, "root", **more))
        )
        assert response.status_code == status


@pytest.mark.asyncio
async def test_other_sites_cannot_post(make_datasette):
    datasette = await make_datasette()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://example.org"}):
        response = await datasette.client.post(
            "/-/dstok", data={"token": "x"}, actor={"id": "root"}, headers=headers
        )
        assert response.status_code == 403


@pytest.mark.asyncio
async def test_methods(make_datasette):
    datasette = await make_datasette()
    for method, status in (
        ("GET", 200),
        ("HEAD", 200),
        ("POST", 200),
        ("PUT", 405),
        ("DELETE", 405),
        ("PATCH", 405),
    ):
        body = {"data": {"token": "x"}} if method == "POST" else {}
        response = await datasette.client.request(method, "/-/dstok", actor={"id": "root"}, **body)
        assert response.status_code == status, method
        assert response.headers.get("allow") == ("GET, HEAD, POST" if status == 405 else None)


@pytest.mark.asyncio
async def test_page_starts_nothing_and_is_not_stored(make_datasette):
    from datasette_dstok.instance import instance_of

    datasette = await make_datasette()
    response = await datasette.client.get("/-/dstok", actor={"id": "root"})
    assert "no-store" in response.headers["cache-control"]
    assert instance_of(datasette).sidecar._client is None
    assert "No old secrets are configured, so there is nothing to count." in response.text


@pytest.mark.asyncio
async def test_base_url(make_datasette):
    datasette = await make_datasette(settings={"base_url": "/prefix/"})
    response = await datasette.client.get("/-/dstok", actor={"id": "root"})
    assert 'action="/prefix/-/dstok"' in response.text
    assert 'href="/prefix/-/dstok"' in response.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        (
            lambda: token(CURRENT),
            [
                "This token is valid.",
                "Actor alice",
                "Expires never",
                "Signed with the current secret",
                "Whatever its actor may do.",
            ],
        ),
        (lambda: f"  Bearer {token(CURRENT)}\n", ["This token is valid."]),
        (lambda: f"'Authorization: bearer {token(CURRENT)}'", ["This token is valid."]),
        (lambda: f"\u201c{token(CURRENT)}\u201d", ["This token is valid."]),
        (
            lambda: token(CURRENT)[:-7],
            ["The signature is not right. It is cut short, to 20 of 27 characters: copy the whole"],
        ),
        (lambda: token(CURRENT, d=3700), ["This token is valid.", "UTC, in 1 hour"]),
        (
            lambda: token(OLD),
            ["This token is valid.", "It is signed with old secret 1 and works only as long as"],
        ),
        (lambda: token(OLDER), ["Signed with old secret 2"]),
        (
            lambda: token(CURRENT, t=1_700_000_000, d=60),
            [
                "This token has expired.",
                "It was valid until 2023-11-14 22:14:20 UTC",
                "Created 2023-11-14 22:13:20 UTC",
            ],
        ),
        (
            lambda: token(FOREIGN),
            [
                "This token is not valid.",
                "The signature is not right.",
                "What it claims",
                "Actor alice",
                "none of the 3 secrets known here",
            ],
        ),
        (lambda: token(CURRENT)[:-2], ["This token is not valid.", "cut short"]),
        (lambda: token(CURRENT, t="x"), ["When it was made is not written as a whole number."]),
        (lambda: token(CURRENT, _r={}), ["Nothing: it is restricted to no action at all."]),
        (lambda: token(CURRENT, _r=None), ["This token is valid.", "Its restrictions are null,"]),
        (lambda: token(CURRENT, _r=5), ["This token is valid.", "restrictions are malformed,"]),
        (lambda: token(CURRENT, _r={"a": 5}), ["Its restrictions are malformed."]),
        (
            lambda: token(
                CURRENT,
                _r={
                    "a": ["vi", "dstok-inspect", "xy"],
                    "d": {"docs": ["es"]},
                    "r": {"docs": {"t 1": ["ir", "ur"], "t 2": []}},
                },
            ),
            [
                "everywhere: view-instance, dstok-inspect, xy",
                "in the database docs: execute-sql",
                "in docs/t 1: insert-row, update-row",
                "in docs/t 2: nothing",
                "xy: no such action in this Datasette",
            ],
        ),
        (lambda: token(CURRENT, {"deep": [1]}), ['Actor {"deep": [1]}']),
        (lambda: token(CURRENT, t=10**30), [f"Created {10**30} seconds after 1970"]),
        (lambda: "hello", ["It does not begin with dstok_"]),
        (lambda: "dstok_", ["This token is not valid."]),
        (lambda: "", ["Paste a token first."]),
        (lambda: "dstok_" + "x" * 9_000, ["This is too long for a token."]),
        (lambda: "dstok_\ud83d\u0000<b>", ["This token is not valid."]),
    ],
)
async def test_answers(make_datasette, pasted, expected):
    datasette = await make_datasette(ROTATED)
    pasted = pasted().encode("utf-8", "replace").decode()
    said = await ask(datasette, pasted)
    for part in expected:
        assert part in said
    if len(pasted) > 20:
        page = await datasette.client.post("/-/dstok", data={"token": pasted}, actor={"id": "root"})
        assert pasted.strip() not in page.text


@pytest.mark.asyncio
async def test_white_space_inside(make_datasette):
    datasette = await make_datasette()
    whole = token(CURRENT)
    for broken in (f"{whole[:20]}\n{whole[20:]}", f"{whole[:20]}=\r\n {whole[20:]}"):
        said = await ask(datasette, broken)
        assert "This token is not valid." in said
        assert explain.SPACED in said
    for other in (f" {whole}\n", f"Bearer  {whole}", whole[:-2], token(CURRENT, t=1, d=1)):
        assert explain.SPACED not in await ask(datasette, other)


@pytest.mark.asyncio
@pytest.mark.parametrize("restrictions", [None, 5, [], ""])
async def test_restrictions_that_are_no_object(make_datasette, restrictions):
    """What the page says of them is what Datasette does."""
    datasette = await make_datasette()
    odd = token(CURRENT, "root", _r=restrictions)
    said = await ask(datasette, odd)
    assert "May do Nothing." in said
    assert "a server error (500) as soon as it looks up a permission" in said
    assert (await datasette.client.get("/-/actor.json", headers=bearer(odd))).status_code == 200
    assert (await datasette.client.get("/", headers=bearer(odd))).status_code == 500


@pytest.mark.asyncio
async def test_settings_are_told(make_datasette):
    datasette = await make_datasette(settings={"max_signed_tokens_ttl": 600})
    said = await ask(datasette, token(CURRENT))
    assert "UTC, in 9 minutes" in said
    assert "max_signed_tokens_ttl (600 seconds)" in said
    assert "max_signed_tokens_ttl" not in await ask(datasette, token(CURRENT, d=60))
    assert "This token has expired." in await ask(
        datasette, token(CURRENT, t=int(time.time()) - 601)
    )
    datasette = await make_datasette(settings={"allow_signed_tokens": False})
    assert "its setting allow_signed_tokens is off" in await ask(datasette, token(CURRENT))


@pytest.mark.asyncio
async def test_everything_is_escaped(make_datasette):
    datasette = await make_datasette(ROTATED)
    evil = "<script>alert(1)</script>\"'&"
    hostile = token(
        CURRENT, evil, _r={"a": [evil], "d": {evil: [evil]}, "r": {evil: {evil: [evil]}}}, more=evil
    )
    for pasted in (hostile, hostile[:-2], evil):
        page = await datasette.client.post("/-/dstok", data={"token": pasted}, actor={"id": "root"})
        assert "<script>alert" not in page.text
    page = await datasette.client.post("/-/dstok", data={"token": hostile}, actor={"id": "root"})
    assert page.text.count("&lt;script&gt;alert(1)") >= 6


@pytest.mark.asyncio
async def test_secrets_in_use(make_datasette):
    datasette = await make_datasette(ROTATED)
    first, second = token(OLD), token(OLD, "bob")
    for one in (first, first, second, token(CURRENT)):
        await datasette.client.get("/-/actor.json", headers=bearer(one))
    await datasette.client.get("/", cookies={"ds_actor": cookie(OLDER)})
    page = await datasette.client.get("/-/dstok", actor={"id": "root"})
    rows = [
        " | ".join(
            re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row)
        )
        for row in re.findall(r"<tr>.*?</tr>", page.text, re.DOTALL)[1:]
    ]
    rows = [re.sub(r"\d{4}-[^|]+(now|ago)", "T", row) for row in rows]
    assert rows == [
        "the current secret | 1 | 1 | T | 1 | 1 | T",
        "old secret 1 | 2 | 3 | T | 0 | 0 | never",
        "old secret 2 | 0 | 0 | never | 1 | 1 | T",
    ]
    for secret in (CURRENT, OLD, OLDER):
        assert secret not in page.text


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "now"),
        (0.9, "now"),
        (1, "in 1 second"),
        (-59, "59 seconds ago"),
        (3600, "in 1 hour"),
        (-172_800, "2 days ago"),
    ],
)
def test_away(seconds, expected):
    assert explain.away(seconds) == expected


@pytest.mark.asyncio
async def test_payload_that_inflates(make_datasette):
    """The longest text that is accepted, full of zeros."""
    payload = b'{"a":"' + b"0" * 4_000_000 + b'","t":1}'
    packed = base64.urlsafe_b64encode(zlib.compress(payload)).decode().rstrip("=")
    datasette = await make_datasette()
    said = await ask(datasette, f"dstok_.{packed}.signature")
    assert "The signature is not right." in said
    assert "Its payload is too long to be shown." in said
    assert len(said) < 1_000
