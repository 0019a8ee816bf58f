"""The configuration: what is taken, what stops Datasette from starting, what is warned of."""

import json
from types import SimpleNamespace

import pytest
from datasette.utils import StartupError
from helpers import CURRENT, OLD, OLDER, bearer, token
from servers import serve

from datasette_dstok import options
from datasette_dstok.secrets import Secret


def old(listed):
    """Return (the values of old secrets, the warnings) for what stands under old_secrets."""
    secrets, warnings = options.read_secrets({"old_secrets": listed}, CURRENT)
    return tuple(secret.value for secret in secrets.old), warnings


@pytest.mark.parametrize(
    ("listed", "expected", "warned"),
    [
        (["b", "c"], ("b", "c"), ()),
        ("a", ("a",), ()),
        (None, (), ()),
        ([], (), ()),
        ([None, "", "b"], ("b",), ("entry 1", "entry 2")),
        (["b", "c", "b"], ("b", "c"), ("entry 3 of old_secrets is ignored: it is a duplicate",)),
        ([CURRENT, "b"], ("b",), ("entry 1 of old_secrets is ignored: it is the current",)),
        (["b\n"], ("b\n",), ("entry 1 of old_secrets ends in white space",)),
        ([" b \n\n"], (" b \n\n",), ("entry 1 of old_secrets ends in white space",)),
        ([" b"], (" b",), ()),
    ],
)
def test_old_secrets(listed, expected, warned):
    values, warnings = old(listed)
    assert values == expected
    assert len(warnings) == len(warned)
    assert all(one.startswith(start) for one, start in zip(warnings, warned, strict=True))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("b", "b"),
        ("b\n", "b"),
        ("b\r\n", "b"),
        ("b\n\n", "b\n"),
        ("b\r", "b\r"),
        ("b \n", "b "),
    ],
)
def test_files_lose_one_newline_and_variables_none(monkeypatch, tmp_path, content, expected):
    file = tmp_path / "secret"
    file.write_bytes(content.encode())
    monkeypatch.setenv("SECRET", content)
    assert old([{"$file": str(file)}])[0] == (expected,)
    assert old([{"$env": "SECRET"}])[0] == (content,)
    assert old({"$env": "SECRET"})[0] == (content,)


def test_empty_files_and_variables_are_named(monkeypatch, tmp_path):
    (tmp_path / "empty").write_text("\n")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("UNSET", raising=False)
    path = str(tmp_path / "empty")
    values, warnings = old([{"$file": path}, {"$env": "EMPTY"}, {"$env": "UNSET"}])
    assert values == ()
    assert warnings == [
        f"entry 1 of old_secrets is ignored: {path} is empty",
        "entry 2 of old_secrets is ignored: EMPTY is empty",
        "entry 3 of old_secrets is ignored: the variable UNSET is not set",
    ]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"old_secrets": {"b": 1}}, "entry 1 of old_secrets must be a string, or one of"),
        ({"old_secrets": [4711]}, "entry 1 of old_secrets must be a string"),
        ({"old_secrets": ["a", ["4711"]]}, "entry 2 of old_secrets must be a string"),
        ({"old_secrets": ["a", "4711\udce9"]}, "entry 2 of old_secrets is not UTF-8"),
        ({"revoked_secrets": ["4711\ud800"]}, "entry 1 of revoked_secrets is not UTF-8"),
        ({"old_secrets": [{"$file": "a\0b"}]}, "must name a variable"),
        ({"old_secrets": [{"$env": 4711}]}, "entry 1 of old_secrets must be a string"),
        ({"old_secrets": ["a"], "revoked_secrets": ["4711", "a"]}, "is also in old_secrets"),
        ({"revoked_secrets": [CURRENT]}, "entry 1 of revoked_secrets is the current secret"),
        ({"revoked_secrets": [CURRENT], "old_secrets": [CURRENT]}, "give Datasette a new secret"),
        (
            {"revoked_secrets": ["a", ""]},
            "entry 2 of revoked_secrets: it is empty; give the secret",
        ),
        ({"revoked_secrets": {"$env": "UNSET"}}, "1 of revoked_secrets: the variable UNSET is not"),
    ],
)
def test_mistakes_in_secrets(config, message):
    with pytest.raises(StartupError, match=message) as caught:
        options.read_secrets(config, CURRENT)
    assert "4711" not in str(caught.value)
    assert CURRENT not in str(caught.value)


