"""Tokens and cookies from before a rotation of the secret."""

import time
from random import Random

import pytest
from datasette import Response, TokenInvalid, hookimpl
from datasette.plugins import pm
from helpers import CURRENT, FOREIGN, OLD, OLDER, bearer, cookie, new_cookie, token, usage
from itsdangerous import URLSafeSerializer

from datasette_dstok import payloads, sessions
from datasette_dstok.secrets import Secret

ROTATED = {"old_secrets": [OLD, OLDER]}


async def actor(datasette, **request):
    """Return (status, actor or message) of /-/actor.json."""
    response = await datasette.client.get("/-/actor.json", **request)
    body = response.json()
    return response.status_code, body["actor"] if response.status_code == 200 else body["error"]


@pytest.mark.asyncio
async def test_tokens_of_every_secret_are_accepted(make_datasette):
    datasette = await make_datasette(ROTATED)
    for secret in (CURRENT, OLD, OLDER):
        assert await actor(datasette, headers=bearer(token(secret))) == (
            200,
            {"id": "alice", "token": "dstok"},
        )
    assert await datasette.verify_token(token(OLDER, "bob")) == {"id": "bob", "token": "dstok"}
    assert await usage(datasette) == [(1, 1, 0, 0), (1, 1, 0, 0), (2, 2, 0, 0)]


@pytest.mark.asyncio
async def test_spellings_of_a_signature_are_one_token_and_one_cookie(make_datasette):
    datasette = await make_datasette(ROTATED)
    for number, secret in enumerate((CURRENT, OLD)):
        made, session = token(secret, "bob"), cookie(secret)
        for text, end in ((made, "="), (made, "===="), (made, "!!!!"), (made, "")):
            assert await datasette.verify_token(text + end), end
        head, _, signature = made.rpartition(".")
        assert await datasette.verify_token(f"{head}.****{signature}")
        for end in ("", "!!!!", "****"):
            status, seen = await actor(datasette, cookies={"ds_actor": session + end})
            assert (status, seen) == (200, {"id": "alice"})
        assert (await usage(datasette))[number] == (1, 5, 1, 3)
    assert await datasette.verify_token(token(CURRENT, "carl"))
    assert (await usage(datasette))[0] == (2, 6, 1, 3)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "settings", [{}, {"allow_signed_tokens": False}, {"max_signed_tokens_ttl": 60}]
)
async def test_old_tokens_are_judged_as_current_ones(make_datasette, settings):
    """Whatever Datasette alone says of a token, it says of the same one under an old secret."""
    alone = await make_datasette(settings=settings)
    rotated = await make_datasette(ROTATED, settings=settings)
    hour_ago = int(time.time()) - 3600
    payloads = [
        {},
        {"d": 100},
        {"d": 7200, "t": hour_ago},
        {"d": 60, "t": hour_ago},
        {"t": hour_ago},
        {"t": 1.5},
        {"d": "x"},
        {"d": 0},
        {"_r": {"a": ["vi"]}},
        {"_r": {}},
    ]
    for payload in payloads:
        payload = {"t": hour_ago + 3600, **payload}
        expected = await actor(alone, headers=bearer(token(CURRENT, **payload)))
        for secret in (CURRENT, OLD, OLDER):
            assert await actor(rotated, headers=bearer(token(secret, **payload))) == expected


@pytest.mark.asyncio
async def test_odd_payloads_are_judged_as_current_ones(make_datasette):
    """Even where Datasette's own code crashes, which only who has the secret can make it do."""
    datasette = await make_datasette(ROTATED, settings={"max_signed_tokens_ttl": 500})

    async def outcome(secret, payload):
        signed = "dstok_" + URLSafeSerializer(secret, "token").dumps(payload)
        try:
            return await datasette.verify_token(signed)
        except Exception as error:
            return type(error), str(error)

    now = int(time.time())
    values = [None, 0, 1, -1, 60, now, now - 400, now + 400, 1.5, True, "x", [], {}, {"a": ["vt"]}]
    odd = [None, 5, "text", [], ["t"], {}]
    random = Random(1)
    for _ in range(1000):
        names = random.sample(["a", "t", "d", "_r", "e"], random.randrange(1, 6))
        odd.append({name: random.choice(values) for name in names})
    for payload in odd:
        assert await outcome(OLD, payload) == await outcome(CURRENT, payload)


