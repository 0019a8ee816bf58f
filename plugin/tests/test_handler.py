"""The token handler `dstok` and its limits."""

import hashlib
import itertools
import json
from enum import IntEnum

import pytest
from datasette import TokenRestrictions, hookimpl
from datasette.permissions import Action
from datasette.plugins import pm
from datasette.tokens import SignedTokenHandler
from helpers import CURRENT, bearer, cookie, restrictions

from datasette_dstok import limits
from datasette_dstok.instance import instance_of

RESTRICTIONS = [
    None,
    restrictions(),
    restrictions(["view-instance", "view-table", "unknown"]),
    restrictions(database=[("docs", "view-database"), ("docs", "execute-sql")]),
    restrictions(["vi"], [("d\u00f6cs", "insert-row")], [("docs", "t\u00e4ble/1", "insert-row")]),
    restrictions(resource=[("docs", f"table {n}", "update-row") for n in range(40)]),
    restrictions(["plugins-own", "plugins-other"]),
]


class OtherPlugin:
    """Registers actions, one of them with an abbreviation."""

    @hookimpl
    def register_actions(self):
        return [
            Action(name="plugins-own", abbr="po", description=None),
            Action(name="plugins-other", description=None),
        ]


@pytest.fixture
def other_plugin():
    pm.register(OtherPlugin(), name="other")
    yield
    pm.unregister(name="other")


@pytest.fixture
def frozen(monkeypatch):
    """Keep a second from passing between two tokens that are to be equal."""

    def same(datasette, *tokens):
        payloads = [datasette.unsign(one.removeprefix("dstok_"), "token") for one in tokens]
        return len({payload["t"] for payload in payloads}) == 1

    return same


@pytest.mark.asyncio
async def test_tokens_are_those_of_datasette(make_datasette, other_plugin, frozen):
    datasette = await make_datasette({})
    cases = itertools.product(
        ["alice", "", "b\u00fccher \U0001f511"], [None, 0, 60, -5, 10**12], RESTRICTIONS
    )
    for actor_id, expires_after, restricted in cases:
        for _ in range(5):
            ours, theirs = [
                await datasette.create_token(
                    actor_id, expires_after=expires_after, restrictions=restricted, handler=handler
                )
                for handler in ("dstok", "signed")
            ]
            if frozen(datasette, ours, theirs):
                break
        assert ours == theirs
    assert instance_of(datasette).sidecar._client.pid is not None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("options", "names", "default"),
    [
        ({}, ["signed", "dstok"], "signed"),
        ({"default_handler": True}, ["dstok", "signed"], "dstok"),
        ({"replace_signed": True}, ["signed", "dstok"], "signed"),
    ],
)
async def test_order_of_handlers(make_datasette, options, names, default):
    datasette = await make_datasette(options)
    assert [handler.name for handler in datasette._token_handlers()] == names
    minted = await datasette.create_token("alice")
    assert (await datasette.client.get("/-/actor.json", headers=bearer(minted))).json()["actor"][
        "id"
    ] == "alice"
    used_sidecar = instance_of(datasette).sidecar._client is not None
    assert used_sidecar == bool(options)


@pytest.mark.asyncio
async def test_handlers_of_other_plugins_keep_their_order(make_datasette):
    class Special(SignedTokenHandler):
        name = "special"

    class Plugin:
        @hookimpl(trylast=True)
        def register_token_handler(self):
            return [Special(), SignedTokenHandler()]

    pm.register(Plugin(), name="special")
    try:
        datasette = await make_datasette({"replace_signed": True})
        handlers = datasette._token_handlers()
        assert [handler.name for handler in handlers] == ["signed", "special", "signed", "dstok"]
        assert type(handlers[1]) is Special
    finally:
        pm.unregister(name="special")


RAILS = {"max_expires_after": 3600, "known_actions_only": True}

REFUSED = [
    (None, None, "Tokens must expire here, after at most 3600 seconds"),
    (0, None, "Tokens must expire here, after at most 3600 seconds"),
    (3601, None, "expires_after must be at most 3600 seconds here"),
    (60, ["view-tabel"], "This Datasette has no action 'view-tabel'; did you mean 'view-table'?"),
    (60, ["vt"], "This Datasette has no action 'vt'"),
    ("1h", None, "expires_after must be a whole number of seconds"),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("expires_after", "names", "message"), REFUSED)
async def test_limits_refuse(make_datasette, expires_after, names, message):
    datasette = await make_datasette(RAILS)
    asked = [None]
    if names:
        asked = [
            restrictions(names),
            restrictions(database=[("docs", names[0])]),
            restrictions(resource=[("docs", "pages", names[0])]),
        ]
    for restricted in asked:
        with pytest.raises(limits.TokenRefused) as caught:
            await datasette.create_token(
                "alice", expires_after=expires_after, restrictions=restricted, handler="dstok"
            )
        assert isinstance(caught.value, ValueError)
        assert str(caught.value) == message


