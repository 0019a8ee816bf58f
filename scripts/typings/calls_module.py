"""The modules with the overloads of `call`, `batch` and `map`, one for each method."""

import re

from typings.layout import bracketed, docstring
from typings.types_module import DISCOVER, HEADER, params_name

ANY_CALL = "Iterable[tuple[MethodName, Params]]"
HEAD = f'''\
{HEADER}
"""The types of `call`, `batch` and `map`: the name of a method says what it takes and returns."""

from __future__ import annotations

from collections.abc import COLLECTIONS
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, TypeAlias, overload

if TYPE_CHECKING:
    from ._base import Timeout
    from ._errors import DstokError
'''
SEVERAL = "    _Several: TypeAlias = Iterable[_T] | AsyncIterable[_T]\n"
SYNC = {
    "collections": ["Callable", "Iterable", "Iterator"],
    "typing": "",
    "several": "Iterable",
    "awaited": "{}",
    "iterator": "Iterator",
}
ASYNC = {
    "collections": ["AsyncIterable", "AsyncIterator", "Callable", "Coroutine", "Iterable"],
    "typing": '    _T = TypeVar("_T")\n' + SEVERAL,
    "several": "_Several",
    "awaited": "Coroutine[Any, Any, {}]",
    "iterator": "AsyncIterator",
}


class Method:
    """What the overloads say of one method: name, summary, hints of params and result."""

    def __init__(self, method, types):
        self.name = method["name"]
        self.summary = f"{method['summary']}."
        self.result = types.hint(method["result"]["schema"], given=False)
        named = params_name(method) if method["params"] else "NoParams"
        self.alias = f"_{named.removesuffix('Params')}"
        self.params = f"{named} | SequenceNotStr[{'object' if method['params'] else 'NoReturn'}]"
        self.optional = not any(one["required"] for one in method["params"])
        if self.optional:
            self.params += " | None"

    def outcome(self, errors):
        """Return the hint of a result, or of an error in its place if there may be such."""
        return re.sub(r"( \| None)?$", r" | DstokError\1", self.result, count=1) if errors else self.result


def methods_of(document, types):
    """Return a Method for each method of a document, and for the one that returns it."""
    result = {"schema": {"type": "object"}}
    discover = {"name": DISCOVER, "summary": "The methods as an OpenRPC document", "params": [], "result": result}
    return [Method(one, types) for one in [*document["methods"], discover]]


def calls_module(methods, types, way):
    """Return the module; `way` is SYNC or ASYNC."""
    aliases = "".join(dict.fromkeys(f"    {one.alias}: TypeAlias = {one.params}\n" for one in methods))
    body = "\n".join([
        protocol("Call", "What `call` is.", [call(one, way) for one in methods]),
        protocol("Batch", "What `batch` is.", batches(methods, way)),
        protocol("Map", "What `map` is.", maps(methods, way)),
    ])  # fmt: skip
    names = ["Params", *types.sources, "SequenceNotStr"]
    used = sorted((name for name in names if re.search(rf"\b{name}\b", aliases + body)), key=str.lower)
    head = HEAD.replace("COLLECTIONS", ", ".join(way["collections"]))
    if way["typing"]:
        head = head.replace("TypeAlias, overload", "TypeAlias, TypeVar, overload")
    imports = bracketed("from ._types import (", used, ")", 4)
    return f"{head}{imports}\n\n{way['typing']}{aliases}\n{body}{decorators(way)}"


def call(method, way):
    default = " = ..." if method.optional else ""
    params = ["method: " + literal(method), f"params: {method.alias}{default}", "*", TIMEOUT]
    return overload(params, way["awaited"].format(method.result), method.summary)


def batches(methods, way):
    """Yield overloads for several calls of one method, then one for a mixture."""
    for errors, flag in FLAGS.items():
        for one in methods:
            calls = f"calls: Iterable[tuple[{literal(one)}, {one.alias}]]"
            results = way["awaited"].format(f"list[{one.outcome(errors)}]")
            yield overload([calls, "*", flag, TIMEOUT], results, one.summary)
    mixed = [f"calls: {ANY_CALL}", "*", "return_exceptions: bool = ...", TIMEOUT]
    yield overload(mixed, way["awaited"].format("list[Any]"), "The results of several methods.")


def maps(methods, way):
    for errors, flag in FLAGS.items():
        for one in methods:
            several = f"params: {way['several']}[{one.alias}]"
            params = ["method: " + literal(one), several, "*", "window: int = ...", flag, TIMEOUT]
            yield overload(params, f"{way['iterator']}[{one.outcome(errors)}]", one.summary)


TIMEOUT = "timeout: Timeout = ..."
FLAGS = {False: "return_exceptions: Literal[False] = ...", True: "return_exceptions: bool"}


def literal(method):
    return f'Literal["{method.name}"]'


def overload(params, result, about):
    """Return one overload of `__call__`."""
    lines = "".join(f"            {param},\n" for param in ["self", *params])
    return f"        @overload\n        def __call__(\n{lines}        ) -> {result}:\n{docstring(about, 12)}\n"


def protocol(name, about, overloads):
    return f"    class {name}(Protocol):\n{docstring(about, 8)}\n\n" + "\n".join(overloads)


def decorators(way):
    """Return the decorators that give a client's methods these types."""
    source, awaited = "", way["awaited"].format("Any")
    for name, returns in (("call", awaited), ("batch", awaited), ("map", f"{way['iterator']}[Any]")):
        source += f"\n\ndef typed_{name}(method: Callable[..., {returns}]) -> {name.title()}:\n"
        source += f'    """Return the method as it is, with the type of `{name}`."""\n    return method\n'
    return source