@pytest.mark.asyncio
async def test_what_is_no_token_of_ours_is_refused_as_by_datasette(make_datasette):
    alone, rotated = await make_datasette(), await make_datasette(ROTATED)
    valid = token(OLD)
    for bad in (
        token(FOREIGN),
        valid[:-3],
        "dstok_",
        "dstok_x.y",
        "other",
        valid.replace("_", "-", 1),
    ):
        assert await actor(rotated, headers=bearer(bad)) == await actor(alone, headers=bearer(bad))
    assert await usage(rotated) == [(0, 0, 0, 0)] * 3


@pytest.mark.asyncio
async def test_namespaces_stay_apart(make_datasette):
    datasette = await make_datasette(ROTATED)
    with pytest.raises(TokenInvalid):
        await datasette.verify_token("dstok_" + cookie(OLD))
    assert await actor(datasette, cookies={"ds_actor": token(OLD).removeprefix("dstok_")}) == (
        200,
        None,
    )


@pytest.mark.asyncio
async def test_restrictions_of_old_tokens_hold(make_datasette):
    datasette = await make_datasette(ROTATED)
    reader = token(OLD, "root", _r={"a": ["vi"]})
    assert (
        await datasette.client.get("/-/databases.json", headers=bearer(reader))
    ).status_code == 200
    assert (await datasette.client.get("/_memory.json", headers=bearer(reader))).status_code == 403


@pytest.mark.asyncio
async def test_new_tokens_and_default_handler_stay_datasettes(make_datasette):
    datasette = await make_datasette(ROTATED)
    assert [handler.name for handler in datasette._token_handlers()] == ["signed", "dstok"]
    minted = await datasette.create_token("alice", expires_after=60)
    assert datasette.unsign(minted.removeprefix("dstok_"), "token")["a"] == "alice"


@pytest.mark.asyncio
async def test_old_cookie_is_accepted_and_reissued(make_datasette):
    datasette = await make_datasette(ROTATED)
    expires_at = time.time() + 1000
    old = cookie(OLD, expires_at=expires_at)
    response = await datasette.client.get("/-/actor.json", cookies={"ds_actor": old})
    assert response.json()["actor"] == {"id": "alice"}
    value, attributes = new_cookie(response)
    assert value == cookie(CURRENT, expires_at=expires_at, renewed_from=[OLD])
    (max_age,) = [one for one in attributes if one.startswith("Max-Age=")]
    assert 900 < int(max_age.removeprefix("Max-Age=")) <= 1000
    attributes.remove(max_age)
    assert attributes == ["HttpOnly", "Path=/", "SameSite=lax"]
    assert "no-store" in response.headers["cache-control"]
    # The new one is current, and is not issued again.
    again = await datasette.client.get("/-/actor.json", cookies={"ds_actor": value})
    assert again.json()["actor"] == {"id": "alice"}
    assert new_cookie(again) is None
    assert await usage(datasette) == [(0, 0, 1, 1), (0, 0, 1, 1), (0, 0, 0, 0)]


@pytest.mark.asyncio
async def test_other_members_and_other_cookies_are_kept(make_datasette):
    datasette = await make_datasette(ROTATED)
    payload = {"x": [1.5, "\u00fc"], "a": {"id": "b\u00fccher", "n": None}}
    old = URLSafeSerializer(OLDER, "actor").dumps(payload)
    headers = {"Cookie": f'first=1; ds_actor="{old}"; last=2'}
    response = await datasette.client.get("/-/actor.json", headers=headers)
    assert response.json()["actor"] == payload["a"]
    renewed = {**payload, "dstok_renewed_from": [Secret(OLDER).fingerprint]}
    assert datasette.unsign(new_cookie(response)[0], "actor") == renewed


