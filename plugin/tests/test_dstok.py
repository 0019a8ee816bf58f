"""That the plugin is there, and that without configuration it changes nothing."""

import json

import pytest
from datasette.app import Datasette
from datasette.tokens import SignedTokenHandler
from datasette.utils import StartupError
from helpers import CURRENT, FOREIGN, bearer, cookie, new_cookie, token

from datasette_dstok import options


@pytest.mark.asyncio
async def test_plugin_is_installed():
    datasette = Datasette(memory=True)
    response = await datasette.client.get("/-/plugins.json")
    assert response.status_code == 200
    assert "datasette-dstok" in {plugin["name"] for plugin in response.json()}


@pytest.mark.asyncio
async def test_changes_nothing_without_configuration(make_datasette):
    datasette = await make_datasette()
    handlers = datasette._token_handlers()
    assert [handler.name for handler in handlers] == ["signed", "dstok"]
    assert type(handlers[0]) is SignedTokenHandler
    page = await datasette.client.get("/", cookies={"ds_actor": cookie(CURRENT)})
    assert "/-/dstok" not in page.text
    assert new_cookie(page) is None
    assert (
        await datasette.client.get("/-/actor.json", cookies={"ds_actor": cookie(FOREIGN)})
    ).json()["actor"] is None
    refused = await datasette.client.get("/-/actor.json", headers=bearer(token(FOREIGN)))
    assert (refused.status_code, refused.json()["error"]) == (401, "Invalid token signature")


@pytest.mark.asyncio
async def test_action_is_registered(make_datasette):
    datasette = await make_datasette()
    actions = (await datasette.client.get("/-/actions.json", actor={"id": "root"})).json()[
        "actions"
    ]
    assert "dstok-inspect" in {action["name"] for action in actions}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"old_secrets": ["b\n", "c\r\n", "b"]}, ("b", "c")),
        ({"old_secrets": "a"}, ("a",)),
        ({"old_secrets": None}, ()),
        ({"old_secrets": [None, "", "\n", "b"]}, ("b",)),
        ({"old_secrets": [" b \n\n"]}, (" b \n",)),
    ],
)
def test_old_secrets(config, expected):
    assert options.parse(config).old_secrets == expected


@pytest.mark.parametrize("name", ["binary", "audit_log"])
def test_home_in_a_path(monkeypatch, name):
    monkeypatch.setenv("HOME", "/home/ann")
    for given, expected in (("~/bin/dstok", "/home/ann/bin/dstok"), ("/opt/~/dstok",) * 2):
        assert getattr(options.parse({name: given}), name) == expected


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"old_secret": ["b"]}, "there is no option 'old_secret'"),
        ({"old_secrets": {"b": 1}}, "old_secrets must be a list"),
        ({"old_secrets": [4711]}, "entry 1 of old_secrets must be a string"),
        ({"default_handler": "yes"}, "default_handler must be true or false"),
        ({"max_expires_after": 0}, "max_expires_after must be a whole number"),
        ({"max_expires_after": True}, "max_expires_after must be a whole number"),
        ({"default_expires_after": "1h"}, "default_expires_after must be a whole number"),
        ({"default_expires_after": 61, "max_expires_after": 60}, "must not be over"),
        ({"timeout": 0}, "timeout must be a number of seconds"),
        ({"audit_log": ""}, "audit_log must be the path of a file"),
    ],
)
def test_mistakes_stop_datasette_from_starting(config, message):
    with pytest.raises(StartupError, match=message) as caught:
        options.parse(config)
    assert "4711" not in str(caught.value)


@pytest.mark.asyncio
async def test_secrets_from_environment_and_file(make_datasette, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("DATASETTE_OLD_SECRET", "from the environment")
    (tmp_path / "older").write_text("from a file\n")
    listed = [
        {"$env": "DATASETTE_OLD_SECRET"},
        {"$file": str(tmp_path / "older")},
        {"$env": "UNSET"},
    ]
    datasette = await make_datasette({"old_secrets": listed})
    for secret in ("from the environment", "from a file"):
        response = await datasette.client.get("/-/actor.json", headers=bearer(token(secret)))
        assert response.json()["actor"] == {"id": "alice", "token": "dstok"}
    assert [record.message for record in caplog.records if record.name == "datasette_dstok"] == [
        "datasette-dstok: 1 of old_secrets ignored: empty, or its environment variable is not set"
    ]


@pytest.mark.asyncio
async def test_unreadable_file_stops_datasette_from_starting(make_datasette, tmp_path):
    with pytest.raises(StartupError, match=r"cannot read .*: No such file"):
        await make_datasette({"old_secrets": [{"$file": str(tmp_path / "missing")}]})


@pytest.mark.asyncio
async def test_configuration_is_shown_without_secrets(make_datasette):
    datasette = await make_datasette({"old_secrets": ["written out"], "timeout": 3})
    shown = (await datasette.client.get("/-/config.json", actor={"id": "root"})).json()
    assert "written out" not in json.dumps(shown)
    assert "written out" not in repr(options.parse({"old_secrets": ["written out"]}))
