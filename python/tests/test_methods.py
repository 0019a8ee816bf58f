"""Every method, from Python values to Python values, with both clients."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import inspect
import json
import math
import os
import signal
import time
from collections import OrderedDict, UserList
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

import dstok
from support import NOW, SECRET, TOKEN

Ask = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Call a method of either client by its name, on a client made with `options`."""

    async def call(options: dict[str, Any], method: str, *args: Any, **named: Any) -> Any:
        async with dstok.AsyncClient(**options) as client:
            return await getattr(client, method)(*args, **named)

    def ask(method: str, *args: Any, options: dict[str, Any] | None = None, **named: Any) -> Any:
        given = {"secret": SECRET, **(options or {})}
        if request.param == "async":
            return asyncio.run(call(given, method, *args, **named))
        with dstok.Client(**given) as client:
            return getattr(client, method)(*args, **named)

    return ask


def test_create_token(ask: Ask) -> None:
    assert ask("create_token", "root", now=NOW) == TOKEN


def test_both_shapes_of_restrictions_give_the_same_token(ask: Ask) -> None:
    older = ask(
        "create_token",
        "ci",
        expires_after=60,
        restrict_all=["view-instance"],
        restrict_database={"docs": ("view-database",)},
        restrict_resource={"docs": {"pages": ["insert-row"]}},
        now=NOW,
    )
    newer = ask(
        "create_token",
        "ci",
        expires_after=60,
        restrictions={
            "all": ["view-instance"],
            "database": {"docs": ["view-database"]},
            "resource": {"docs": {"pages": ["insert-row"]}},
        },
        now=NOW,
    )
    assert older == newer
    actor = ask("verify_token", older, now=NOW)
    assert actor["_r"] == {"a": ["vi"], "d": {"docs": ["vd"]}, "r": {"docs": {"pages": ["ir"]}}}


def test_verify_token(ask: Ask) -> None:
    assert ask("verify_token", TOKEN) == {"id": "root", "token": "dstok"}
    assert ask("verify_token", "no token of ours") is None