@pytest.mark.asyncio
async def test_what_is_not_reissued(make_datasette):
    datasette = await make_datasette(ROTATED)
    refused = {
        "foreign": cookie(FOREIGN),
        "expired": cookie(OLD, expires_at=time.time() - 10),
        "changed": cookie(OLD).replace(".", "x."),
        "of another kind": URLSafeSerializer(OLD, "actor").dumps({"b": 1}),
        "a list": URLSafeSerializer(OLD, "actor").dumps(["a"]),
    }
    for value in refused.values():
        response = await datasette.client.get("/-/actor.json", cookies={"ds_actor": value})
        assert (response.json()["actor"], new_cookie(response)) == (None, None)
    old = {"ds_actor": cookie(OLD)}
    # Logging out removes the cookie, and only that.
    response = await datasette.client.post("/-/logout", cookies=old)
    assert [
        header.split(";")[0]
        for header in response.headers.get_list("set-cookie")
        if "ds_actor" in header
    ] == ['ds_actor=""']
    # A static file may be kept by a shared cache.
    response = await datasette.client.get("/-/static/app.css", cookies=old)
    assert response.status_code == 200
    assert new_cookie(response) is None
    # An API request is no browser, but its cookie counts as Datasette has it.
    response = await datasette.client.get(
        "/-/actor.json", cookies=old, headers=bearer(token(OLD, "bob"))
    )
    assert response.json()["actor"]["id"] == "bob"
    assert new_cookie(response) is None


@pytest.mark.parametrize(
    ("control", "private"),
    [
        (["private"], True),
        (["no-store"], True),
        (["max-age=5, No-Store"], True),
        (["max-age=5", "private"], True),
        (["public, max-age=3600"], False),
        (["max-age=5"], False),
        (["no-cache"], False),
        ([], False),
    ],
)
def test_what_a_shared_cache_may_keep(control, private):
    headers = [(b"Cache-Control", value.encode()) for value in control]
    assert sessions.is_private([(b"x", b"private"), *headers]) == private


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_what_brings_a_token(scheme):
    """Datasette takes the first spelling alone, plugins may take others."""
    header = f"{scheme} {token(OLD)}".encode()
    assert sessions.bearer({"headers": [(b"authorization", header)]})
    assert not sessions.bearer({"headers": [(b"authorization", b"Basic x"), (b"x", header)]})


@pytest.mark.parametrize("end", ["!", "-", 5, [], {"a": 1}, True, "z" * 400, "z" * 20])
def test_cookies_with_an_odd_end(end):
    """Datasette fails on most of them, takes an empty one for none, and accepts the last."""
    live = payloads.is_live({"a": {"id": "alice"}, "e": end})
    assert live == (end in ([], "z" * 20))


@pytest.mark.asyncio
async def test_a_session_between_two_processes_does_not_grow(make_datasette):
    """In a rolling restart, each has the secret of the other as an old one."""
    ahead = await make_datasette({"old_secrets": [OLD]})
    behind = await make_datasette({"old_secrets": [CURRENT]}, secret=OLD)
    session = cookie(OLD)
    for _ in range(3):
        for datasette in (ahead, behind):
            response = await datasette.client.get("/-/actor.json", cookies={"ds_actor": session})
            session, _ = new_cookie(response)
    assert session == cookie(OLD, renewed_from=[OLD, CURRENT])


@pytest.mark.asyncio
async def test_errors_reissue_too(make_datasette):
    datasette = await make_datasette(ROTATED)
    for path, status in (("/missing", 404), ("/-/permissions", 403)):
        response = await datasette.client.get(path, cookies={"ds_actor": cookie(OLD)})
        assert response.status_code == status
        assert new_cookie(response) is not None


@pytest.mark.asyncio
async def test_a_response_that_sets_the_cookie_has_the_last_word(make_datasette):
    class Login:
        @hookimpl
        def register_routes(self):
            async def view(datasette):
                response = Response.text("hello")
                datasette.set_actor_cookie(response, {"id": "bob"})
                return response

            return [(r"^/login$", view)]

    pm.register(Login(), name="login")
    try:
        datasette = await make_datasette(ROTATED)
        response = await datasette.client.get("/login", cookies={"ds_actor": cookie(OLD)})
        assert response.headers.get_list("set-cookie")[0].startswith("ds_actor=")
        assert len(response.headers.get_list("set-cookie")) == 1
        # Who logs in without logging out keeps what is held against the session before.
        assert datasette.unsign(new_cookie(response)[0], "actor") == {
            "a": {"id": "bob"},
            "dstok_renewed_from": [Secret(OLD).fingerprint],
        }
    finally:
        pm.unregister(name="login")


@pytest.mark.asyncio
async def test_the_current_secret_is_no_old_one(make_datasette):
    datasette = await make_datasette({"old_secrets": [CURRENT, OLD]})
    response = await datasette.client.get("/-/actor.json", cookies={"ds_actor": cookie(CURRENT)})
    assert new_cookie(response) is None
    assert await usage(datasette) == [(0, 0, 1, 1), (0, 0, 0, 0)]
