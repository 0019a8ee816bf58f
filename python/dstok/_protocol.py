"""JSON-RPC 2.0: requests as lines, answers as results or exceptions, and tickets in between."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from ._errors import DstokError, InvalidParams, ProtocolError, from_answer
from ._types import Params as Params
from ._types import SequenceNotStr


def _plain(value: object) -> object:
    """Return what JSON has for any mapping or sequence. Raises TypeError for what it has not."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return list(cast("Sequence[object]", value))
    raise TypeError


_Coder = Callable[[object], str]

# No NaN, which is not JSON; UTF-8 is a third of the bytes of an escape.
_encode: _Coder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
).encode
# A lone surrogate has no UTF-8, but an escape.
_encode_ascii: _Coder = json.JSONEncoder(
    allow_nan=False, separators=(",", ":"), default=_plain
).encode

_ids = itertools.count(1)


class Request:
    """A request as JSON, with its id."""

    __slots__ = ("id", "text")

    def __init__(self, method: str, params: Params) -> None:
        """Raises InvalidParams for what JSON cannot carry."""
        if not isinstance(method, str):
            raise InvalidParams("the name of a method must be str")
        self.id = next(_ids)
        json_params = b"" if params is None else b',"params":' + as_json(params)
        self.text = b'{"jsonrpc":"2.0","id":%d,"method":%s%s}' % (
            self.id,
            _name(method),
            json_params,
        )


class Ticket:
    """What awaits the answer to one line: to a request (`ids` is its id) or to a batch (a list).

    The thread that reads the answers calls either `resolve` or `fail`, once. The answer is decoded
    by whoever waits for it: what a decoded batch takes is a multiple of its text.
    """

    __slots__ = ("ids", "size", "wanted")

    def __init__(self, ids: int | list[int]) -> None:
        self.ids = ids
        self.wanted = True
        """Whether somebody still waits, or will, for the answer."""
        self.size = 0
        """Bytes of the answer, once it was decoded."""

    def fits(self, line: bytes) -> bool:
        """Tell whether `line` is an answer to this line, if need be by decoding it."""
        if isinstance(self.ids, int):
            start = b'{"jsonrpc":"2.0","id":%d,' % self.ids
        else:
            start = b'[{"jsonrpc":"2.0","id":%d,' % self.ids[0]
        return line.startswith(start) or self._answer(line) is not None

    def decoded(self, line: bytes) -> Any:
        """Return the answer in `line`: an object, or a list of them. Raises ProtocolError."""
        answer = self._answer(line)
        self.size = len(line)
        if answer is None:
            raise ProtocolError("an answer of dstok cannot be read")
        return answer

    def resolve(self, line: bytes) -> None:
        """Take the answer."""
        raise NotImplementedError

    def fail(self, error: DstokError) -> None:
        """Learn that there will be no answer."""
        raise NotImplementedError

    def _answer(self, line: bytes) -> Any:
        try:
            answer: Any = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if isinstance(answer, list):
            answers = cast("list[object]", answer)
            return answers if [_id_of(one) for one in answers] == self.ids else None
        # A line over a limit gets one error, which cannot name an id.
        found = _id_of(answer)
        fits = found == self.ids or (found is None and "error" in answer)
        return answer if fits else None


def _id_of(answer: Any) -> Any:
    """Return the id of an answer, None if it has none; False for what is no answer."""
    if type(answer) is dict and ("result" in answer) != ("error" in answer):
        return cast("dict[str, Any]", answer).get("id")
    return False


def outcome(answer: Any) -> Any:
    """Return the result in an answer, or the exception for its error."""
    error = answer.get("error")
    return answer.get("result") if error is None else from_answer(error)


def raised(result: Any) -> Any:
    """Return a result; raise it if it is an exception."""
    if isinstance(result, DstokError):
        raise result
    return result


@functools.lru_cache(maxsize=64)
def _name(method: str) -> bytes:
    return _encode_ascii(method).encode("ascii")


def as_json(params: Mapping[str, object] | SequenceNotStr[object]) -> bytes:
    """Return the JSON. Raises InvalidParams for what JSON cannot carry."""
    text = _try_json(params)
    if text is not None:
        return text
    # Which of them is it? The message says nothing of the value, which may be a secret.
    named = isinstance(params, Mapping)
    for name, value in params.items() if isinstance(params, Mapping) else enumerate(params):
        if _try_json(value) is None:
            what = f"{name}: JSON cannot carry this {type(value).__name__}"
            raise InvalidParams(what, param=str(name) if named else None)
    raise InvalidParams("JSON cannot carry these params")


def _try_json(value: object) -> bytes | None:
    try:
        try:
            return _encode(value).encode("utf-8")
        except UnicodeEncodeError:
            return _encode_ascii(value).encode("ascii")
    # Kinds that JSON has not; NaN, circles, integers of too many digits; nested too deep.
    except (TypeError, ValueError, RecursionError):
        return None
