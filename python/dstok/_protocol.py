"""JSON-RPC 2.0: requests as lines, responses as results or exceptions, tickets in between."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from ._answered import BY_CODE
from ._errors import AnsweredError, DstokError, InvalidArgument, ProtocolError
from ._types import Params as Params


def _plain(value: object) -> object:
    """Return what JSON has for any mapping or sequence. Raises TypeError for what it has not."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return list(cast("Sequence[object]", value))
    raise TypeError


Changes = dict[int, dict[str, Any]]
"""The params of those requests of a line that are `configure`, by their ids."""
_NO_CHANGES: Changes = {}

_Coder = Callable[[object], str]

# No NaN, which is not JSON; UTF-8 is a third of the bytes of an escape.
_encode: _Coder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
).encode
# A lone surrogate has no UTF-8, but an escape.
_encode_ascii: _Coder = json.JSONEncoder(
    allow_nan=False, separators=(",", ":"), default=_plain
).encode

_decode = json.JSONDecoder().raw_decode  # `decode` skips white space, which takes longer

_ids = itertools.count(1)

_MARK = os.urandom(16).hex()
"""Stands between params that are encoded together. It is never sent, so nobody can know it."""
_SEPARATOR = b',"%s",' % _MARK.encode()

_CONFIGURE = "secret datasette_version actions settings zlib itsdangerous old_secrets".split()  # noqa: SIM905
"""The params of `configure` by position."""


class Request:
    """A request as JSON, with its id; or several to one method, with a list of their ids."""

    __slots__ = ("changes", "ids", "text")

    def __init__(self, method: str, *params: Params) -> None:
        """Raises InvalidArgument for what JSON cannot carry."""
        if not isinstance(method, str):
            raise InvalidArgument("the name of a method must be a string")
        method = str.__str__(method)  # a subclass may equal others
        form = _form(method)
        if len(params) == 1:
            texts, ids = [as_json(params[0])], [next(_ids)]
            self.ids: int | list[int] = ids[0]
            self.text = form % (ids[0], texts[0])
        else:
            texts = _encoded_together(params)
            self.ids = ids = list(itertools.islice(_ids, len(texts)))
            self.text = b",".join([form % pair for pair in zip(ids, texts, strict=True)])
        self.changes = _NO_CHANGES
        if method == "configure":  # whatever becomes of params
            self.changes = {
                id: _named(json.loads(text)) for id, text in zip(ids, texts, strict=True)
            }

    def line(self) -> bytes:
        """Return the line."""
        return self.text + b"\n"


class Ticket:
    """Waits for the response to one line: to a request (`ids` is its id) or to a batch (a list).

    The thread that reads the answers calls `noted` and `resolve`, or else `fail`, once. The answer
    is decoded by whoever waits for it: what a decoded batch takes is a multiple of its text.
    """

    __slots__ = ("ids", "note", "size", "wanted")

    def __init__(self, ids: int | list[int]) -> None:
        self.ids = ids
        self.wanted = True
        """Whether somebody still waits, or will, for the answer."""
        self.size = 0
        """Bytes of the answer, once it was decoded."""
        self.note: Callable[[list[Any]], None] | None = None
        """What the thread does with the answer before anybody gets it, in the order of answers."""

    def fits(self, line: bytes) -> bool:
        """Tell whether `line` is the response to this line. Decodes it if necessary."""
        if isinstance(self.ids, int):
            start = b'{"jsonrpc":"2.0","id":%d,' % self.ids
        else:
            start = b'[{"jsonrpc":"2.0","id":%d,' % self.ids[0]
        return line.startswith(start) or self._answer(line) is not None

    def noted(self, line: bytes) -> None:
        """Process the response before any caller gets it. May raise anything."""
        if self.note is not None:
            answer: Any = self._answer(line) or []
            self.note([answer] if "id" in answer else answer)

    def decoded(self, line: bytes) -> Any:
        """Return the response in `line`: an object, or a list of them. Raises ProtocolError."""
        answer = self._answer(line)
        self.size = len(line)
        if answer is None:
            raise ProtocolError("cannot read a response from dstok")
        return answer

    def resolve(self, line: bytes) -> None:
        """Give the response to the caller that waits."""
        raise NotImplementedError

    def fail(self, error: DstokError) -> None:
        """End the wait with an error."""
        raise NotImplementedError

    def _answer(self, line: bytes) -> Any:
        try:
            answer: Any = _decoded(line)
        except (ValueError, RecursionError):
            return None
        if isinstance(answer, list):
            answers = cast("list[object]", answer)
            return answers if _ids_of(answers) == self.ids else None
        # A line over a limit gets one error, which cannot name an id.
        found = _ids_of([answer])[0]
        return answer if found == self.ids or (found is None and "error" in answer) else None


