"""Revoked secrets: what goes back to one ends, however often it was renewed."""

import pytest
from datasette import Response, hookimpl
from datasette.plugins import pm
from helpers import CURRENT, OLD, OLDER, bearer, cookie, new_cookie, token

LEAKED = "the secret that leaked"


async def actor(datasette, **request):
    """Return (actor, the cookie that is set) of /-/actor.json."""
    response = await datasette.client.get("/-/actor.json", **request)
    assert response.status_code == 200
    made = new_cookie(response)
    return response.json()["actor"], made and made[0]


async def renew(make_datasette, session, secret, old):
    """Return what a session becomes where `secret` is in use and `old` are accepted."""
    datasette = await make_datasette({"old_secrets": old}, secret=secret)
    found, renewed = await actor(datasette, cookies={"ds_actor": session})
    assert found == {"id": "alice"}
    return renewed


@pytest.mark.asyncio
async def test_sessions_end_with_the_secret_they_go_back_to(make_datasette):
    directly = await renew(make_datasette, cookie(LEAKED), CURRENT, [LEAKED])
    once = await renew(make_datasette, cookie(LEAKED), OLD, [LEAKED])
    twice = await renew(make_datasette, once, CURRENT, [OLD])
    assert twice == cookie(CURRENT, renewed_from=[LEAKED, OLD])
    over_two = await renew(
        make_datasette, await renew(make_datasette, once, OLDER, [OLD]), CURRENT, [OLDER]
    )
    forged = [cookie(LEAKED), directly, once, twice, over_two]
    untouched = [cookie(CURRENT), cookie(CURRENT, renewed_from=[OLD]), cookie(OLD)]

    ordinary = await make_datasette({"old_secrets": [OLD]})
    for session in (*forged[1:], *untouched):
        found, _ = await actor(ordinary, cookies={"ds_actor": session})
        assert found == {"id": "alice"}, "a removal is not a revocation"

    revoking = await make_datasette({"old_secrets": [OLD], "revoked_secrets": [LEAKED]})
    for session in forged:
        assert await actor(revoking, cookies={"ds_actor": session}) == (None, None)
    for session in untouched:
        found, _ = await actor(revoking, cookies={"ds_actor": session})
        assert found == {"id": "alice"}


@pytest.mark.asyncio
async def test_a_rotation_does_not_end_a_revocation(make_datasette):
    """README: a revoked secret stays in the list until the secrets renewed to are gone, too."""
    renewed = await renew(make_datasette, cookie(LEAKED), OLD, [LEAKED])
    request = {"cookies": {"ds_actor": renewed}}
    kept = await make_datasette({"old_secrets": [OLD], "revoked_secrets": [LEAKED]})
    assert await actor(kept, **request) == (None, None)
    forgotten = await make_datasette({"old_secrets": [OLD]})
    assert (await actor(forgotten, **request))[0] == {"id": "alice"}
    later = await make_datasette({"old_secrets": []})
    assert await actor(later, **request) == (None, None)


@pytest.mark.asyncio
async def test_revoked_secrets_alone(make_datasette):
    datasette = await make_datasette({"revoked_secrets": [LEAKED]})
    for session in (cookie(LEAKED), cookie(CURRENT, renewed_from=[LEAKED])):
        assert await actor(datasette, cookies={"ds_actor": session}) == (None, None)
    response = await datasette.client.get("/-/actor.json", headers=bearer(token(LEAKED)))
    assert response.status_code == 401
    assert await actor(datasette, cookies={"ds_actor": cookie(CURRENT)}) == ({"id": "alice"}, None)


@pytest.mark.asyncio
@pytest.mark.parametrize("carried", [5, "text", {"a": 1}, [5, None, ["x"]], None])
async def test_odd_marks_are_no_way_out(make_datasette, carried):
    """With a leaked secret, an attacker can sign any cookie."""
    from itsdangerous import URLSafeSerializer

    payload = {"a": {"id": "alice"}, "dstok_renewed_from": carried}
    session = URLSafeSerializer(LEAKED, "actor").dumps(payload)
    renewed = await renew(make_datasette, session, CURRENT, [LEAKED])
    revoking = await make_datasette({"revoked_secrets": [LEAKED]})
    assert await actor(revoking, cookies={"ds_actor": renewed}) == (None, None)


CREATE = {"expire_type": "hours", "expire_duration": "1"}


@pytest.mark.asyncio
async def test_a_session_from_an_old_secret_makes_no_tokens(make_datasette):
    guarded = await make_datasette({"old_secrets": [OLD], "replace_signed": True})
    root = {"id": "root"}
    for session in (cookie(OLD, root), cookie(CURRENT, root, renewed_from=[OLD])):
        response = await guarded.client.post(
            "/-/create-token", data=CREATE, cookies={"ds_actor": session}
        )
        assert response.status_code == 400
        assert "Log out and log in again" in response.text
        assert "dstok_" not in response.text
    response = await guarded.client.post(
        "/-/create-token", data=CREATE, cookies={"ds_actor": cookie(CURRENT, root)}
    )
    assert response.status_code == 200
    assert "dstok_" in response.text
    # Outside of requests, and in one that follows, nothing is held against anyone.
    assert await guarded.create_token("root", expires_after=60)

    open_to_all = await make_datasette({"old_secrets": [OLD]})
    response = await open_to_all.client.post(
        "/-/create-token", data=CREATE, cookies={"ds_actor": cookie(OLD, root)}
    )
    assert response.status_code == 200


