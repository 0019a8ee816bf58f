"""A refused token is answered in the way that was asked: a page for a form, JSON for JSON."""

import json
import re
import urllib.parse
from html import unescape

import pytest
from helpers import CURRENT, OLD, cookie
from servers import serve

from datasette_dstok import times

LIMITS = {"replace_signed": True, "max_expires_after": 30 * 86_400}
ROOT = cookie(CURRENT, {"id": "root"})

# A plugin with a form and an API of its own.
MINTING = """
from datasette import Response, hookimpl


async def mint(datasette, request):
    return Response.text(await datasette.create_token("ci", handler="dstok"))


@hookimpl
def register_routes():
    return [(r"^/mint$", mint), (r"^/mint\\.json$", mint)]
"""


def text(page):
    """Return a page without its tags, in one line."""
    html = re.search(r"<main.*</main>", page, re.DOTALL)[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refused")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "minting.py").write_text(MINTING)
    arguments = ["--plugins-dir", folder / "plugins"]
    with serve(folder, CURRENT, {**LIMITS, "known_actions_only": True}, arguments) as server:
        yield server


def post(server, path, body=b"", **headers):
    """Send a POST as root with headers, `accept` for Accept, and return the Answer."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return server._send(path, body, {"Cookie": f"ds_actor={ROOT}", **headers})


def test_datasettes_own_form(server):
    refused = server.post_form("/-/create-token", ROOT, expire_type="", expire_duration="")
    assert refused.status == 400
    assert refused.headers["content-type"].startswith("text/html")
    assert "no-store" in refused.headers["cache-control"]
    assert "<title>No token was made</title>" in refused.text
    assert '<a href="/-/create-token">' in refused.text
    said = text(refused.text)
    assert "You asked for a token that never expires." in said
    assert "A token must expire, after at most 30 days (720 hours)." in said
    assert "2592000" not in said
    for unit, number, asked in (
        ("days", 100, "100 days (2,400 hours)"),
        ("hours", 721, "30 days 1 hour (721 hours)"),
        ("minutes", 43_201, "30 days 1 minute"),
    ):
        refused = server.post_form(
            "/-/create-token", ROOT, expire_type=unit, expire_duration=number
        )
        assert refused.status == 400
        assert f"You asked for a token that expires after {asked}." in text(refused.text)
    made = server.post_form("/-/create-token", ROOT, expire_type="days", expire_duration=30)
    assert made.status == 200
    assert "Your API token" in made.text


def test_unknown_action(server):
    fields = {"expire_type": "days", "expire_duration": 1, "all:<b>": "on"}
    said = text(server.post_form("/-/create-token", ROOT, **fields).text)
    assert "This Datasette has no action '<b>'" in said
    assert "only to actions that this Datasette has" in said


@pytest.mark.parametrize("path", ["/-/create-token", "/mint"])
def test_json_callers(server, path):
    body = urllib.parse.urlencode({"expire_type": ""}).encode()
    refused = post(server, path, body, Accept="application/json")
    assert refused.status == 400
    assert refused.headers["content-type"].startswith("application/json")
    assert refused.json["ok"] is False
    assert refused.json["status"] == 400
    assert refused.json["error"] == "Tokens must expire here, after at most 2592000 seconds"


def test_json_body_and_json_path(server):
    for refused in (
        post(server, "/mint", json.dumps({}).encode(), Content_Type="application/json"),
        server.request("/mint.json", cookie=ROOT),
    ):
        assert refused.status == 400
        assert refused.json["error"] == "Tokens must expire here, after at most 2592000 seconds"


def test_form_of_another_plugin(server):
    """It gets the page, without a link: nobody knows where its form is."""
    refused = server.post_form("/mint", ROOT, more="x")
    assert refused.status == 400
    assert "A token must expire, after at most 30 days (720 hours)." in text(refused.text)
    assert "Go back in your browser" in text(refused.text)
    assert "/-/create-token" not in refused.text


def test_default_and_base_url(tmp_path):
    options = {**LIMITS, "default_expires_after": 86_400}
    with serve(tmp_path, CURRENT, options, ["--setting", "base_url", "/prefix/"]) as server:
        fields = {"expire_type": "days", "expire_duration": 31}
        refused = server.post_form("/prefix/-/create-token", ROOT, **fields)
        assert '<a href="/prefix/-/create-token">' in refused.text
        said = text(refused.text)
        assert "A token without a chosen expiry expires after 1 day (24 hours)." in said


def test_audit_log_that_cannot_be_written(tmp_path):
    options = {"replace_signed": True, "audit_log": "/dev/full"}
    with serve(tmp_path, CURRENT, options) as server:
        refused = server.post_form("/-/create-token", ROOT, expire_type="")
        assert refused.status == 503
        assert "the audit log cannot be written now" in text(refused.text)
        assert "What is allowed" not in text(refused.text)
        assert "dstok_" not in refused.text


def test_session_of_an_old_secret(tmp_path):
    """It is told to log in again. No other choice in the form would help."""
    with serve(tmp_path, CURRENT, {**LIMITS, "old_secrets": [OLD]}) as server:
        old = cookie(OLD, {"id": "root"})
        fields = {"expire_type": "days", "expire_duration": 1}
        refused = server.post_form("/-/create-token", old, **fields)
        assert refused.status == 400
        assert "Log out and log in again to create tokens" in text(refused.text)
        assert "What is allowed" not in text(refused.text)


def test_other_errors_stay_datasettes(server):
    assert server.post_form("/-/create-token", cookie(CURRENT, {"id": ""}), x="y").status == 403
    assert "No token was made" not in server.request("/-/none").text


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (30, "30 seconds"),
        (3_600, "1 hour"),
        (5_400, "1 hour 30 minutes"),
        (86_400, "1 day (24 hours)"),
        (129_600, "1 day 12 hours (36 hours)"),
        (100_000, "1 day 3 hours 46 minutes 40 seconds"),
        (365 * 86_400, "365 days (8,760 hours)"),
    ],
)
def test_in_days_and_hours(seconds, expected):
    assert times.in_days_and_hours(seconds) == expected
