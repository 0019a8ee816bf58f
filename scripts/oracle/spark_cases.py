"""Lines for examples/spark/mint_tokens.py, good and bad, and what should become of each."""

import json
from dataclasses import dataclass
from typing import Any

NOT_JSON, NOT_A_RECORD = -32700, -32600
ACTORS = ("root", "a, b", 'say "hi"', "two\nlines", "\u2028", " padded ", "z\u00fcrich", "\U0001f511", "x" * 300, 7, None, 1.5)
OPTIONAL = {
    "expires_after": (0, 60, 3600, -5, None, 10**20),
    "restrict_all": (["view-instance"], ["view-table", "insert-row"], ["unknown"], []),
    "restrict_database": ({"docs": ["view-database"]}, {"a:b": ["vt"], "z\u00fcrich": ["view-table"]}),
    "restrict_resource": ({"docs": {"t1": ["insert-row", "vt"]}}, {"docs": {"t1": ["vt"], "t2": ["vt"]}}),
    "now": (0, 1600000000, 1800000000.5, None),
}
# serve refuses these.
BAD_MEMBERS = (
    {"expiresAfter": 60}, {"restrictAll": ["view-table"]}, {"note": 1}, {"restrict_all": "view-table"}, {"expires_after": 1.5},
    {"actor_id": "\ud800"}, {"restrict_database": {"docs": None}}, {"now": "soon"},
)
BAD_LINES = (
    (b"not json", NOT_JSON), (b'{"key": 1, "actor_id": "a"', NOT_JSON), (b'{"key": "l", "actor_id": "caf\xe9"}', NOT_JSON),
    (b'{"key": "n", "actor_id": NaN}', NOT_JSON), (b'{"key": "i", "actor_id": 1e999}', NOT_JSON),
    (b'{"key": 1, "actor_id": "a"} {}', NOT_JSON), (b"[" * 5000, NOT_JSON), (b"1" * 5000, NOT_JSON), (b"\0", NOT_JSON),
    (b'{"key": "\\udc00", "actor_id": "a"}', NOT_JSON),
    (b'{"actor_id": "a"}', NOT_A_RECORD), (b'{"key": null, "actor_id": "a"}', NOT_A_RECORD),
    (b'{"key": true, "actor_id": "a"}', NOT_A_RECORD), (b"[]", NOT_A_RECORD), (b'"key"', NOT_A_RECORD),
    (b'{"key": "d", "actor_id": "a", "expires_after": 60, "expires_after": null}', NOT_A_RECORD),
    (b'{"key": "r", "actor_id": "a", "restrict_database": {"a": ["vt"], "a": []}}', NOT_A_RECORD),
    # As requests they would change the secret, mint a token or end the partition.
    (b'{"jsonrpc": "2.0", "method": "configure", "params": {"secret": "another"}}', NOT_A_RECORD),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "create_token", "params": ["a"]}', NOT_A_RECORD),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}', NOT_A_RECORD),
)
BLANK = (b"", b"  ", b"\t")

@dataclass(frozen=True)
class Case:
    """A line, and the parameters of its call, or the code of its error, or neither for a blank line."""

    line: bytes
    key: Any = None
    params: dict | None = None
    code: int | None = None


TOO_LONG = Case(b'{"key": "long", "actor_id": "%s"}\n' % (b"x" * (16 << 20)), code=NOT_A_RECORD)


def cases(rng, count):
    """Return `count` cases, with a byte order mark before the first."""
    found = [Case(b"\xef\xbb\xbf{\"key\": -1, \"actor_id\": \"first\"}\n", -1, {"actor_id": "first"})]
    return found + [case(rng, number) for number in range(count - 1)]


def case(rng, number):
    end = rng.choice((b"\n", b"\r\n"))
    kind = rng.random()
    if kind < 0.05:
        line, code = rng.choice(BAD_LINES)
        return Case(line + end, code=code)
    if kind < 0.06:
        return Case(rng.choice(BLANK) + end)
    params = {"actor_id": rng.choice(ACTORS) if rng.random() < 0.5 else f"user{number}"}
    for name, values in OPTIONAL.items():
        if rng.random() < 0.3:
            params[name] = rng.choice(values)
    if kind < 0.11:
        params |= rng.choice(BAD_MEMBERS)
    elif kind < 0.12:
        del params["actor_id"]
    key = rng.choice((number, f"k\u00e9y {number}"))
    # A carriage return is white space in JSON, and U+2028 is no end of a line.
    separators = (rng.choice((", ", ",", ",\r")), ": ")
    escape = "\ud800" in params.values() or rng.random() < 0.5
    text = json.dumps({"key": key, **params}, ensure_ascii=escape, separators=separators)
    return Case(text.encode() + end, key, params)


def plain(count):
    """Yield `count` good lines."""
    for number in range(count):
        record = {"key": number, "actor_id": f"user{number}", "expires_after": 3600, "restrict_all": ["view-table"]}
        yield json.dumps(record).encode() + b"\n"
