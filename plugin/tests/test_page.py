"""The page that inspects a token, /-/dstok, through the in-process client."""

import re
import time
from html import unescape

import pytest
from datasette.app import Datasette
from helpers import CURRENT, FOREIGN, OLD, OLDER, bearer, token

from datasette_dstok import times

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
    assert instance_of(datasette).inspection._client is None
    assert instance_of(datasette).sidecar._client is None


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
        (lambda: token(CURRENT, d=3700), ["This token is valid.", "UTC, in 1 hour 2 minutes"]),
        (
            lambda: token(OLD),
            [
                "This token works, but only while old secret 1 is accepted.",
                "Replace it with a new one before that secret is removed.",
                "Signed with old secret 1",
            ],
        ),
        (lambda: token(OLDER), ["Signed with old secret 2"]),
        (
            lambda: token(CURRENT, t=1_700_000_000, d=60),
            [
                "This token has expired.",
                "Expires 2023-11-14 22:14:20 UTC",
                "Created 2023-11-14 22:13:20 UTC",
            ],
        ),
        (
            lambda: token(FOREIGN),
            [
                "This token is not valid.",
                "It was made with another secret, or it was changed",
                "does not match any of the 3 secrets that this Datasette accepts.",
                "What it claims",
                "Actor alice",
                "none of the 3 secrets known here",
            ],
        ),
        (lambda: token(CURRENT, t="x"), ["The time when it was made is not a whole number."]),
        (lambda: token(CURRENT, _r={}), ["Nothing: its restrictions allow no action."]),
        (
            lambda: token(CURRENT, _r=None),
            ["This token is valid.", "Its restrictions are null instead"],
        ),
        (
            lambda: token(CURRENT, _r=5),
            ["This token is valid.", "restrictions are malformed instead"],
        ),
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
                "Everywhere: view-instance dstok-inspect xy",
                "In the database docs: execute-sql",
                "In docs/t 1: insert-row update-row",
                "In docs/t 2: nothing",
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


def compressed(secret):
    """Return a token long enough to be compressed."""
    return token(secret, _r={"a": ["view-table"] * 50})


NO_SIGNATURE = "Its end is cut off: it has no signature."
BAD_START = "The text after dstok_ does not begin like a token"
SPACED = "There is white space inside it, perhaps from a line break: paste it as one line."
OTHER_OR_CHANGED = "It was made with another secret, or it was changed"

