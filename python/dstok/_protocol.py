"""JSON-RPC 2.0: requests as lines, answers as results or exceptions, and tickets in between."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any, Union

from . import _errors

Params = Union[Mapping[str, object], Sequence[object], None]
"""The params of a method: by name, by position, or none."""

# Floats as Python writes them, and no NaN, which is not JSON. What is not ASCII
# goes as UTF-8: a third of the bytes of an escape.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
# A lone surrogate has no UTF-8, but an escape.
_encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode

_ids = itertools.count(1)


class Request:
    """A request as JSON text, with its id."""

    __slots__ = ("id", "text")

    def __init__(self, method: str, params: Params) -> None:
        """Raises InvalidParams for what JSON cannot carry."""
        self.id = next(_ids)
        if type(params) is not dict and isinstance(params, Mapping):
            params = dict(params)
        head = f'{{"jsonrpc":"2.0","id":{self.id},"method":{_encode(method)}'
        tail = "" if params is None else f',"params":{_json(params)}'
        self.text = f"{head}{tail}}}"


class Ticket:
    """What awaits the answer to one line: to a request (`ids` is its id) or to a batch (a list).

    Either `resolve` or `fail` is called, once, by the thread that reads the answers.
    """

    __slots__ = ("ids",)

    def __init__(self, ids: int | list[int]) -> None:
        self.ids = ids

    def fits(self, answer: Any) -> bool:
        """Tell whether `answer` is one to this line."""
        if isinstance(answer, list):
            return [_id_of(one) for one in answer] == self.ids
        # A line over a limit gets one error, which cannot name an id.
        found = _id_of(answer)
        return found == self.ids or (found is None and "error" in answer)

    def resolve(self, answer: Any) -> None:
        """Take the answer."""
        raise NotImplementedError

    def fail(self, error: _errors.DstokError) -> None:
        """Learn that there will be no answer."""
        raise NotImplementedError


def _id_of(answer: Any) -> Any:
    """Return the id of an answer, None if it has none; False for what is no answer."""
    if type(answer) is dict and ("result" in answer) != ("error" in answer):
        return answer.get("id")
    return False


def outcome(answer: Any) -> Any:
    """Return the result in an answer, or the exception for its error."""
    error = answer.get("error")
    return answer.get("result") if error is None else _errors.from_answer(error)


def raised(result: Any) -> Any:
    """Return a result; raise it if it is an exception."""
    if isinstance(result, _errors.DstokError):
        raise result
    return result


def line(text: str) -> bytes:
    """Return a JSON text as a line."""
    return text.encode("utf-8") + b"\n"


def _json(params: Params) -> str:
    text = _try_json(params)
    if text is not None:
        return text
    # Which of them is it? Named by the error, whose message says nothing of the value.
    items = params.items() if isinstance(params, dict) else enumerate(params or ())
    for name, value in items:
        if _try_json(value) is None:
            raise _errors.InvalidParams(
                f"{name}: JSON cannot carry this {type(value).__name__}",
                param=name if isinstance(name, str) else None,
            )
    raise _errors.InvalidParams("JSON cannot carry these params")


def _try_json(value: object) -> str | None:
    """Return JSON text that has a UTF-8 encoding, or None."""
    try:
        text = _encode(value)
        if not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:
                text = _encode_ascii(value)
        return text
    # Kinds that JSON has not; NaN, circles, integers of too many digits; too deep.
    except (TypeError, ValueError, RecursionError):
        return None
