"""The page that shows which secrets are in use, /-/dstok/secrets, with reports of every kind."""

import re
from html import unescape

import pytest
from helpers import CURRENT, OLD, OLDER, bearer, token

from datasette_dstok.instance import instance_of
from datasette_dstok.usage import Report, SecretReport, Use
from datasette_dstok.verdicts import Verdict

SINCE = 1_700_000_000.0


def use(kind, **more):
    """Return a Use, by default one that was never seen."""
    return Use(
        **{
            "kind": kind,
            "requests": 0,
            "actors": 0,
            "more_actors": False,
            "last_seen": None,
            "last_actor": None,
            **more,
        }
    )


def secret(**more):
    """Return a SecretReport."""
    return SecretReport(**more, observed_since=None, unused=None)


def report(scope="all processes"):
    """Return a Report with one secret of each kind."""
    return Report(
        scope=scope,
        since=SINCE,
        secrets=[
            secret(
                name="the current secret",
                fingerprint="AAAAaaaa",
                uses=[
                    use(
                        "cookies",
                        requests=12_345,
                        actors=10_000,
                        more_actors=True,
                        last_seen=SINCE + 60,
                        last_actor="ann",
                    ),
                    use("tokens"),
                    use("dsatok", requests=3, actors=None, last_seen=SINCE + 1),
                ],
                verdict=None,
            ),
            secret(
                name="old secret 1",
                fingerprint="BBBBbbbb",
                uses=[
                    use("tokens", requests=1, actors=1, last_seen=SINCE, last_actor="<b>bob</b>")
                ],
                verdict=Verdict("keep", "Last used 6 seconds ago by <b>bob</b>. Keep it."),
            ),
            secret(
                name="old secret 2",
                fingerprint="CCCCcccc",
                uses=[],
                verdict=Verdict(
                    "safe", "Not used for 14 days (observed for 14 days): safe to remove."
                ),
            ),
            secret(
                name="a removed secret", fingerprint="DDDDdddd", uses=[use("tokens")], verdict=None
            ),
        ],
    )


async def page(datasette, given=None, **request):
    """Return the response for a Report instead of what was counted."""
    if given is not None:

        async def reported(_datasette):
            return given

        instance_of(datasette).usage.report = reported
    return await datasette.client.get("/-/dstok/secrets", **{"actor": {"id": "root"}, **request})


def main(response):
    """Return the page without its tags, in one line."""
    html = re.search(r'<main class="dstok">.*</main>', response.text, re.DOTALL)[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.mark.asyncio
async def test_report(make_datasette):
    response = await page(await make_datasette(), report())
    said = main(response)
    assert "no-store" in response.headers["cache-control"]
    assert "<title>Secrets</title>" in response.text
    for part in (
        "counted in all processes since 2023-11-14 22:13:20 UTC, ",
        "the current secret Fingerprint AAAAaaaa Sessions Requests 12,345 Actors 10,000 or more "
        "Last used ",
        " days ago by ann 2023-11-14 22:14:20 UTC API tokens Requests 0 Actors 0 Last used never "
        "dsatok Calls 3 Last used ",
        "old secret 1 Fingerprint BBBBbbbb ! Last used 6 seconds ago by <b>bob</b>. Keep it.",
        "old secret 2 Fingerprint CCCCcccc \u2713 Not used for 14 days (observed for 14 days): "
        "safe to remove. Not used. a removed secret Fingerprint DDDDdddd",
    ):
        assert part in said
    assert "--internal" not in said
    assert "<b>bob" not in response.text


@pytest.mark.asyncio
async def test_counts_of_one_process(make_datasette):
    said = main(await page(await make_datasette(), report("this process")))
    assert "counted in this process since its start, 2023-11-14 22:13:20 UTC, " in said
    assert "So this page cannot tell which secret can be removed." in said
    assert "--internal" in said


@pytest.mark.asyncio
async def test_tabs(make_datasette):
    datasette = await make_datasette(settings={"base_url": "/prefix/"})
    inspect = await datasette.client.get("/-/dstok", actor={"id": "root"})
    secrets = await page(datasette, report())
    for response, here, there in (
        (inspect, "/prefix/-/dstok", "/prefix/-/dstok/secrets"),
        (secrets, "/prefix/-/dstok/secrets", "/prefix/-/dstok"),
    ):
        tabs = re.search(r'<nav class="dstok-tabs".*?</nav>', response.text, re.DOTALL)[0]
        assert f'<a href="{here}" aria-current="page">' in tabs
        assert f'<a href="{there}">' in tabs
        assert tabs.count("<a ") == 2


@pytest.mark.asyncio
async def test_permission_and_methods(make_datasette):
    datasette = await make_datasette(config={"permissions": {"dstok-inspect": {"id": "ann"}}})
    for actor, status in ((None, 403), ({"id": "bob"}, 403), ({"id": "ann"}, 200)):
        assert (await page(datasette, report(), actor=actor)).status_code == status
    restricted = bearer(token(CURRENT, "ann", _r={"a": ["vi"]}))
    assert (await page(datasette, actor=None, headers=restricted)).status_code == 403
    for method in ("POST", "PUT", "DELETE"):
        response = await datasette.client.request(method, "/-/dstok/secrets", actor={"id": "ann"})
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.asyncio
async def test_real_report(make_datasette):
    """The page shows what the plugin itself counted."""
    datasette = await make_datasette({"old_secrets": [OLD, OLDER]})
    await datasette.client.get("/-/actor.json", headers=bearer(token(OLD, "bob")))
    response = await page(datasette)
    said = main(response)
    assert "old secret 1" in said
    assert "API tokens Requests 1 Actors 1" in said
    assert "by bob" in said
    for secret in (CURRENT, OLD, OLDER):
        assert secret not in response.text