def test_inspect_token_needs_no_secret(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATASETTE_SECRET", raising=False)
    seen = ask("inspect_token", TOKEN, options={"secret": None}, now=NOW)
    assert (seen["actor_id"], seen["signature"], seen["created"]) == ("root", "unchecked", NOW)


def test_sign_and_unsign(ask: Ask) -> None:
    value = {"b": [1, None, 1e16], "a": "\u00fc"}
    signed = ask("sign", value, namespace="messages")
    assert ask("unsign", signed, "messages") == value
    with pytest.raises(dstok.BadSignature):
        ask("unsign", signed)


def test_actor_cookie(ask: Ask) -> None:
    cookie = ask("create_actor_cookie", {"id": "root"}, expire_after=60, now=NOW)
    assert ask("verify_actor_cookie", cookie, now=NOW) == {"id": "root"}
    assert ask("verify_actor_cookie", cookie, now=NOW + 61) is None


def test_restrictions_allow_action(ask: Ask) -> None:
    restrictions = {"r": {"docs": {"pages": ["vt"]}}}
    assert ask("restrictions_allow_action", restrictions, "view-table", ("docs", "pages")) is True
    assert ask("restrictions_allow_action", restrictions, "view-table", "docs") is False
    assert ask("restrictions_allow_action", {"a": ["vi"]}, "view-instance") is True
    assert ask("restrictions_allow_action", None, "drop-table", "docs") is True


def test_token_allows_action(ask: Ask) -> None:
    restrict = {"docs": {"pages": ["view-table"]}}
    token = ask("create_token", "ci", expires_after=60, restrict_resource=restrict, now=NOW)
    actor = ask("verify_token", token, now=NOW)
    for resource, allowed in ((("docs", "pages"), True), (["docs", "x"], False), ("docs", False)):
        access = ask("token_allows_action", token, "view-table", resource, now=NOW)
        assert access == {"actor": actor, "allowed": allowed}, resource
    assert ask("token_allows_action", TOKEN, "drop-table")["allowed"] is True
    assert ask("token_allows_action", "other", "drop-table") == {"actor": None, "allowed": False}
    with pytest.raises(dstok.TokenInvalid, match="Token has expired"):
        ask("token_allows_action", token, "view-table", now=NOW + 61)
    options = {"datasette_version": "1.0a19"}
    with pytest.raises(dstok.NotSupported):
        ask("token_allows_action", token, "view-table", options=options, now=NOW)


def test_batch_and_map_of_token_allows_action(client: dstok.Client) -> None:
    calls: list[tuple[Any, Any]] = [
        ("token_allows_action", [TOKEN, "view-table", ["docs", "pages"], NOW]),
        ("token_allows_action", {"token": "other", "action": "view-table"}),
    ]
    answers = client.batch(calls)
    assert [answer["allowed"] for answer in answers] == [True, False]
    params = [params for _, params in calls]
    assert list(client.map("token_allows_action", params)) == answers


def test_configure_info_ping_discover(ask: Ask) -> None:
    info = ask("configure", datasette_version="1.0a20", settings={"max_signed_tokens_ttl": 9})
    assert info["datasette_version"] == "1.0a20"
    assert info["settings"] == {"allow_signed_tokens": True, "max_signed_tokens_ttl": 9}
    assert ask("info")["secrets"] == 1
    assert ask("ping") == "pong"
    assert "openrpc" in ask("discover")


def test_old_secrets_verify_and_never_sign(ask: Ask) -> None:
    old = ask("create_token", "root", now=NOW, options={"secret": "oldest"})
    options = {"secret": "newest", "old_secrets": ["former", "oldest"]}
    assert ask("verify_token", old, options=options)["id"] == "root"
    assert ask("inspect_token", old, options=options)["secret"] == 2
    new = ask("create_token", "root", now=NOW, options=options)
    assert new == ask("create_token", "root", now=NOW, options={"secret": "newest"})


def test_configure_changes_old_secrets_alone() -> None:
    with dstok.Client(secret="oldest") as client:
        old = client.create_token("root", now=NOW)
        new = client.configure(secret="newest", old_secrets=["former", "oldest"])
        assert (new["secrets"], client.inspect_token(old)["secret"]) == (3, 2)
        assert client.configure(old_secrets=("oldest",))["secrets"] == 2
        assert client.inspect_token(old)["secret"] == 1
        assert client.configure(old_secrets=[])["secrets"] == 1
        assert client.inspect_token(old)["signature"] == "invalid"
        client.configure(secret="newest", old_secrets=["oldest"])
        assert client.configure(secret="next")["secrets"] == 1


def test_options_of_serve(ask: Ask, tmp_path: Any) -> None:
    log = tmp_path / "audit.jsonl"
    options = {"require_expiry": True, "max_expires_after": 60, "audit_log": log}
    with pytest.raises(dstok.PolicyError) as caught:
        ask("create_token", "root", options=options)
    assert (caught.value.code, caught.value.kind) == (7, "policy")
    ask("create_token", "root", expires_after=60, options=options)
    assert log.read_text().count('"create_token"') == 1
    with pytest.raises(dstok.PolicyError, match="view-tabel"):
        ask("create_token", "r", restrict_all=["view-tabel"], options={"known_actions_only": True})
    with pytest.raises(dstok.ProcessDied, match="max-expires-after") as died:
        ask("ping", options={"max_expires_after": -1})
    assert died.value.returncode == 2


def test_actions(ask: Ask) -> None:
    options = {"actions": {"water-plants": "wp"}}
    token = ask("create_token", "r", restrict_all=["water-plants"], now=NOW, options=options)
    assert ask("inspect_token", token, options=options)["restrictions"]["all"] == ["water-plants"]
    assert ask("inspect_token", token)["unknown_actions"] == ["wp"]


def test_actions_beside_limits(tmp_path: Any) -> None:
    """No request can replace them then, so the process has them from its start."""
    log = tmp_path / "audit.jsonl"
    actions = {"actions": [{"name": f"act-{n}", "abbr": f"a{n}"} for n in range(5000)]}
    options: dict[str, Any] = {"actions": actions, "known_actions_only": True, "audit_log": log}
    with dstok.Client(secret="s", **options) as client:
        for secret in ("s", "other"):
            client.configure(secret=secret, settings={"max_signed_tokens_ttl": 60})
            token = client.create_token("root", restrict_all=["act-4999"])
            assert client.inspect_token(token)["payload"]["_r"] == {"a": ["a4999"]}
        with pytest.raises(dstok.PolicyError, match="--actions"):
            client.configure(actions={"act-1": "a2"})
        with pytest.raises(dstok.PolicyError, match="unknown action"):
            client.create_token("root", restrict_all=["view-table"])
        os.kill(client.pid or 0, signal.SIGKILL)
        while client.pid is not None:
            time.sleep(0.01)
        assert client.create_token("root", restrict_all=["act-1"])
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["restrictions"]["all"] for line in lines] == [["act-4999"]] * 2 + [["act-1"]]
    options = {"actions": "none", "serve_options": ["--known-actions-only"]}
    refused = pytest.raises(dstok.PolicyError, match="knows no actions")
    with dstok.Client(secret="s", **options) as client, refused:
        client.create_token("root", restrict_all=["view-table"])