# What is done to a whole token, and what the page says of the result.
DAMAGE = {
    "signature cut": (lambda whole: whole[:-7], "its signature is cut short (20 of 27 characters)"),
    "signature gone": (lambda whole: whole.rpartition(".")[0], NO_SIGNATURE),
    "dot left": (lambda whole: whole.rpartition(".")[0] + ".", "is cut short (0 of 27 characters)"),
    "payload cut": (lambda whole: whole[:-33], NO_SIGNATURE),
    "only the prefix": (lambda whole: "dstok_", "Nothing follows dstok_."),
    "something added": (lambda whole: whole + "xyz", "Something was added to it"),
    "prefix cut": (lambda whole: whole[2:], "Its beginning is cut off: it begins with tok_"),
    "no prefix": (lambda whole: whole[6:], "signed with the current secret: put dstok_ before it."),
    "beginning cut": (lambda whole: whole[9:], "Either its beginning is cut off, or something"),
    "cut after the prefix": (lambda whole: "dstok_" + whole[10:], BAD_START),
    "middle gone": (lambda whole: whole[:12] + whole[15:], "Its payload cannot be read"),
    "tampered": (
        lambda whole: whole[:-1] + ("A" if whole[-1] != "A" else "Q"),
        "It was made with another secret, or it was changed",
    ),
    "line break": (lambda whole: f"{whole[:20]}\n{whole[20:]}", SPACED),
    "indented": (lambda whole: f"{whole[:20]}=\r\n {whole[20:]}", SPACED),
    "break in the signature": (lambda whole: f"{whole[:-5]}\n{whole[-5:]}", SPACED),
    "dsatok": (
        lambda whole: "dsatok_" + whole[6:],
        "This is a token of the plugin datasette-auth-tokens.",
    ),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("make", [token, compressed])
@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_named(make_datasette, make, damage):
    """Each kind of damage has a text of its own, and never that of another."""
    do, expected = DAMAGE[damage]
    datasette = await make_datasette()
    damaged = do(make(CURRENT))
    said = await ask(datasette, damaged)
    assert expected in said
    assert "This token is valid." not in said
    others = {text for _, text in DAMAGE.values()} - {expected}
    assert not [text for text in others if text in said]


@pytest.mark.asyncio
async def test_white_space_around_is_no_damage(make_datasette):
    datasette = await make_datasette()
    whole = token(CURRENT)
    for other in (f" {whole}\n", f"Bearer  {whole}", f"Authorization: Bearer {whole}"):
        assert "This token is valid." in await ask(datasette, other)


@pytest.mark.asyncio
async def test_the_verdict_has_the_focus_and_the_title(make_datasette):
    datasette = await make_datasette(ROTATED)
    page = await datasette.client.get("/-/dstok", actor={"id": "root"})
    assert "<title>Inspect a token</title>" in page.text
    assert "autofocus" not in page.text
    for pasted, title in (
        (token(CURRENT), "Valid"),
        (token(OLD), "Works for now"),
        (token(CURRENT, t=1, d=1), "Expired"),
        (token(FOREIGN), "Not valid"),
        ("dsatok_x", "Another plugin's token"),
        ("", "No token"),
    ):
        page = await datasette.client.post("/-/dstok", data={"token": pasted}, actor={"id": "root"})
        assert f"<title>{title} \u2013 Inspect a token</title>" in unescape(page.text)
        (verdict,) = re.findall(r"<[^>]* autofocus[^>]*>", page.text)
        assert 'tabindex="-1"' in verdict
        assert 'aria-labelledby="headline"' in verdict


@pytest.mark.asyncio
async def test_link_to_create_a_token(make_datasette):
    link = '<a href="/-/create-token">Create an API token</a>'
    datasette = await make_datasette(ROTATED)
    root = {"actor": {"id": "root"}}
    assert link in (await datasette.client.get("/-/dstok", **root)).text
    assert (
        link in (await datasette.client.post("/-/dstok", data={"token": token(OLD)}, **root)).text
    )
    by_token = await datasette.client.get("/-/dstok", headers=bearer(token(CURRENT, "root")))
    assert link not in by_token.text, "Datasette would refuse it"
    datasette = await make_datasette(settings={"allow_signed_tokens": False})
    assert link not in (await datasette.client.get("/-/dstok", **root)).text


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
    assert "UTC, in 10 minutes" in said
    assert "max_signed_tokens_ttl (10 minutes)" in said
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


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "now"),
        (0.9, "now"),
        (1, "in 1 second"),
        (-59, "59 seconds ago"),
        (59.6, "in 59 seconds"),
        (89, "in 1 minute"),
        (600 - 1.5, "in 10 minutes"),
        (3600, "in 1 hour"),
        (3600 - 20, "in 1 hour"),
        (5400, "in 1 hour 30 minutes"),
        (86_400 - 5, "in 1 day"),
        (86_400 - 300, "in 23 hours 55 minutes"),
        (-172_800, "2 days ago"),
        (36 * 3600 + 7, "in 1 day 12 hours"),
        (30 * 86_400 - 7, "in 30 days"),
        (7 * 86_400 - 7, "in 7 days"),
    ],
)
def test_away(seconds, expected):
    assert times.away(seconds) == expected


@pytest.mark.parametrize(
    ("lifetime", "expected"),
    [(3_600, "in 1 hour"), (86_400, "in 1 day"), (30 * 86_400, "in 30 days")],
)
def test_moments_agree_with_the_lifetime(lifetime, expected):
    """A token made a second ago expires in what was asked for."""
    made = 1_700_000_000
    assert times.moment(made + lifetime, made + 0.9).away == expected
