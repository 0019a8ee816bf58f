"""Shapes of input. Each has parameters that a search can change, and makes a session of them."""

import json
import random
from dataclasses import dataclass, field

from worst import texts

MIB = 1 << 20
MAX_LINE = 16 * MIB
MAX_BATCH = 100_000
MAX_INPUT = 80 * MIB
MAX_INFLATED = 96 * MIB  # in a session, unless one payload alone is larger
NOW = 1_700_000_000


@dataclass(frozen=True)
class Size:
    """A number whose magnitude matters."""

    low: int
    high: int

    def choose(self, rng):
        return max(self.low, min(self.high, round(self.low * (self.high / self.low) ** rng.random())))

    def change(self, value, rng):
        if rng.random() < 0.15:
            return self.high
        return max(self.low, min(self.high, round(value * 2 ** rng.uniform(-1.5, 1.5))))


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    values: tuple

    def choose(self, rng):
        return rng.choice(self.values)

    def change(self, _, rng):
        return rng.choice(self.values)


@dataclass
class Session:
    """What one process reads, and the options it is started with."""

    line: bytes
    lines: int = 1
    prologue: bytes = b""
    inflated: int = 0  # bytes in the payloads of one line, beyond the line itself
    options: dict = field(default_factory=dict)  # None for an option without a value
    delivery: str = "file"

    @property
    def size(self):
        """Bytes of input and of inflated payloads."""
        return len(self.prologue) + self.lines * (len(self.line) + self.inflated)

    def write(self, path):
        per_piece = max(MIB // len(self.line), 1) if self.line else 1
        with open(path, "wb") as file:
            file.write(self.prologue)
            whole, rest = divmod(self.lines, per_piece)
            piece = self.line * per_piece
            for _ in range(whole):
                file.write(piece)
            file.write(self.line * rest)


@dataclass(frozen=True)
class Shape:
    """A name, a function from parameters to a Session, what the parameters can be, good starts."""

    name: str
    make: object
    space: dict
    starts: tuple = field(default=())

    def choose(self, rng):
        return {name: kind.choose(rng) for name, kind in self.space.items()}

    def change(self, parameters, rng):
        """Return parameters of which one to three have another value."""
        changed = dict(parameters)
        for name in rng.sample(sorted(self.space), min(rng.choice((1, 1, 2, 3)), len(self.space))):
            changed[name] = self.space[name].change(changed[name], rng)
        return changed

    def first(self):
        """Return the parameters to start with: for each start, all others at their simplest."""
        simplest = {name: kind.values[0] if isinstance(kind, Choice) else kind.low for name, kind in self.space.items()}
        return [simplest | start for start in self.starts or ({},)]


STREAM = {
    "lines": Size(1, 20_000),
    "batch": Size(1, MAX_BATCH),
    "id": Size(1, MIB),
    "threads": Choice(("1", "2", "8", "64")),
    "delivery": Choice(("file", "pipe", "slow")),
}
"""How often a request is sent, and how."""


def request(method, params, number=b"1"):
    return b'{"jsonrpc":"2.0","id":%s,"method":"%s","params":%s}' % (number, method.encode(), params)


def quote(text):
    return json.dumps(text.decode()).encode()


def number(parameters):
    return b"1" if parameters["id"] == 1 else b'"' + b"x" * parameters["id"] + b'"'


def stream(parameters, make, inflated=0, prologue=b"", options=None):
    """Return a Session of as many requests as the parameters say and the limits allow.

    `make` returns the request with a number.
    """
    one = make(0)
    batch = min(parameters["batch"], max((MAX_LINE - 2) // (len(one) + 8), 1))
    if inflated:
        batch = min(batch, max(MAX_INFLATED // inflated, 1))
    line = (one if batch == 1 else b"[" + b",".join(make(n) for n in range(batch)) + b"]") + b"\n"
    most = MAX_INPUT // len(line)
    if inflated:
        most = min(most, MAX_INFLATED // (batch * inflated))
    options = {"--threads": parameters["threads"]} | (options or {})
    lines = max(min(parameters["lines"], most), 1)
    return Session(line, lines, prologue, batch * inflated, options, parameters["delivery"])


# --- payloads -------------------------------------------------------------------------------

TEXT = {
    "form": Choice(texts.FORMS),
    "item": Choice(tuple(texts.ITEMS)),
    "period": Size(1, 2000),
}
PLACES = {
    "whole": b"%s",
    "actor": b'{"a":%s,"t":1699999999}',
    "extra": b'{"a":"root","t":1699999999,"x":%s}',
    "restrictions": b'{"a":"root","t":1699999999,"_r":%s}',
    "all": b'{"a":"root","t":1699999999,"_r":{"a":%s}}',
    "database": b'{"a":"root","t":1699999999,"_r":{"d":{"x":%s}}}',
    "databases": b'{"a":"root","t":1699999999,"_r":{"d":%s}}',
    "resource": b'{"a":"root","t":1699999999,"_r":{"r":{"x":{"y":%s}}}}',
    "resources": b'{"a":"root","t":1699999999,"_r":{"r":{"x":%s}}}',
    "created": b'{"a":"root","t":%s}',
    "created and duration": b'{"a":"root","t":9%s,"d":9%s}',
    "expires": b'{"a":{"id":"root"},"e":%s}',
    "cookie": b'{"a":%s}',
}
PAYLOAD_METHODS = {
    "unsign": ("default", b"", b'["%s"]'),
    "verify_token": ("token", b"dstok_", b'["%s"]'),
    "inspect_token": ("token", b"dstok_", b'["%s"]'),
    "verify_actor_cookie": ("actor", b"", b'["%s"]'),
    "token_allows_action": ("token", b"dstok_", b'["%s","no-such-action",["x","y"]]'),
}


def payload(method, limit):
    """Return the shape of a signed payload that a method reads. `limit` is --max-payload."""
    namespace, prefix, params = PAYLOAD_METHODS[method]

    def make(parameters):
        # Shorter by more than any place, so that the whole is within the limit if `length` is.
        text = texts.body(parameters["form"], parameters["item"], parameters["length"] - 300, parameters["period"])
        place = PLACES[parameters["place"]]
        whole = place.replace(b"%s", text)
        value = texts.pack(parameters["packing"], whole, parameters["blocks"])
        token = {
            "right": lambda: texts.sign(namespace, value),
            "wrong": lambda: texts.sign(namespace, value, "another"),
            "none": lambda: value,
        }[parameters["signature"]]()
        line = request(method, params % (prefix + token).replace(b"\n", b"\\n"), number(parameters))
        inflated = min(len(whole), limit) if value.startswith(b".") else 0
        return stream(parameters, lambda _: line, inflated)

    space = TEXT | STREAM | {
        "length": Size(400, round(1.3 * limit)),
        "place": Choice(tuple(PLACES)),
        "packing": Choice(texts.PACKINGS),
        "blocks": Size(45, 10 * MIB),
        "signature": Choice(("right", "wrong", "none")),
    }
    bomb = {"packing": "level 9", "length": limit}
    starts = (
        bomb | {"item": "empty key"},
        bomb | {"item": "deep list", "place": "actor"},
        bomb | {"item": "deep object", "place": "actor"},
        bomb | {"item": "letter", "place": "all"},
        bomb | {"item": "empty list", "form": "unique keys", "place": "databases"},
        bomb | {"item": "control", "form": "long string", "place": "actor"},
        {"item": "empty key", "length": min(limit, 11 * MIB)},
        {"item": "empty key", "packing": "empty dynamic blocks", "blocks": 8 * MIB},
        # Long ids put few lines into a block, but more than one, so that threads take them at once.
        bomb | {"item": "deep list", "place": "actor", "length": 1_000_000, "lines": 64, "threads": "64", "id": 65_000},
    )  # fmt: skip
    if method == "verify_actor_cookie":
        starts += (bomb | {"form": "long string", "item": "letter", "place": "expires"},)
    return Shape(f"payload to {method}", make, space, starts)


# --- values in params -----------------------------------------------------------------------

VALUES = {
    "sign a value": ("sign", b"[%s]"),
    "sign, in a long namespace": ("sign", b'[1,%s]'),
    "an actor to create_token": ("create_token", b"[%s]"),
    "restrict_all to create_token": ("create_token", b'["root",null,%s]'),
    "restrict_database to create_token": ("create_token", b'["root",null,null,%s]'),
    "restrict_resource to create_token": ("create_token", b'["root",null,null,null,{"x":%s}]'),
    "restrictions to create_token": ("create_token", b'["root",null,null,null,null,{"resource":{"x":%s}}]'),
    "an actor to create_actor_cookie": ("create_actor_cookie", b"[%s]"),
    "restrictions to restrictions_allow_action": ("restrictions_allow_action", b'[%s,"no-such-action"]'),
    "all to restrictions_allow_action": ("restrictions_allow_action", b'[{"a":%s},"no-such-action"]'),
    "databases to restrictions_allow_action": ("restrictions_allow_action", b'[{"d":%s},"no-such-action",["x","y"]]'),
    "resources to restrictions_allow_action": ("restrictions_allow_action", b'[{"r":{"x":%s}},"view-table",["x","y"]]'),
    "an action to restrictions_allow_action": ("restrictions_allow_action", b'[{"a":["vi"]},%s]'),
    "a resource to restrictions_allow_action": ("restrictions_allow_action", b'[{"a":["vi"]},"vt",%s]'),
    "a lifetime to create_token": ("create_token", b'["root",%s]'),
    "a lifetime to create_actor_cookie": ("create_actor_cookie", b'[{"id":"root"},%s]'),
    "a clock to verify_token": ("verify_token", b'["dstok_x",%s]'),
    "a token to inspect_token": ("inspect_token", b"[%s]"),
    "a token to verify_token": ("verify_token", b"[%s]"),
    "a cookie to verify_actor_cookie": ("verify_actor_cookie", b"[%s]"),
    "a value to unsign": ("unsign", b"[%s]"),
    "a release to configure": ("configure", b'{"datasette_version":%s}'),
    "settings to configure": ("configure", b'{"settings":%s}'),
    "actions to configure": ("configure", b'{"actions":%s}'),
    "secret to configure": ("configure", b'{"secret":%s}'),
    "params of the wrong names": ("ping", b"%s"),
    "a parameter of a wrong name": ("sign", b'{"value":1,%s:1}'),
}


def value(name, folder):
    """Return the shape of a large value in the params of a method."""
    method, params = VALUES[name]

    def make(parameters):
        text = texts.body(parameters["form"], parameters["item"], parameters["length"] - 200, parameters["period"])
        line = request(method, params.replace(b"%s", text), number(parameters))
        options = {
            "none": {},
            "audit log": {"--audit-log": f"{folder}/audit.log"},
            "known actions": {"--known-actions-only": None},
        }[parameters["policy"]]
        prologue = b"" if parameters["zlib"] == "zlib" else request("configure", b'{"zlib":"zlib-ng"}') + b"\n"
        return stream(parameters, lambda _: line, 0, prologue, options)

    space = TEXT | STREAM | {
        "length": Size(300, MAX_LINE),
        "policy": Choice(("none", "audit log", "known actions")),
        "zlib": Choice(("zlib", "zlib-ng")),
    }
    starts = [{"item": "empty key", "length": MAX_LINE - 200}, {"item": "letter", "length": MAX_LINE - 200},
              {"item": "empty list", "form": "unique keys", "length": MAX_LINE - 200},
              {"item": "word", "form": "long string", "length": MAX_LINE - 200},
              {"item": "letter", "length": 900_000, "lines": 64, "threads": "64"}]  # fmt: skip
    if method == "create_token":
        starts += [{"item": "word", "length": 2 * MIB, "policy": policy} for policy in ("audit log", "known actions")]
    return Shape(name, make, space, tuple(starts))


# --- configurations -------------------------------------------------------------------------

CALLS = {
    "sign": (b'[1,"n%d"]', "sign"),
    "unsign": (b'["MQ.%d","n%d"]', "unsign"),
    "unsign in one namespace": (b'["MQ.%d"]', "unsign"),
    "verify_token": (b'["dstok_%d.AAAAAAAAAAAAAAAAAAAAAAAAAAA"]', "verify_token"),
    "inspect_token": (b'["dstok_%d.AAAAAAAAAAAAAAAAAAAAAAAAAAA"]', "inspect_token"),
    "verify_actor_cookie": (b'["%d.AAAAAAAAAAAAAAAAAAAAAAAAAAA"]', "verify_actor_cookie"),
    "create_token": (b'["root",null,["action-%d"]]', "create_token"),
    "restrictions_allow_action": (b'[{"a":["action-%d"]},"action"]', "restrictions_allow_action"),
    "configure": (b"[]", "configure"),
    "configure a setting": (b'{"settings":{"max_signed_tokens_ttl":%d}}', "configure"),
    "info": (b"[]", "info"),
    "rpc.discover": (b"[]", "rpc.discover"),
    "ping": (b"[]", "ping"),
}


def calls(parameters, prologue=b"", options=None):
    """Return a Session of short requests, no two of a batch the same."""
    params, method = CALLS[parameters["call"]]
    fill = lambda n: params.replace(b"%d", b"%d" % n)
    return stream(parameters, lambda n: request(method, fill(n), number(parameters)), 0, prologue, options)


def secrets(parameters):
    """Many secrets, and requests for which all of them are tried."""
    names = [("%06d" % n) + "s" * parameters["length"] for n in range(parameters["secrets"])]
    if parameters["as"] == "old_secrets":
        given = {"secret": names[0], "old_secrets": names[1:]}
    else:
        given = {"secret": names}
    if parameters["itsdangerous"] != "2.2":
        given["itsdangerous"] = parameters["itsdangerous"]
    return calls(parameters, request("configure", json.dumps(given).encode()) + b"\n")


def actions(parameters):
    """Many actions, and requests that look at them."""
    rng = random.Random(1)
    pad = "a" * parameters["length"]
    names = {
        "similar": lambda n: f"{pad}-{n:x}",
        "long first": lambda n: f"{n:x}-{pad}",
        "random": lambda n: f"{rng.getrandbits(64):x}{pad}",
    }[parameters["names"]]
    table = {names(n): f"{n:x}" if parameters["abbreviated"] == "yes" else None for n in range(parameters["actions"])}
    given = table
    if parameters["table"] == "list":
        given = [{"name": name, "abbr": abbreviation} for name, abbreviation in table.items()]
    prologue = request("configure", json.dumps({"actions": given}).encode()) + b"\n"
    if len(prologue) > MAX_LINE:
        prologue = b""
    options = {"--known-actions-only": None} if parameters["policy"] == "known actions" else {}
    return calls(parameters, prologue, options)


def unknown_actions(parameters):
    """A table of actions, and a long list of names that nearly match."""
    pad = "a" * parameters["length"]
    table = {f"{pad}-{n:x}": None for n in range(parameters["actions"])}
    path = parameters["folder"] + "/actions.json"
    with open(path, "w") as file:
        json.dump(table, file)
    names = ",".join(f'"{pad}+{n:x}{pad[:9]}"' for n in range(parameters["unknown"])).encode()
    line = request("create_token", b'["root",null,[%s]]' % names)
    return stream(parameters, lambda _: line, 0, b"", {"--known-actions-only": None, "--actions": path})


# --- envelopes ------------------------------------------------------------------------------

ELEMENTS = {
    "digit": b"1",
    "empty object": b"{}",
    "empty batch": b"[]",
    "notification": b'{"jsonrpc":"2.0","method":"ping"}',
    "unknown method": b'{"jsonrpc":"2.0","id":1,"method":"p"}',
    "ping": b'{"jsonrpc":"2.0","id":1,"method":"ping"}',
    "info": b'{"jsonrpc":"2.0","id":1,"method":"info"}',
    "rpc.discover": b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}',
    "rpc.discover as a notification": b'{"jsonrpc":"2.0","method":"rpc.discover"}',
    "sign": b'{"jsonrpc":"2.0","id":1,"method":"sign","params":[1]}',
    "create_token": b'{"jsonrpc":"2.0","id":1,"method":"create_token","params":["a"]}',
    "cookie": b'{"jsonrpc":"2.0","id":1,"method":"create_actor_cookie","params":[{"id":"a"}]}',
    "configure": b'{"jsonrpc":"2.0","id":1,"method":"configure"}',
    "no JSON": b"x",
    "brace": b"{",
    "blank": b" ",
}


def elements(parameters):
    """Short elements of batches, or short lines."""
    return stream(parameters, lambda _: ELEMENTS[parameters["element"]])


def envelope(parameters):
    """A long line of which some part of the envelope takes most."""
    long = texts.body(parameters["form"], parameters["item"], parameters["length"] - 200, parameters["period"])
    text = b'"' + b"x" * (parameters["length"] - 200) + b'"'
    whole = {
        "id": b'{"jsonrpc":"2.0","id":%s,"method":"ping"}' % text,
        "id of digits": b'{"jsonrpc":"2.0","id":%s,"method":"ping"}' % (b"9" * parameters["length"]),
        "method": b'{"jsonrpc":"2.0","id":1,"method":%s}' % text,
        "near method": b'{"jsonrpc":"2.0","id":1,"method":"verify_tokens%s' % text[1:] + b"}",
        "escaped method": b'{"jsonrpc":"2.0","id":1,"method":"%s"}' % (b"\\u0061" * (parameters["length"] // 6)),
        "extra member": b'{"jsonrpc":"2.0","id":1,"method":"ping","x":%s}' % long,
        "extra members": b'{"jsonrpc":"2.0","id":1,"method":"ping",%s' % (long[1:] if long[:1] == b"{" else b'"y":%s}' % long),
        "name of a member": b'{"jsonrpc":"2.0","id":1,"method":"ping",%s:1}' % text,
        "blanks": b" " * parameters["length"],
        "carriage returns": b"\r" * parameters["length"],
        "error at the end": b'{"jsonrpc":"2.0","id":1,"method":"sign","params":[%s' % long,
        "open brackets": b"[" * parameters["length"],
        "batch": long,
        "text": b"x" * parameters["length"],
        "invalid UTF-8": b"\xff" * parameters["length"],
    }[parameters["part"]]
    if parameters["newline"] == "no":
        return Session(whole, 1, b"", 0, {"--threads": parameters["threads"]}, parameters["delivery"])
    return stream(parameters, lambda _: whole)


def pair(others):
    """Return the shape of two starts of other shapes in turn, because memory may stay in use."""
    starts = {f"{shape.name} {number}": (shape, start) for shape in others for number, start in enumerate(shape.first())}

    def make(parameters):
        first, second = (shape.make(start) for shape, start in (starts[parameters["first"]], starts[parameters["second"]]))
        line, inflated = first.line + second.line, first.inflated + second.inflated
        most = min(MAX_INPUT // len(line), MAX_INFLATED // (inflated or 1))
        options = first.options | second.options | {"--threads": parameters["threads"]}
        lines = max(min(parameters["lines"], most), 1)
        return Session(line, lines, first.prologue + second.prologue, inflated, options, parameters["delivery"])

    names = Choice(tuple(starts))
    return Shape("two shapes in turn", make, {
        "first": names, "second": names, "lines": Size(1, 100), "threads": STREAM["threads"], "delivery": STREAM["delivery"]})  # fmt: skip


def shapes(limit, folder):
    """Return all shapes. `limit` is --max-payload; `folder` takes files of options."""
    single = single_shapes(limit, folder)
    return [*single, pair(single)]


def single_shapes(limit, folder):
    call = {"call": Choice(tuple(CALLS))}
    many = {"batch": 20_000}
    return [
        *(payload(method, limit) for method in PAYLOAD_METHODS),
        *(value(name, folder) for name in VALUES),
        Shape("many secrets", secrets, STREAM | call | {
            "secrets": Size(1, 100), "length": Size(1, 100_000), "as": Choice(("old_secrets", "secret")),
            "itsdangerous": Choice(("2.2", "1.1"))},
            tuple(many | {"call": one, "secrets": 100, "itsdangerous": "1.1", "as": how}
                  for one in ("unsign", "unsign in one namespace", "verify_token", "configure") for how in ("old_secrets", "secret"))
            + ({"secrets": 100, "length": 100_000, "call": "configure", "batch": 1000},)),
        Shape("many actions", actions, STREAM | call | {
            "actions": Size(1, 10_000), "length": Size(1, 240), "names": Choice(("similar", "long first", "random")),
            "abbreviated": Choice(("yes", "no")), "table": Choice(("object", "list")), "policy": Choice(("none", "known actions"))},
            tuple(many | {"call": one, "actions": 10_000, "length": 240} for one in ("configure", "info", "create_token"))),
        Shape("unknown actions", unknown_actions, STREAM | {
            "actions": Size(1, 10_000), "unknown": Size(1, 1_000_000), "length": Size(1, 240), "folder": Choice((folder,))},
            ({"actions": 10_000, "length": 240, "unknown": 1, "batch": 100}, {"actions": 10_000, "length": 5, "unknown": 100_000})),
        Shape("short elements", elements, STREAM | {"element": Choice(tuple(ELEMENTS))},
              tuple({"element": element, "batch": max(3000, 100_000 // len(text))} for element, text in ELEMENTS.items())
              + ({"element": "rpc.discover", "lines": 3000, "threads": "64"}, {"element": "digit", "lines": 20_000})),
        Shape("a long envelope", envelope, TEXT | STREAM | {
            "length": Size(300, 17 * MIB), "newline": Choice(("yes", "no")),
            "part": Choice(("id", "id of digits", "method", "near method", "escaped method", "extra member", "extra members",
                            "name of a member", "blanks", "carriage returns", "error at the end", "open brackets", "batch", "text", "invalid UTF-8"))},
            tuple({"part": part, "length": MAX_LINE - 100} for part in
                  ("id", "method", "near method", "escaped method", "extra member", "blanks", "error at the end", "open brackets", "batch", "text"))),
    ]  # fmt: skip