def test_methods_that_are_not_allowed(tmp_path: Any) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s")
    secret.chmod(0o600)
    with dstok.Client(secret="s") as client:
        token = client.create_token("root")
    options = [f"--secret-file={secret}", "--methods=verify_token"]
    with dstok.Client(serve_options=options, zlib="zlib") as client:
        actor = client.verify_token(token)
        assert actor is not None
        assert actor["id"] == "root"
        assert client.info()["methods"] == ["verify_token", "info", "ping"]
        with pytest.raises(dstok.PolicyError, match="--methods"):
            client.create_token("root")
    refused = pytest.raises(dstok.PolicyError, match="configure")
    with dstok.Client(secret="s", serve_options=options) as client, refused:
        client.ping()


ERRORS = [
    (dstok.InvalidParams, -32602, "invalid_params", "create_token", ("root",), {"now": "then"}),
    (dstok.BadSignature, 2, "bad_signature", "unsign", ("a.b",), {}),
    (dstok.TokenInvalid, 4, "token_invalid", "verify_token", ("dstok_x.y",), {}),
    (dstok.MethodNotFound, -32601, "method_not_found", "call", ("nothing",), {}),
    (dstok.InvalidRequest, -32600, "invalid_request", "call", ("ping", "text"), {}),
]


@pytest.mark.parametrize(("kind", "code", "word", "method", "args", "named"), ERRORS)
def test_errors_have_code_and_kind(
    ask: Ask,
    kind: type[dstok.DstokError],
    code: int,
    word: str,
    method: str,
    args: tuple[Any, ...],
    named: dict[str, Any],
) -> None:
    with pytest.raises(kind) as caught:
        ask(method, *args, **named)
    assert (caught.value.code, caught.value.kind) == (code, word)
    assert isinstance(caught.value, dstok.DstokError)
    assert caught.value.param == "now" if "now" in named else caught.value.param is None


