"""Wrong uses: the type checkers reject every line that ends with `# wrong`, and no other."""

from __future__ import annotations

from collections.abc import Iterator

import dstok
from dstok.types import CreateTokenParams, MethodName, Restrictions


def lists_of_strings(client: dstok.Client) -> None:
    client.create_token("root", restrict_all="view-table")  # wrong
    client.create_token("root", restrict_all=b"view-table")  # wrong
    client.create_token("root", restrict_all={"view-table"})  # wrong
    client.create_token("root", restrict_all=[1])  # wrong
    client.create_token("root", restrict_database={"docs": "view-table"})  # wrong
    client.create_token("root", restrict_database=["view-table"])  # wrong
    client.create_token("root", restrict_resource={"docs": ["view-table"]})  # wrong
    client.create_token("root", restrict_resource={"docs": {"pages": "view-table"}})  # wrong
    client.create_token("root", restrictions={"all": "view-table"})  # wrong
    client.create_token("root", restrictions={"databases": {"docs": ["view-table"]}})  # wrong
    restrictions: Restrictions = {"resource": {"docs": {"pages": "view-table"}}}  # wrong
    client.configure(secret="new", old_secrets="old")  # wrong
    dstok.Client(secret="new", old_secrets="old")  # wrong
    dstok.Client(serve_options="--no-sandbox")  # wrong
    client.create_token("root", restrictions=restrictions)


def arguments(client: dstok.Client) -> None:
    client.create_token()  # wrong
    client.create_token("root", 3600)  # wrong
    client.create_token("root", expires_after="an hour")  # wrong
    client.create_token("root", expires_after=0.5)  # wrong
    client.create_token("root", expire_after=60)  # wrong
    client.create_token("root", now="2026-01-01")  # wrong
    client.verify_token(b"dstok_x")  # wrong
    client.verify_token(None)  # wrong
    client.unsign(["a"])  # wrong
    client.restrictions_allow_action("view-table", "view-table")  # wrong
    client.token_allows_action("dstok_x", "view-table", ("docs",))  # wrong
    client.token_allows_action("dstok_x", "view-table", ("docs", "pages", "1"))  # wrong
    client.token_allows_action("dstok_x", "view-table", {"docs": "pages"})  # wrong
    client.configure(settings={"max_signed_token_ttl": 60})  # wrong
    client.configure(settings={"allow_signed_tokens": None})  # wrong
    client.configure(zlib="zlib-rs")  # wrong
    dstok.Client(itsdangerous="2.1")  # wrong
    dstok.Client(actions="built in")  # wrong
    dstok.Client(actions={"view-table": 1}, secret=b"bytes")  # wrong
    dstok.Client(timeout="30")  # wrong


def results(client: dstok.Client) -> None:
    inspection = client.inspect_token("dstok_x")
    inspection["statuss"]  # wrong
    if inspection["status"] == "ok":  # wrong
        pass
    inspection["expires"] + 1  # wrong
    client.verify_token("dstok_x")["id"]  # wrong
    client.token_allows_action("dstok_x", "view-table")["allow"]  # wrong
    client.info()["settings"]["max_ttl"]  # wrong
    client.sign("a").decode()  # wrong
    client.ping() + 1  # wrong


def by_name(client: dstok.Client) -> None:
    client.call("create_tokens", ["root"])  # wrong
    client.call("create_token")  # wrong
    client.call("create_token", "root")  # wrong
    client.call("create_token", {})  # wrong
    client.call("create_token", {"actor": "root"})  # wrong
    client.call("create_token", {"actor_id": "root", "restrict_all": "view-table"})  # wrong
    client.call("create_token", {"actor_id": "root", "expires_after": "soon"})  # wrong
    client.call("ping", {"now": 1})  # wrong
    client.call("ping", [1])  # wrong
    client.call("ping", timeout="1")  # wrong
    client.call("inspect_token", ["dstok_x"])["statuss"]  # wrong
    client.call("configure", {"zlib": "zlib-rs"})  # wrong
    number: int = client.call("sign", ["a"])  # wrong
    method: MethodName = "rpc.discovery"  # wrong
    print(number, method)


def names() -> Iterator[CreateTokenParams]:
    yield {"actor": "root"}  # wrong


def many(client: dstok.Client) -> None:
    client.map("create_tokens", [["root"]])  # wrong
    client.map("create_token", ["root"])  # wrong
    client.map("create_token", [{"actor": "root"}])  # wrong
    client.map("verify_token", names())  # wrong
    client.map("sign", [["a"]], window="8")  # wrong
    numbers: list[int] = list(client.map("sign", [["a"]]))  # wrong
    for one in client.map("sign", [["a"]], return_exceptions=True):
        one.upper()  # wrong
    client.batch([("create_tokens", ["root"])])  # wrong
    client.batch([("sign", "a")])  # wrong
    client.batch([("sign",)])  # wrong
    numbers = client.batch([("sign", ["a"])])  # wrong
    print(numbers)


async def asynchronous(client: dstok.AsyncClient) -> None:
    await client.create_token("root", restrict_all="view-table")  # wrong
    (await client.inspect_token("dstok_x"))["statuss"]  # wrong
    client.inspect_token("dstok_x")["status"]  # wrong
    await client.call("create_tokens", ["root"])  # wrong
    await client.call("create_token", {"actor": "root"})  # wrong
    await client.batch([("create_tokens", ["root"])])  # wrong
    client.map("create_token", ["root"])  # wrong
    async for one in client.map("sign", [["a"]]):
        one + 1  # wrong
