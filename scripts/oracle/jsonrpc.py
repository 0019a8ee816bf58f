"""The JSON-RPC 2.0 envelope as docs/reference/protocol.md has it, with nothing of Datasette in it.

`Connection.answer_line` takes a line and returns the line to answer with.
"""

from collections import namedtuple

from failure import Failure
from strict_json import MAX_DEPTH, NotJSON, Scanner, compact, encode, nesting, skip_space

CODES = {
    "parse_error": -32700,
    "invalid_request": -32600,
    "too_large": -32600,
    "method_not_found": -32601,
    "invalid_params": -32602,
    "internal_error": -32603,
    "no_secret": 1,
    "bad_signature": 2,
    "bad_payload": 3,
    "token_invalid": 4,
    "signed_tokens_disabled": 5,
    "not_supported": 6,
    "policy": 7,
}
BOM = b"\xef\xbb\xbf"
SHOWN = 40  # characters of an unknown parameter's name

# `id` is JSON text, or None for a notification; `params` a Value or None.
Request = namedtuple("Request", "id method params")


class InvalidRequest(Exception):
    """JSON that is no request, to be answered under `id` (JSON text)."""

    def __init__(self, kind, message, id="null"):
        super().__init__(message)
        self.failure = Failure(kind, message)
        self.id = id


class Connection:
    """One conversation: counts lines and answers them.

    `call(method, params)` runs a method (str) with a Value or None. It returns
    what json.dumps can write, or raises Failure. `max_line` is in bytes.
    """

    def __init__(self, call, max_line=16 << 20, max_batch=100_000):
        self._call = call
        self._max_line = max_line
        self._max_batch = max_batch
        self._scanner = Scanner()
        self._lines = 0

    def answer_line(self, line):
        """Return the answer to a line as bytes with its newline, or None if it has none.

        `line` is bytes, with or without its newline.
        """
        self._lines += 1
        if self._lines == 1:
            line = line.removeprefix(BOM)
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        if not line.strip(b" \t\r"):
            return None
        if len(line) > self._max_line:
            return encode(error_text("null", Failure("too_large", "the line is too long"))) + b"\n"
        try:
            answer = self._answer(line.decode())
        except (NotJSON, UnicodeDecodeError):
            failure = Failure("parse_error", "Parse error: the line is not JSON")
            answer = error_text("null", failure, line=self._lines)
        return None if answer is None else encode(answer) + b"\n"

    def _answer(self, text):
        at = skip_space(text, 0)
        if text[at : at + 1] != "[":
            value, end = self._scanner.value(text, at)
            self._end(text, end)
            return self._answer_request(value.text)
        elements, end = self._scanner.elements(text, at)
        self._end(text, end)
        if not elements:
            return error_text("null", Failure("invalid_request", "the batch is empty"))
        if len(elements) > self._max_batch:
            return error_text("null", Failure("too_large", "too many requests in a batch"))
        answers = [self._answer_request(element.text) for element in elements]
        answers = [answer for answer in answers if answer is not None]
        return f"[{','.join(answers)}]" if answers else None

    def _end(self, text, at):
        if skip_space(text, at) != len(text):
            raise NotJSON

    def _answer_request(self, text):
        """Return the answer to one request, a valid JSON text; None for a notification."""
        try:
            request = self.read_request(text)
        except InvalidRequest as invalid:
            return error_text(invalid.id, invalid.failure)
        try:
            result = self._call(request.method, request.params)
            answer = result_text(request.id, result)
        except Failure as failure:
            answer = error_text(request.id, failure)
        return None if request.id is None else answer

    def read_request(self, text):
        """Return the Request that a JSON text is. Raises InvalidRequest."""
        if not text.startswith("{"):
            too_deep = nesting(text) > MAX_DEPTH
            raise InvalidRequest("too_large" if too_deep else "invalid_request", "a request must be an Object")
        members, _ = self._scanner.members(text)
        given = dict(members)
        ids = [value for name, value in members if name == "id"]
        id = ids[0].text if len(ids) == 1 and is_id(ids[0].text) else "null"
        if any(1 + nesting(value.text) > MAX_DEPTH for name, value in members if name != "params"):
            raise InvalidRequest("too_large", "nested too deeply", id)
        if len(given) != len(members):
            raise InvalidRequest("invalid_request", "a member is given twice", id)
        if "jsonrpc" not in given or given["jsonrpc"].data != "2.0":
            raise InvalidRequest("invalid_request", 'jsonrpc must be exactly "2.0"', id)
        if ids and not is_id(ids[0].text):
            raise InvalidRequest("invalid_request", "id must be a String, a Number or Null", id)
        if "method" not in given or not isinstance(given["method"].data, str):
            raise InvalidRequest("invalid_request", "method must be a String", id)
        params = given.get("params")
        if params and params.text != "null" and params.text[0] not in "{[":
            raise InvalidRequest("invalid_request", "params must be an Object or an Array", id)
        return Request(id if ids else None, given["method"].data, params)


def is_id(text):
    """Return whether a JSON value is a String, a Number or Null."""
    return text == "null" or text[0] in '"-0123456789'


def bind(names, required, params, scanner):
    """Return {name: Value} of what was given.

    `names` are a method's parameters in positional order, `required` those that
    must be given, `params` a Value or None. Null is left out where a parameter
    is not required. Raises Failure (invalid_params).
    """
    pairs = []
    if params and params.text[0] == "{":
        pairs = scanner.members(params.text)[0]
    elif params and params.text[0] == "[":
        values = scanner.elements(params.text)[0]
        if len(values) > len(names):
            raise Failure("invalid_params", f"more than {len(names)} positions", param="params")
        pairs = list(zip(names, values))
    bound = {}
    for name, value in pairs:
        if name not in names:
            raise Failure("invalid_params", f"{name} is unknown", param=name[:SHOWN])
        if 2 + nesting(value.text) > MAX_DEPTH:
            raise Failure("invalid_params", f"{name} is nested too deeply", param=name)
        if name in bound:
            raise Failure("invalid_params", f"{name} is given twice", param=name)
        bound[name] = value
    for name in required:
        if name not in bound:
            raise Failure("invalid_params", f"{name} is required", param=name)
    return {name: value for name, value in bound.items() if name in required or value.text != "null"}


def escaped(value):
    """Return compact JSON in which no character ends a line, wherever a client splits."""
    text = compact(value)
    for end in "\x85\u2028\u2029":
        text = text.replace(end, f"\\u{ord(end):04x}")
    return text


def result_text(id, result):
    """Return an answer with a result."""
    return f'{{"jsonrpc":"2.0","id":{id},"result":{escaped(result)}}}'


def error_text(id, failure, line=None):
    """Return an answer with an error; `line` is the number of a line that is not JSON."""
    data = {"kind": failure.kind}
    if failure.param is not None:
        data["param"] = failure.param
    if line is not None:
        data["line"] = line
    error = {"code": CODES[failure.kind], "message": str(failure), "data": data}
    return f'{{"jsonrpc":"2.0","id":{id},"error":{escaped(error)}}}'
