"""JSON as a request may have it: strict, and with the texts of its values kept."""

import json
import math
import re
import sys
from collections import namedtuple
from json.decoder import scanstring

MAX_DEPTH = 512  # open containers
MAX_DIGITS = 4300
SPACE = " \t\n\r"
STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)

# Python's own limit: a text may be nested deeper than any request.
sys.setrecursionlimit(10000)

# A JSON value in a request: what json.loads makes of it, its text, and what is
# wrong with it that JSON allows: a set of "duplicate", "infinity" and "digits".
Value = namedtuple("Value", "data text faults")


class NotJSON(Exception):
    """A text that is not JSON (RFC 8259)."""


class Scanner:
    """Reads JSON texts strictly, keeping where the values stand."""

    def __init__(self):
        self._faults = set()
        decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_int=self._integer,
            parse_float=self._float,
            parse_constant=self._constant,
        )
        self._scan = decoder.scan_once

    def value(self, text, at):
        """Return (Value, end) of the JSON value at text[at]. Raises NotJSON."""
        self._faults = set()
        try:
            data, end = self._scan(text, at)
        except (StopIteration, ValueError) as error:
            raise NotJSON from error
        return Value(data, text[at:end], self._faults), end

    def members(self, text, at=0):
        """Return ([(name, Value)], end) of the object at text[at]. Raises NotJSON."""

        def member(at):
            if text[at : at + 1] != '"':
                raise NotJSON
            try:
                name, at = scanstring(text, at + 1)
            except ValueError as error:
                raise NotJSON from error
            at = skip_space(text, at)
            if text[at : at + 1] != ":":
                raise NotJSON
            value, at = self.value(text, skip_space(text, at + 1))
            return (name, value), at

        return self._items(text, at, "}", member)

    def elements(self, text, at=0):
        """Return ([Value], end) of the array at text[at]. Raises NotJSON."""
        return self._items(text, at, "]", lambda at: self.value(text, at))

    def _items(self, text, at, closing, item):
        items = []
        at = skip_space(text, at + 1)
        if text[at : at + 1] == closing:
            return items, at + 1
        while True:
            found, at = item(at)
            items.append(found)
            at = skip_space(text, at)
            separator = text[at : at + 1]
            if separator == closing:
                return items, at + 1
            if separator != ",":
                raise NotJSON
            at = skip_space(text, at + 1)

    def _object(self, pairs):
        made = dict(pairs)
        if len(made) != len(pairs):
            self._faults.add("duplicate")
        return made

    def _integer(self, text):
        if len(text) - text.startswith("-") > MAX_DIGITS:
            self._faults.add("digits")
            return 0
        return int(text)

    def _float(self, text):
        value = float(text)
        if math.isinf(value):
            self._faults.add("infinity")
        return value

    def _constant(self, text):
        raise ValueError(f"{text} is not JSON")


def skip_space(text, at):
    """Return where the first character that is no whitespace stands, from `at` on."""
    while text[at : at + 1] and text[at] in SPACE:
        at += 1
    return at


def nesting(text):
    """Return how many containers are open at most in the JSON `text`; 0 where few can be."""
    if text.count("[") + text.count("{") <= MAX_DEPTH // 2:
        return 0
    depth = deepest = 0
    for found in STRING_OR_BRACKET.finditer(text):
        if found[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest


def json_text(value, **options):
    """Return json.dumps(value, **options), however many digits its integers have."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return json.dumps(value, **options)
    finally:
        sys.set_int_max_str_digits(limit)


def readable(integer):
    """Return `integer`, or None if it has more digits than Python reads. dstok answers null then."""
    return None if integer is None or abs(integer) >= 10**MAX_DIGITS else integer


def compact(value):
    """Return a JSON text without spaces; half a surrogate pair stays in it."""
    return json_text(value, ensure_ascii=False, separators=(",", ":"))


def encode(text):
    r"""Return UTF-8, with half of a surrogate pair as \udXXX."""
    return text.encode(errors="backslashreplace")