def _decoded(line: bytes) -> Any:
    """Return the decoded line, None if more follows. Raises ValueError, RecursionError."""
    try:
        text = line.decode("utf-8")
        answer, end = _decode(text)
        return answer if end == len(text) else None
    except json.JSONDecodeError:
        raise
    except ValueError:  # more digits than sys.set_int_max_str_digits allows
        return _decoded_one_by_one(line.decode("utf-8"))


def _decoded_one_by_one(text: str) -> Any:
    """Return the decoded line, with an error for each response that has too long an integer."""
    too_long: list[str] = []

    def parse_int(digits: str) -> int:
        try:
            return int(digits)
        except ValueError:
            too_long.append(digits)
            return 0

    decoder = json.JSONDecoder(parse_int=parse_int)
    answers: list[Any] = []
    end, separator = -1 + text.startswith("["), ","
    while separator == ",":
        answer, end = decoder.raw_decode(text, end + 1)
        separator = text[end : end + 1]
        if too_long:
            digits = len(too_long[0])
            message = f"the response has an integer of {digits} digits, more than Python reads"
            answer = {"id": _ids_of([answer])[0], "error": ProtocolError(message)}
            too_long.clear()
        answers.append(answer)
    return answers if text.startswith("[") else answers[0]


def _ids_of(answers: list[Any]) -> list[Any]:
    """Return the id of each response, None if it has none; False for anything else."""
    return [
        one.get("id") if one.__class__ is dict and ("result" in one) != ("error" in one) else False
        for one in answers
    ]


def outcome(answer: Any) -> Any:
    """Return the result in a response, or the exception for its error."""
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    return error if isinstance(error, DstokError) else from_answer(error)


def from_answer(error: Mapping[str, Any]) -> DstokError:
    """Return the exception for the `error` member of a response."""
    code, given = error.get("code"), error.get("data")
    if type(code) is not int:
        return ProtocolError("dstok answered with an error that has no code")
    data = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    known = BY_CODE.get(code, AnsweredError)
    exception = known(str(error.get("message")), param=data.get("param"))
    exception.code, exception.kind = code, data.get("kind") or known.kind
    return exception


def raised(result: Any) -> Any:
    """Return a result; raise it if it is an exception."""
    if isinstance(result, DstokError):
        raise result
    return result


@functools.lru_cache(maxsize=64)
def _form(method: str) -> bytes:
    """Return a request as a format, without its id and params."""
    name = _encode_ascii(method).encode("ascii").replace(b"%", b"%%")
    return b'{"jsonrpc":"2.0","id":%%d,"method":%s,"params":%%s}' % name


def as_json(params: Params) -> bytes:
    """Return the JSON. Raises InvalidArgument for what JSON cannot carry."""
    text = _try_json(params)
    if text is not None:
        return text
    # Which of them is it? The message shows no value, and no name that may be a token.
    name, value = cast("tuple[object, object]", (None, params))
    with contextlib.suppress(Exception):  # what a mapping of the caller's own raises, or no such
        items = params.items() if isinstance(params, Mapping) else enumerate(params or ())
        name, value = next(one for one in items if _try_json(one[1]) is None)
    what = f"JSON cannot carry this {type(value).__name__}"
    if isinstance(name, str) and name.isidentifier() and len(name) <= 40:
        raise InvalidArgument(f"{name}: {what}", param=name)
    raise InvalidArgument(f"{name}: {what}" if isinstance(name, int) else what)


def _named(params: Any) -> Any:
    """Return the params of `configure` by name."""
    if isinstance(params, list):
        return dict(zip(_CONFIGURE, cast("list[object]", params), strict=False))
    return params or {}


def _encoded_together(params: Sequence[Params]) -> list[bytes]:
    """Return the JSON of several params in half of the time. Raises InvalidArgument."""
    marked: list[object] = [_MARK] * (2 * len(params) - 1)
    marked[::2] = params
    return as_json(marked)[1:-1].split(_SEPARATOR)


def _try_json(value: object) -> bytes | None:
    try:
        try:
            return _encode(value).encode("utf-8")
        except UnicodeEncodeError:
            return _encode_ascii(value).encode("ascii")
    # Kinds that JSON has not; NaN, circles, integers of too many digits; nested too deep; whatever
    # a mapping or a sequence of the caller's own raises.
    except Exception:
        return None
