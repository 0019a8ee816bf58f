"""Right uses: the type checkers accept every line, and test_types.py runs them.

`assert_type` is for the checkers: the type has to be this very one.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

import dstok
from dstok.types import (
    Access,
    Actor,
    CreateTokenParams,
    FullRestrictions,
    Inspection,
    MethodName,
    Params,
    ProcessInfo,
    Restrictions,
    SequenceNotStr,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value: Any, _type: object) -> Any:
        return value


def results(client: dstok.Client) -> None:
    token = client.create_token("root", expires_after=3600, now=1700000000.5)
    assert_type(token, str)
    inspection = client.inspect_token(token, now=1700000000)
    assert_type(inspection, Inspection)
    assert_type(inspection["status"], Literal["valid", "expired", "invalid", "unchecked"])
    assert_type(inspection["signature"], Literal["valid", "invalid", "unchecked"])
    assert_type(inspection["expires"], int | None)
    assert_type(inspection["restrictions"], FullRestrictions | None)
    assert_type(inspection["unknown_actions"], list[str])
    actor = client.verify_token(token, now=1700000000)
    assert_type(actor, Actor | None)
    assert actor is not None
    assert_type(actor.get("token_expires"), int | None)
    assert_type(actor["token"], Literal["dstok"])
    if "_r" in actor:
        client.restrictions_allow_action(actor["_r"], "view-table")
    access = client.token_allows_action(token, "view-table", ("docs", "pages"), now=1700000000)
    assert_type(access, Access)
    assert_type(access["allowed"], bool)
    info = client.info()
    assert_type(info, ProcessInfo)
    assert_type(info["settings"]["max_signed_tokens_ttl"], int)
    assert_type(info["zlib"], Literal["zlib", "zlib-ng"])
    assert_type(client.sign({"a": [1, None]}), str)
    assert_type(client.create_actor_cookie(actor), str)
    assert_type(client.restrictions_allow_action(None, "view-table", "docs"), bool)


def sequences(client: dstok.Client) -> None:
    several: list[SequenceNotStr[str]] = [["view-table"], ("view-table",), deque(["vt"]), []]
    for actions in several:
        client.create_token("root", restrict_all=actions)
    client.create_token("root", restrict_all=sorted({"view-table"}))
    client.create_token("root", restrict_database={"docs": ["view-table"]})
    by_table: Mapping[str, Mapping[str, tuple[str, ...]]] = OrderedDict(docs={"t": ("view-table",)})
    client.create_token("root", restrict_resource=by_table)
    restrictions: Restrictions = {"all": ["view-table"], "database": {}, "resource": None}
    client.create_token("root", restrictions=restrictions)
    client.create_token("root", restrictions={"database": {"docs": ("view-table",)}})
    client.restrictions_allow_action({"a": ["vt"], "other": 1}, "view-table", ["docs", "pages"])
    client.create_token(["any", {"JSON": None}], restrictions=None)


def options() -> None:
    body = json.loads('{"ok": true, "actions": [{"name": "view-table", "abbr": "vt"}]}')
    entries: list[dict[str, object]] = [{"name": "view-table", "abbr": "vt", "description": "x"}]
    for actions in (body, entries, "none", {"view-table": "vt", "other": None}, None):
        with dstok.Client(secret="s", old_secrets=("t",), actions=actions, zlib="zlib") as client:
            assert_type(client.configure(old_secrets=["u"], itsdangerous="1.1"), ProcessInfo)
    with dstok.Client(settings={"max_signed_tokens_ttl": 60}, serve_options=["--no-sandbox"]):
        pass
    with dstok.Client(settings={"allow_signed_tokens": "on"}) as client:
        client.configure(settings={"allow_signed_tokens": 0, "max_signed_tokens_ttl": "5"})


def by_name(client: dstok.Client) -> None:
    token = client.call("create_token", {"actor_id": "root", "restrict_all": ["view-table"]})
    assert_type(token, str)
    assert_type(client.call("create_token", ["root", None], timeout=None), str)
    assert_type(client.call("inspect_token", {"token": token}), Inspection)
    assert_type(client.call("verify_token", (token,), timeout=5), Actor | None)
    assert_type(client.call("info"), ProcessInfo)
    assert_type(client.call("ping", {}), Literal["pong"])
    assert_type(client.call("ping", []), Literal["pong"])
    assert_type(client.call("rpc.discover", None), dict[str, Any])
    assert_type(client.call("configure"), ProcessInfo)
    params: CreateTokenParams = {"actor_id": 1}
    params["expires_after"] = 60
    client.call("create_token", params)
    client.call("create_token", CreateTokenParams(actor_id="root", now=1))
    method: MethodName = cast("MethodName", "".join(["pi", "ng"]))
    nothing: Any = None
    client.call(method, nothing)


def users() -> Iterator[CreateTokenParams]:
    yield {"actor_id": "root", "restrictions": {"all": ["view-table"]}}
    yield {"actor_id": 2, "restrict_resource": {"docs": {"pages": ("view-table",)}}}


def many(client: dstok.Client, *, keep_errors: bool) -> None:
    tokens = client.map("create_token", users())
    assert_type(tokens, Iterator[str])
    actors = client.map(
        "verify_token", ([token] for token in tokens), return_exceptions=keep_errors
    )
    assert_type(actors, Iterator[Actor | dstok.DstokError | None])
    for actor in actors:
        if actor is not None and not isinstance(actor, dstok.DstokError):
            assert_type(actor, Actor)
    for one in client.map("inspect_token", [{"token": "no token"}], window=8, timeout=60.0):
        assert_type(one, Inspection)
    names = (CreateTokenParams(actor_id=name, expires_after=60) for name in ("root", "guest"))
    assert_type(list(client.map("create_token", names, return_exceptions=False)), list[str])
    at_once = client.map("sign", ({"value": n, "namespace": None} for n in range(3)))
    assert_type(list(at_once), list[str])


def batches(client: dstok.Client) -> None:
    assert_type(client.batch([("create_token", ["root"]), ("create_token", ["guest"])]), list[str])
    pongs = client.batch([("ping", None)], return_exceptions=True)
    assert_type(pongs, list[Literal["pong"] | dstok.DstokError])
    assert_type(client.batch([("sign", {"value": "a"}), ("ping", None)]), list[Any])
    calls: list[tuple[MethodName, Params]] = [("sign", ["a"])]
    calls.append(("verify_actor_cookie", {"cookie": "no cookie"}))
    assert_type(client.batch(calls), list[Any])


async def asynchronous_users() -> AsyncIterator[CreateTokenParams]:
    for one in users():
        yield one


async def asynchronous(client: dstok.AsyncClient) -> None:
    token = await client.create_token("root", restrict_all=("view-table",))
    assert_type(token, str)
    assert_type(await client.inspect_token(token), Inspection)
    assert_type(await client.verify_token(token), Actor | None)
    assert_type(await client.call("sign", ["a"]), str)
    assert_type(await client.batch([("sign", ["a"])]), list[str])
    assert_type([one async for one in client.map("create_token", users())], list[str])
    async for one in client.map("create_token", asynchronous_users(), return_exceptions=True):
        assert_type(one, str | dstok.DstokError)
    task = asyncio.create_task(client.call("ping"))
    pong, info = await asyncio.gather(task, client.info())
    assert_type(pong, Literal["pong"])
    assert_type(info, ProcessInfo)