@pytest.mark.asyncio
async def test_a_request_within_a_request_is_no_way_out(make_datasette):
    class Plugin:
        @hookimpl
        def register_routes(self):
            async def view(datasette, request):
                fresh = {"ds_actor": cookie(CURRENT, request.actor)}
                await datasette.client.get("/-/actor.json", cookies=fresh)
                inner = await datasette.client.post("/-/create-token", data=CREATE, cookies=fresh)
                return Response.text(inner.text, status=inner.status_code)

            return [(r"^/relay$", view)]

    pm.register(Plugin(), name="relay")
    try:
        datasette = await make_datasette({"old_secrets": [OLD], "replace_signed": True})
        root = {"id": "root"}
        response = await datasette.client.get("/relay", cookies={"ds_actor": cookie(OLD, root)})
        assert response.status_code == 400
        response = await datasette.client.get("/relay", cookies={"ds_actor": cookie(CURRENT, root)})
        assert response.status_code == 200
    finally:
        pm.unregister(name="relay")


@pytest.mark.asyncio
async def test_a_token_of_an_old_secret_makes_no_tokens(make_datasette):
    """Datasette's own page refuses every token; the pages of plugins may not."""

    class Plugin:
        @hookimpl
        def register_routes(self):
            async def view(datasette, request):
                return Response.text(await datasette.create_token(request.actor["id"]))

            return [(r"^/mint$", view)]

    pm.register(Plugin(), name="mint")
    try:
        for option, of_old in (("replace_signed", 400), ("default_handler", 200)):
            datasette = await make_datasette({"old_secrets": [OLD], option: True})
            for secret, status in ((OLD, of_old), (CURRENT, 200)):
                response = await datasette.client.get("/mint", headers=bearer(token(secret)))
                assert (response.status_code, "dstok_" in response.text) == (status, status == 200)
    finally:
        pm.unregister(name="mint")


@pytest.mark.asyncio
async def test_a_task_that_outlives_its_request_is_no_way_out(make_datasette):
    """Nor does a task start to be one that goes back to an old secret by what it unsigns."""
    import asyncio

    outcomes = []

    class Plugin:
        @hookimpl
        def register_routes(self):
            async def work(datasette, answered):
                await answered.wait()
                datasette.unsign(cookie(OLD), "actor")
                outcomes.append(await asyncio.gather(made(datasette), return_exceptions=True))

            async def made(datasette):
                return await datasette.create_token("root", expires_after=60)

            def view(datasette, request):
                answered = asyncio.Event()
                task = asyncio.create_task(work(datasette, answered))
                started.append((answered, task))
                return Response.text("started")

            return [(r"^/start$", view)]

    started = []
    pm.register(Plugin(), name="tasks")
    try:
        datasette = await make_datasette({"old_secrets": [OLD], "replace_signed": True})
        for secret in (OLD, CURRENT):
            session = {"ds_actor": cookie(secret, {"id": "root"})}
            await datasette.client.get("/start", cookies=session)
        for answered, task in started:
            answered.set()
            await task
    finally:
        pm.unregister(name="tasks")
    assert "Log out and log in again" in str(outcomes[0][0])
    assert outcomes[1][0].startswith("dstok_")


class Refresh:
    """Signs the actor of a request again, and somebody else, as plugins may do."""

    @hookimpl
    def register_routes(self):
        async def refresh(datasette, request):
            response = Response.text("refreshed")
            datasette.set_actor_cookie(response, request.actor or {"id": "alice"}, expire_after=60)
            return response

        return [(r"^/refresh$", refresh)]


@pytest.mark.asyncio
async def test_a_session_that_a_plugin_signs_again_ends_too(make_datasette):
    pm.register(Refresh(), name="refresh")
    try:
        rotated = await make_datasette({"old_secrets": [LEAKED]})
        sessions = []
        for session in (cookie(LEAKED), cookie(CURRENT, renewed_from=[LEAKED])):
            response = await rotated.client.get("/refresh", cookies={"ds_actor": session})
            sessions.append(new_cookie(response)[0])
        bearing = await rotated.client.get("/refresh", headers=bearer(token(LEAKED)))
        sessions.append(new_cookie(bearing)[0])
        clean = []
        for session in (cookie(CURRENT), cookie(LEAKED, expires_at=1), None):
            cookies = {"ds_actor": session} if session else {}
            response = await rotated.client.get("/refresh", cookies=cookies)
            clean.append(new_cookie(response)[0])
    finally:
        pm.unregister(name="refresh")
    revoking = await make_datasette({"revoked_secrets": [LEAKED]})
    for session in sessions:
        assert await actor(revoking, cookies={"ds_actor": session}) == (None, None)
    for session in clean:
        found, _ = await actor(revoking, cookies={"ds_actor": session})
        assert found == {"id": "alice"}, "a new login is not held against anyone"


@pytest.mark.asyncio
async def test_marks_count_after_the_old_secret_is_gone(make_datasette):
    """A session keeps from making tokens what it could outlive, with nothing else configured."""
    guarded = await make_datasette({"replace_signed": True})
    session = cookie(CURRENT, {"id": "root"}, renewed_from=[OLD])
    response = await guarded.client.post(
        "/-/create-token", data=CREATE, cookies={"ds_actor": session}
    )
    assert response.status_code == 400
    assert "dstok_" not in response.text


@pytest.mark.asyncio
async def test_what_else_is_signed_is_as_datasette_signs_it(make_datasette):
    datasette = await make_datasette({"old_secrets": [OLD], "replace_signed": True})
    for value in ({"a": {"id": "x"}}, [1], "text", None, 5):
        for namespace in ("actor", b"actor", "token", "default"):
            expected = type(datasette).sign(datasette, value, namespace)
            assert datasette.sign(value, namespace) == expected
    assert datasette.sign("x") == type(datasette).sign(datasette, "x")