def test_no_secret(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATASETTE_SECRET", raising=False)
    with pytest.raises(dstok.NoSecret) as caught:
        ask("create_token", "root", options={"secret": None})
    assert (caught.value.code, caught.value.kind) == (1, "no_secret")


def test_the_secret_of_the_environment(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATASETTE_SECRET", SECRET)
    assert ask("create_token", "root", now=NOW, options={"secret": None}) == TOKEN
    # One that is given is the only one.
    monkeypatch.setenv("DATASETTE_SECRET", "another")
    monkeypatch.setenv("DSTOK_OLD_SECRETS", "a\nb")
    assert ask("create_token", "root", now=NOW) == TOKEN
    assert ask("info")["secrets"] == 1


def test_not_supported_and_disabled(ask: Ask) -> None:
    with pytest.raises(dstok.NotSupported) as caught:
        ask("create_token", "root", options={"datasette_version": "0.65.5"})
    assert caught.value.code == 6
    with pytest.raises(dstok.SignedTokensDisabled) as disabled:
        ask("create_token", "root", options={"settings": {"allow_signed_tokens": False}})
    assert disabled.value.code == 5


def test_bad_payload(ask: Ask) -> None:
    key = hashlib.sha1(b"default" + b"signer" + SECRET.encode()).digest()
    signature = base64.urlsafe_b64encode(hmac.digest(key, b".AAAA", "sha1")).rstrip(b"=")
    with pytest.raises(dstok.BadPayload) as caught:
        ask("unsign", ".AAAA." + signature.decode())
    assert (caught.value.code, caught.value.kind) == (3, "bad_payload")


WRONG_VALUES: list[tuple[Any, str]] = [
    (math.nan, "float"),
    (math.inf, "float"),
    ({"deep": [math.nan]}, "dict"),
    ({1, 2}, "set"),
    (b"bytes", "bytes"),
    (object(), "object"),
    ({(1, 2): 3}, "dict"),
]


@pytest.mark.parametrize(("value", "kind"), WRONG_VALUES)
def test_what_json_cannot_carry_is_named(ask: Ask, value: object, kind: str) -> None:
    with pytest.raises(dstok.InvalidArgument, match=f"value: JSON cannot carry this {kind}") as one:
        ask("sign", value)
    assert (one.value.param, one.value.code, one.value.kind) == ("value", None, "invalid_argument")
    with pytest.raises(ValueError, match="actor_id"):
        ask("create_token", value)


class Broken(Mapping[str, object]):
    """A mapping whose members cannot be had."""

    def __getitem__(self, name: str) -> object:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(["actor_id"])

    def __len__(self) -> int:
        return 1


def test_a_mapping_that_raises_fails_alone() -> None:
    with dstok.Client(secret=SECRET) as client:
        many: list[Any] = [{"actor_id": "a"}, Broken(), {"actor_id": Broken()}, {"actor_id": "b"}]
        first, *wrong, last = client.map("create_token", many, return_exceptions=True)
        assert [type(one) for one in (first, last)] == [str, str]
        assert [str(one) for one in wrong] == [
            "JSON cannot carry this Broken",
            "actor_id: JSON cannot carry this Broken",
        ]


def test_a_name_that_may_be_a_token_is_not_shown(client: dstok.Client) -> None:
    token = client.create_token("root")
    names: list[Any] = [token, (token,), "a" * 41]
    for name in names:
        params: Any = {name: math.nan}
        with pytest.raises(dstok.InvalidArgument) as caught:
            client.call("create_token", params)
        assert str(caught.value) == "JSON cannot carry this float"
        assert caught.value.param is None


def test_what_the_caller_changes_later_changes_nothing() -> None:
    actions = {"water-plants": "wp"}
    settings: Any = {"max_signed_tokens_ttl": 60}
    for limits in ({}, {"known_actions_only": True}):
        options: dict[str, Any] = {"secret": SECRET, "actions": dict(actions), **limits}
        with dstok.Client(settings=settings, **options) as client:
            options["actions"]["water-plants"] = "zz"
            settings["max_signed_tokens_ttl"] = 0
            token = client.create_token("a", restrict_all=["water-plants"])
            assert client.inspect_token(token)["payload"]["_r"] == {"a": ["wp"]}
            assert client.info()["settings"]["max_signed_tokens_ttl"] == 60
        settings["max_signed_tokens_ttl"] = 60


def test_circles_and_depth_and_digits(ask: Ask) -> None:
    circle: list[object] = []
    circle.append(circle)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (circle, deep):
        with pytest.raises(dstok.InvalidArgument) as caught:
            ask("sign", value)
        assert caught.value.param == "value"
    rather_deep: list[object] = []
    for _ in range(600):
        rather_deep = [rather_deep]
    with pytest.raises(dstok.InvalidParams):
        ask("sign", rather_deep)
    with pytest.raises(dstok.InvalidArgument):
        ask("sign", 10**5000)


@pytest.mark.parametrize(
    "value",
    [0, -1, 10**400, 2**64, 1e16, 5e-324, -0.0, 2.0**-25, "", "\u2028\x7f\U0001f511\0", True, None],
)
def test_values_come_back_as_they_were(ask: Ask, value: object) -> None:
    back = ask("unsign", ask("sign", [value]))[0]
    assert (repr(back), type(back)) == (repr(value), type(value))


def test_lone_surrogates_are_refused_and_the_client_goes_on(client: dstok.Client) -> None:
    with pytest.raises(dstok.InvalidParams) as caught:
        client.sign("\ud800")
    assert (caught.value.code, caught.value.param) == (-32602, "value")
    assert client.ping() == "pong"


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_params_are_any_mapping_or_sequence(
    client: dstok.Client, kind: Callable[[object], Any]
) -> None:
    params = kind({"actor_id": "root", "now": NOW})
    assert client.call("create_token", params) == TOKEN
    assert client.call("create_token", ("root", None, None, None, None, None, NOW)) == TOKEN


def test_restrictions_are_any_mappings_and_sequences(client: dstok.Client) -> None:
    plain = {"docs": {"pages": ["insert-row"]}}
    other = MappingProxyType({"docs": MappingProxyType({"pages": UserList(["insert-row"])})})
    tokens = [client.create_token("a", restrict_resource=r, now=NOW) for r in (plain, other)]
    assert tokens[0] == tokens[1]


def test_none_as_an_actor_is_sent(client: dstok.Client) -> None:
    assert client.inspect_token(client.create_token(None))["payload"]["a"] is None


def methods(kind: type) -> dict[str, inspect.Signature]:
    """Return the signatures of the public methods of a class."""
    return {
        name: inspect.signature(value)
        for name, value in vars(kind).items()
        if not name.startswith("_") and callable(value)
    }


def test_both_clients_have_the_same_methods() -> None:
    ours, theirs = methods(dstok.Client), methods(dstok.AsyncClient)
    assert set(theirs) - {"aclose"} == set(ours) - {"close"}
    for name in set(ours) - {"map", "close"}:
        assert ours[name].parameters == theirs[name].parameters, name
    assert list(ours["map"].parameters) == list(theirs["map"].parameters)
    for name, method in vars(dstok.Client).items():
        if not name.startswith("_") and name != "close":
            assert inspect.getdoc(method), name
            assert inspect.getdoc(getattr(dstok.AsyncClient, name)), name


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "create_token": ("root",),
    "verify_token": (TOKEN,),
    "inspect_token": (TOKEN,),
    "sign": (1,),
    "unsign": ("a.b",),
    "create_actor_cookie": ({},),
    "verify_actor_cookie": ("a.b",),
    "restrictions_allow_action": (None, "view-table"),
    "token_allows_action": (TOKEN, "view-table"),
    "configure": (),
    "info": (),
    "ping": (),
    "discover": (),
    "call": ("ping",),
    "batch": ([("ping", None)],),
    "map": ("ping", [None]),
}


@pytest.mark.parametrize("name", sorted(set(methods(dstok.Client)) - {"close"}))
def test_every_method_has_a_timeout(name: str) -> None:
    """Its own, not the client's."""
    arguments = ARGUMENTS[name]
    with dstok.Client(secret=SECRET) as client:
        client.ping()
        os.kill(client.pid or 0, signal.SIGSTOP)
        with pytest.raises(dstok.CallTimeout, match=r"0\.01 seconds"):
            list(getattr(client, name)(*arguments, timeout=0.01))
        os.kill(client.pid or 0, signal.SIGCONT)
    with pytest.raises(dstok.InvalidArgument) as caught:
        getattr(client, name)(*arguments, timeout="1")
    assert caught.value.param == "timeout"


def test_methods_have_the_parameters_of_the_protocol(client: dstok.Client) -> None:
    ours = methods(dstok.Client)
    seen = 0
    for method in client.discover()["methods"]:
        parameters = list(ours[method["name"]].parameters)[1:]
        assert parameters.pop() == "timeout"
        theirs = [param["name"] for param in method["params"]]
        if method["name"] == "configure":  # by name only
            parameters, theirs = sorted(parameters), sorted(theirs)
        assert parameters == theirs, method["name"]
        seen += 1
    assert seen == 12  # the document leaves out rpc.discover


class Mine(dstok.Client):
    def whose(self) -> str:
        return "mine"


class MineToo(dstok.AsyncClient):
    def whose(self) -> str:
        return "mine"


def test_a_subclass_stays_one_in_a_with_statement() -> None:
    """mypy checks this too."""
    with Mine() as client:
        assert client.whose() == "mine"

    async def main() -> None:
        async with MineToo() as client:
            assert client.whose() == "mine"

    asyncio.run(main())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda client: client.call([]),
        lambda client: client.call(b"ping"),
        lambda client: client.call("ping", timeout="1"),
        lambda client: client.call("ping", timeout=float("nan")),
        lambda client: client.configure(settings=[1]),
        lambda client: dstok.Client(serve_options="--no-sandbox"),  # type: ignore[arg-type]
        lambda client: dstok.Client(log_level="INFO"),  # type: ignore[arg-type]
        lambda client: type(client)(timeout="1"),
        lambda client: type(client)(max_backoff="1"),
        lambda client: type(client)(secret="new", old_secrets=iter(["old"])),
        lambda client: type(client)(secret="new", old_secrets=5),
    ],
)
def test_values_of_the_wrong_kind_are_named(
    client: dstok.Client, wrong: Callable[[Any], object]
) -> None:
    with pytest.raises(dstok.InvalidArgument, match=r"\w"):
        wrong(client)


class AnyCase(str):
    """A str that equals others."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def __hash__(self) -> int:
        return hash(self.lower())


class Unhashable(str):
    __hash__ = None  # type: ignore[assignment]


def test_a_method_is_named_by_what_its_str_says(ask: Ask) -> None:
    with pytest.raises(dstok.MethodNotFound):
        ask("call", AnyCase("PING"))
    assert ask("call", AnyCase("ping")) == "pong"
    assert ask("call", Unhashable("ping")) == "pong"


def test_a_timeout_may_be_longer_than_a_float(client: dstok.Client) -> None:
    assert client.ping(timeout=10**400) == "pong"