@pytest.mark.asyncio
async def test_the_sidecar_holds_the_same_rails(make_datasette, monkeypatch):
    """What the plugin itself refuses, the sidecar would refuse too."""
    datasette = await make_datasette(RAILS)
    allowed = await datasette.create_token(
        "alice", expires_after=3600, restrictions=restrictions(["view-table"]), handler="dstok"
    )
    assert datasette.unsign(allowed.removeprefix("dstok_"), "token")["_r"] == {"a": ["vt"]}
    monkeypatch.setattr(limits, "check", lambda *arguments: None)
    for expires_after, names, _ in REFUSED:
        with pytest.raises(limits.TokenRefused):
            await datasette.create_token(
                "alice",
                expires_after=expires_after,
                restrictions=names and restrictions(names),
                handler="dstok",
            )


@pytest.mark.asyncio
async def test_default_expiry(make_datasette):
    datasette = await make_datasette({"default_expires_after": 600, "default_handler": True})
    for given, expected in ((None, 600), (0, 600), (5, 5), (6000, 6000)):
        minted = await datasette.create_token("alice", expires_after=given)
        assert datasette.unsign(minted.removeprefix("dstok_"), "token")["d"] == expected
    minted = await datasette.create_token("alice", handler="signed")
    assert "d" not in datasette.unsign(minted.removeprefix("dstok_"), "token")


@pytest.mark.asyncio
async def test_audit_log(make_datasette, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    log = tmp_path / "audit.jsonl"
    datasette = await make_datasette({"audit_log": "~/audit.jsonl", "default_handler": True})
    minted = await datasette.create_token("alice", expires_after=60)
    (entry,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert entry["actor_id"] == "alice"
    assert entry["sha256"] == hashlib.sha256(minted.encode()).hexdigest()
    assert minted not in log.read_text()


@pytest.mark.asyncio
async def test_wrong_parameters_are_clear_errors(make_datasette):
    datasette = await make_datasette({})
    with pytest.raises(ValueError, match="expires_after must be an integer"):
        await datasette.create_token("alice", expires_after="1h", handler="dstok")


@pytest.mark.asyncio
async def test_signed_tokens_disabled(make_datasette):
    datasette = await make_datasette({}, settings={"allow_signed_tokens": False})
    for handler in ("signed", "dstok"):
        with pytest.raises(ValueError, match=r"^Signed tokens are not enabled for this Datasette"):
            await datasette.create_token("alice", handler=handler)


@pytest.mark.asyncio
async def test_datasettes_page_keeps_to_the_rails_if_told_to(make_datasette, tmp_path):
    """The page /-/create-token asks for the handler `signed` by name."""
    log = tmp_path / "audit.jsonl"
    datasette = await make_datasette(
        {"replace_signed": True, "max_expires_after": 3600, "audit_log": str(log)}
    )
    cookies = {"ds_actor": cookie(CURRENT, {"id": "root"})}
    hours = {"expire_type": "hours"}
    made = await datasette.client.post(
        "/-/create-token", data={**hours, "expire_duration": "1"}, cookies=cookies
    )
    assert made.status_code == 200
    assert "dstok_" in made.text
    assert len(log.read_text().splitlines()) == 1
    for fields in ({**hours, "expire_duration": "2"}, {"expire_type": ""}):
        refused = await datasette.client.post("/-/create-token", data=fields, cookies=cookies)
        assert refused.status_code == 400
        assert "after at most 1 hour." in refused.text
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.asyncio
async def test_what_datasette_takes_is_taken(make_datasette, frozen):
    """Sets and iterators of names, and every kind of integer."""
    datasette = await make_datasette(
        {"known_actions_only": True, "max_expires_after": 3600, "default_handler": True}
    )

    class Hours(IntEnum):
        ONE = 3600

    def asked():
        return TokenRestrictions(
            all=(name for name in ("view-instance", "view-table")),
            database={"docs": {"view-database"}},
            resource={"docs": {"pages": iter(["insert-row"])}},
        )

    for _ in range(5):
        ours, theirs = [
            await datasette.create_token(
                "alice", expires_after=Hours.ONE, restrictions=asked(), handler=handler
            )
            for handler in ("dstok", "signed")
        ]
        if frozen(datasette, ours, theirs):
            break
    assert ours == theirs
    with pytest.raises(limits.TokenRefused, match="no action 'view-tabel'"):
        await datasette.create_token(
            "alice", expires_after=60, restrictions=TokenRestrictions(all=iter(["view-tabel"]))
        )
    # A string, which Datasette takes for a list of letters, is a mistake.
    with pytest.raises(ValueError, match="no action 'x'"):
        await datasette.create_token(
            "alice", expires_after=60, restrictions=TokenRestrictions(database={"docs": "xy"})
        )
