"""The types are true: what they accept works, what they reject fails, and results are as they say.

That type checkers accept and reject it is for typing/check.py to see.
"""

from __future__ import annotations

import ast
import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pytest

import dstok
from support import NOW, SECRET, TOKEN

TYPING = Path(__file__).parent / "typing"


@pytest.fixture(scope="module")
def right() -> ModuleType:
    spec = importlib.util.spec_from_file_location("right", TYPING / "right.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["results", "sequences", "by_name", "batches"])
def test_right_uses_work(client: dstok.Client, right: ModuleType, name: str) -> None:
    vars(right)[name](client)


def test_right_uses_of_options_work(right: ModuleType) -> None:
    right.options()


@pytest.mark.parametrize("keep_errors", [True, False])
def test_right_uses_of_map_work(client: dstok.Client, right: ModuleType, keep_errors: bool) -> None:
    right.many(client, keep_errors=keep_errors)


def test_right_uses_of_the_asynchronous_client_work(right: ModuleType) -> None:
    async def main() -> None:
        async with dstok.AsyncClient(secret=SECRET) as client:
            await right.asynchronous(client)

    asyncio.run(main())


def wrong_calls() -> Iterator[str]:
    """Yield the wrong lines of wrong.py that call, or use the result of a call."""
    text = (TYPING / "wrong.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    for function in ast.parse(text).body:
        for statement in function.body if isinstance(function, ast.FunctionDef) else ():
            marked = lines[statement.lineno - 1].endswith("# wrong")
            is_call = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Yield)
            if marked and is_call:
                yield ast.unparse(statement)


@pytest.mark.parametrize("call", list(wrong_calls()))
def test_wrong_uses_fail(client: dstok.Client, call: str) -> None:
    names = {"client": client, "dstok": dstok, "inspection": client.inspect_token("no token")}
    names["names"] = lambda: iter([{"actor": "root"}])
    with pytest.raises((dstok.DstokError, LookupError, TypeError, ValueError, AttributeError)):
        finished(eval(call, names))


def test_wrong_uses_are_many() -> None:
    assert len(list(wrong_calls())) > 50


def finished(result: Any) -> None:
    """Let a client that was made start its process, and an iterator end."""
    if isinstance(result, dstok.Client):
        with result:
            result.ping()
    elif isinstance(result, Iterator):
        list(result)


def test_results_have_their_members(client: dstok.Client) -> None:
    types = dstok.types
    full = client.create_token("root", expires_after=9, restrict_all=["view-table"], now=NOW)
    for token in (TOKEN, full):
        actor = client.verify_token(token, now=NOW)
        assert actor is not None
        assert types.Actor.__required_keys__ <= {*actor}
    assert set(actor or ()) == types.Actor.__required_keys__ | types.Actor.__optional_keys__
    inspection = client.inspect_token(full)
    access = client.token_allows_action(full, "view-table", now=NOW)
    info = client.info()
    for result, kind in (
        (inspection, types.Inspection),
        (inspection["restrictions"], types.FullRestrictions),
        (access, types.Access),
        (info, types.ProcessInfo),
        (info["settings"], types.Settings),
    ):
        assert isinstance(result, dict)
        assert {*result} == kind.__required_keys__
    assert {*info["methods"], "rpc.discover"} == {*get_args(types.MethodName)}


def test_types_can_be_read_at_run_time() -> None:
    """As libraries do that check or describe values by them."""
    public = [getattr(dstok.types, name) for name in dstok.types.__all__]
    typed_dicts = [one for one in public if hasattr(one, "__required_keys__")]
    assert len(typed_dicts) > 15
    for one in typed_dicts:
        assert {*get_type_hints(one)} == {*one.__required_keys__, *one.__optional_keys__}
    for client in (dstok.Client, dstok.AsyncClient):
        assert get_type_hints(client.inspect_token)["return"] is dstok.types.Inspection


def test_kinds_of_errors_are_those_of_the_classes() -> None:
    answered = [one for one in vars(dstok).values() if isinstance(one, type)]
    kinds = {one.kind for one in answered if issubclass(one, dstok.AnsweredError)} - {"error"}
    others = {"too_large", "parse_error"}  # of InvalidRequest; and of no request of a client
    assert {*get_args(dstok.types.ErrorKind)} == kinds | others