@pytest.mark.parametrize("name", ["binary", "audit_log"])
def test_home_in_a_path(monkeypatch, name):
    monkeypatch.setenv("HOME", "/home/ann")
    for given, expected in (("~/bin/dstok", "/home/ann/bin/dstok"), ("/opt/~/dstok",) * 2):
        assert getattr(options.parse({name: given}), name) == expected


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"old_secret": ["b"]}, "unknown option 'old_secret'; expected one of: .*old_secrets"),
        ({"default_handler": "yes"}, "default_handler must be true or false"),
        ({"max_expires_after": 0}, "max_expires_after must be a whole number"),
        ({"max_expires_after": True}, "max_expires_after must be a whole number"),
        ({"default_expires_after": "1h"}, "default_expires_after must be a whole number"),
        ({"default_expires_after": 61, "max_expires_after": 60}, "must be at most"),
        ({"safe_after_days": 3651}, "more than 0 and at most 3650"),
        ({"timeout": 61}, "more than 0 and at most 60"),
        ({"safe_after_days": 0}, "safe_after_days must be a whole number of days"),
        ({"safe_after_days": 1.5}, "safe_after_days must be a whole number of days"),
        ({"safe_after_days": True}, "safe_after_days must be a whole number of days"),
        ({"timeout": 0}, "timeout must be a number of seconds"),
        ({"audit_log": ""}, "audit_log must be the path of a file"),
        ({"cookie": True}, "cookie must be a mapping"),
        ({"cookie": {"httponly": True}}, "unknown attribute of cookie 'httponly'; .*http_only"),
        ({"cookie": {"secure": "yes"}}, "secure of cookie must be true or false"),
        ({"cookie": {"max_age": -1}}, "max_age of cookie must be a whole number"),
        ({"cookie": {"domain": "a; b"}}, "domain of cookie must be the name of a domain"),
    ],
)
def test_mistakes_in_options(config, message):
    with pytest.raises(StartupError, match=message):
        options.parse(config)


@pytest.mark.parametrize("wrong", [{"$env": 5}, {"$env": None}, {"$file": None}, {"$file": "a\0b"}])
def test_mistakes_in_references(wrong):
    for config in (wrong, {"timeout": wrong}, {"cookie": wrong}, {"cookie": {"domain": wrong}}):
        datasette = SimpleNamespace(config={"plugins": {"datasette-dstok": config}})
        with pytest.raises(StartupError, match=r"must name a variable, and \$file a file"):
            options.read(datasette, CURRENT)


@pytest.mark.parametrize("config", ["x", ["x"], 5, {"$env": "UNSET"}])
def test_options_are_a_mapping(monkeypatch, config):
    monkeypatch.delenv("UNSET", raising=False)
    datasette = SimpleNamespace(config={"plugins": {"datasette-dstok": config}})
    with pytest.raises(StartupError, match="must be a mapping of options"):
        options.read(datasette, CURRENT)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["datasette_dstok", "Datasette-Dstok"])
async def test_another_spelling_of_the_plugins_name_stops_datasette(make_datasette, name):
    with pytest.raises(StartupError, match=f"is under '{name}'; rename that to 'datasette-dstok'"):
        await make_datasette(config={"plugins": {name: {"old_secrets": [OLD]}}})


@pytest.mark.asyncio
async def test_secrets_from_environment_and_file(make_datasette, monkeypatch, tmp_path):
    monkeypatch.setenv("DATASETTE_OLD_SECRET", "from the environment\n")
    (tmp_path / "older").write_text("from a file\n")
    listed = [{"$env": "DATASETTE_OLD_SECRET"}, {"$file": str(tmp_path / "older")}]
    datasette = await make_datasette({"old_secrets": listed})
    for secret in ("from the environment\n", "from a file"):
        response = await datasette.client.get("/-/actor.json", headers=bearer(token(secret)))
        assert response.json()["actor"] == {"id": "alice", "token": "dstok"}


@pytest.mark.asyncio
async def test_unreadable_file_stops_datasette_from_starting(make_datasette, tmp_path):
    (tmp_path / "latin").write_bytes(b"\xe9")
    for path, why in (("missing", "No such file"), ("latin", "it is not UTF-8")):
        with pytest.raises(StartupError, match=f"cannot read .*{path}: {why}"):
            await make_datasette({"old_secrets": [{"$file": str(tmp_path / path)}]})


@pytest.mark.asyncio
async def test_configuration_is_shown_without_secrets(make_datasette):
    datasette = await make_datasette(
        {"old_secrets": ["written out"], "revoked_secrets": ["written, too"], "timeout": 3}
    )
    shown = (await datasette.client.get("/-/config.json", actor={"id": "root"})).json()
    assert "written" not in json.dumps(shown)


def test_a_real_server_says_what_it_ignores(tmp_path):
    listed = [{"$env": "UNSET"}, {"$env": "SAME"}, {"$env": "NEWLINE"}]
    variables = {"SAME": CURRENT, "NEWLINE": OLD + "\n"}
    with serve(tmp_path, CURRENT, {"old_secrets": listed}, environ=variables) as server:
        log = server.log.read_text()
        assert "entry 1 of old_secrets is ignored: the variable UNSET is not set" in log
        assert "entry 2 of old_secrets is ignored: it is the current secret" in log
        assert "entry 3 of old_secrets ends in white space" in log
        # Datasette signs with the newline that its variable ends with.
        answer = server.request("/-/actor.json", token=token(OLD + "\n"))
        assert answer.json["actor"]["id"] == "alice"
        assert server.request("/-/actor.json", token=token(OLD)).status == 401


def test_a_real_server_names_revoked_secrets_by_their_fingerprints(tmp_path):
    listed = {"revoked_secrets": [OLD, OLDER]}
    with serve(tmp_path, CURRENT, listed) as server:
        names = ", ".join(Secret(one).fingerprint[:8] for one in (OLD, OLDER))
        expected = f"datasette-dstok: 2 revoked secrets, with the fingerprints {names}"
        assert expected in server.log.read_text()
