"""Seeded random calls that the contract calls valid, in random JSON spellings."""

import json
import math
import struct
from fractions import Fraction

from oracle.scenarios_tokens import ACTIONS

ABBREVIATIONS = "vi vd vdd vt vq es pd dm ir dr ur ct dt at sct ews sq uq dq cv dv".split()
NAMESPACES = ("default", "token", "actor", "messages", "dsatok", "csrftoken", "", "n s", "\u00fc\U0001f511")
RANGES = (
    (0x20, 0x7E), (0x61, 0x7A), (0x00, 0x1F), (0x7F, 0xA0), (0xC0, 0x24F), (0x300, 0x36F), (0x5D0, 0x5EA),
    (0x2000, 0x2030), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xD7F0, 0xD7FF), (0xE000, 0xE010),
    (0xFDD0, 0xFDEF), (0xFEFF, 0xFEFF), (0xFFF0, 0xFFFF), (0x10000, 0x10010), (0x1F300, 0x1F6FF),
    (0x10FFF0, 0x10FFFF),
)
SHORT_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\", "/": "\\/"}
WORDS = "root alice docs fixtures attachments facetable 1 2 id name roles group view-table table_1".split()
# How often each method is called.
MINTING = {"create_token": 5, "sign": 3, "create_actor_cookie": 2}
ORDER = {
    "create_token": "actor_id expires_after restrict_all restrict_database restrict_resource restrictions now".split(),
    "sign": ["value", "namespace"],
    "create_actor_cookie": ["actor", "expire_after", "now"],
}


class Calls:
    """A source of random calls; `rng` is a random.Random and decides everything.

    `methods` are some of MINTING.
    """

    def __init__(self, rng, methods=tuple(MINTING)):
        self.rng = rng
        self.methods = methods

    def segment(self):
        """Return a configuration for the driver: secret, now, and at times actions and settings."""
        rng = self.rng
        config = {"secret": self.secret(), "now": self.clock()}
        kind = rng.randrange(4)
        if kind == 0:
            config["actions"] = "none"
        elif kind == 1:
            names = rng.sample(ACTIONS, 5) + [self.string(8) for _ in range(3)]
            config["actions"] = {name: rng.choice([None, "", self.string(4), name[:2]]) for name in names}
        if rng.random() < 0.4:
            config["settings"] = {"max_signed_tokens_ttl": rng.randrange(100000)}
        if rng.random() < 0.1:
            config.setdefault("settings", {})["allow_signed_tokens"] = False
        return config

    def call(self, config):
        """Return one request: {"method", "params": JSON text}."""
        method = self.rng.choices(self.methods, [MINTING[method] for method in self.methods])[0]
        return {"method": method, "params": getattr(self, f"_{method}")(config)}

    def call_back(self, config, call, signed):
        """Return a request that reads what `call` made, at times broken; None if that is a token."""
        rng = self.rng
        method = call["method"]
        if method == "create_token":
            return None
        given = json.loads(call["params"])
        if isinstance(given, list):
            given = dict(zip(ORDER[method], given))
        if rng.random() < 0.1:
            at = rng.randrange(len(signed))
            signed = signed[:at] + rng.choice("Aa0-_.") + signed[at + 1 :]
        if method == "sign":
            members = {"signed": signed, "namespace": given.get("namespace")}
            return {"method": "unsign", "params": json.dumps(members)}
        now = config["now"] if given.get("now") is None else given["now"]
        members = {"cookie": signed, "now": self._around(int(now) + (given.get("expire_after") or 0))}
        return {"method": "verify_actor_cookie", "params": json.dumps(members)}

    def _around(self, moment):
        """Return a clock on or next to an int, or any if that is no double."""
        rng = self.rng
        try:
            moment = float(moment)
        except OverflowError:
            return self.clock()
        near = (moment, moment + 1, math.nextafter(moment, math.inf), math.nextafter(moment, -math.inf))
        found = rng.choice((*near, self.clock()))
        return found if math.isfinite(found) else self.clock()

    def secret(self):
        """Return a secret that an environment variable can hold (str, no NUL)."""
        length = self.rng.choice((1, 10, 32, 63, 64, 65, 130, 400))
        return self.string(length, least=length).replace("\0", "0")

    def clock(self):
        """Return Unix seconds as a finite float or an int."""
        rng = self.rng
        kind = rng.randrange(6)
        if kind < 2:
            return rng.uniform(1.6e9, 2e9)
        if kind == 2:
            return rng.randrange(-(10**10), 10**10)
        if kind == 3:
            return rng.uniform(-2, 2)
        if kind == 4:
            return rng.choice((-1, 1)) * 10 ** rng.uniform(9, 300)
        return self._double(1e300)

    # The three methods.

    def _create_token(self, config):
        rng = self.rng
        actor = self.spell_string(self.string(20)) if rng.random() < 0.6 else self.tree()
        members = [("actor_id", actor)]
        if rng.random() < 0.4:
            members.append(("expires_after", self._maybe_null(self._duration())))
        names = list(config["actions"]) if isinstance(config.get("actions"), dict) else []
        shape = self._shape(names + ACTIONS + ABBREVIATIONS)
        if rng.random() < 0.5:
            members += [(f"restrict_{name}", text) for name, text in shape]
        elif shape:
            members.append(("restrictions", self.spell_object(shape)))
        if rng.random() < 0.2:
            members.append(("now", self._now()))
        return self._params(members, ORDER["create_token"])

    def _sign(self, _):
        members = [("value", self.tree())]
        if self.rng.random() < 0.7:
            namespace = self.rng.choice(NAMESPACES) if self.rng.random() < 0.8 else self.string(70)
            members.append(("namespace", self._maybe_null(self.spell_string(namespace))))
        return self._params(members, ORDER["sign"])

    def _create_actor_cookie(self, _):
        rng = self.rng
        members = [("actor", self.spell_object([("id", self.spell_string(self.string(12)))]))]
        if rng.random() < 0.3:
            members = [("actor", self.tree())]
        if rng.random() < 0.7:
            members.append(("expire_after", self._maybe_null(self._duration(300))))
        if rng.random() < 0.3:
            members.append(("now", self._now()))
        return self._params(members, ORDER["create_actor_cookie"])

    def _params(self, members, order):
        """Spell parameters by name, in any order, or by position with nulls in the gaps."""
        rng = self.rng
        if rng.random() < 0.3:
            given = dict(members)
            last = max(order.index(name) for name in given)
            return self.spell_list([given.get(name, "null") for name in order[: last + 1]])
        rng.shuffle(members)
        return self.spell_object(members)

    def _maybe_null(self, text):
        return "null" if self.rng.random() < 0.05 else text

    def _now(self):
        now = self.clock()
        return str(now) if isinstance(now, int) else self._float_text(now)

    def _duration(self, digits=600):
        rng = self.rng
        kind = rng.randrange(6)
        if kind < 3:
            return str(rng.randrange(1, 10**8))
        if kind == 3:
            return rng.choice(("0", "-0", "1", "-1", str(2**53), str(2**63), str(-(2**63) - 1), str(2**64)))
        return str(rng.choice((-1, 1)) * rng.randrange(10 ** rng.randrange(1, 40 if kind == 4 else digits)))

    # Restrictions.

    def _shape(self, names):
        """Return [(all|database|resource, JSON text)], any of them, empty at times."""
        rng = self.rng
        if rng.random() < 0.4:
            return []
        large = 12 if rng.random() < 0.1 else 3

        def actions():
            count = rng.choice((0, 1, 1, 2, 3, 8))
            return self.spell_list([
                self.spell_string(rng.choice(names) if rng.random() < 0.8 else self.string(12))
                for _ in range(count)
            ])

        def keyed(value):
            return self.spell_object([(key, value()) for key in self._keys(rng.randrange(large + 1))])

        made = []
        if rng.random() < 0.6:
            made.append(("all", self._maybe_null(actions())))
        if rng.random() < 0.5:
            made.append(("database", self._maybe_null(keyed(actions))))
        if rng.random() < 0.5:
            made.append(("resource", self._maybe_null(keyed(lambda: keyed(actions)))))
        rng.shuffle(made)
        return made

    def _keys(self, count):
        keys = []
        for _ in range(count):
            key = self.rng.choice(WORDS) if self.rng.random() < 0.5 else self.string(10)
            if key not in keys:  # a duplicate key is an error in a request
                keys.append(key)
        return keys

    # JSON texts.

    def tree(self):
        """Return the text of a random JSON value: mostly small, at times large or deep."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.01:
            return self.spell_string(self.string(40000, least=5000))
        if kind < 0.02:
            return self.spell_list([self.number() for _ in range(rng.randrange(3000))])
        if kind < 0.03:
            depth = rng.randrange(1, 500)
            return "[" * depth + self.number() + "]" * depth
        if kind < 0.04:
            word = self.string(30, least=1)
            return self.spell_string(word * rng.randrange(1, 2000))
        return self._value(rng.choice((0, 1, 2, 3)))

    def _value(self, depth):
        rng = self.rng
        if depth and rng.random() < 0.7:
            members = [self._value(depth - 1) for _ in range(rng.choice((0, 1, 2, 3, 6)))]
            if rng.random() < 0.5:
                return self.spell_list(members)
            keys = self._keys(len(members))
            return self.spell_object(list(zip(keys, members)))
        kind = rng.randrange(8)
        if kind < 3:
            return self.spell_string(self.string(30))
        return self.number() if kind < 7 else rng.choice(("null", "true", "false"))

    def string(self, most, least=0):
        """Return a random str of `least` to `most` characters from a few ranges."""
        rng = self.rng
        if least <= 12 < most and rng.random() < 0.3:
            return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 6)))
        ranges = [RANGES[0], *rng.sample(RANGES, 2)] if rng.random() < 0.5 else [RANGES[rng.randrange(2)]]
        if rng.random() < 0.3:  # repetitive: compresses
            ranges = [(low, min(low + 3, high)) for low, high in ranges]
        return "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(least, most)))

    def spell_string(self, value):
        """Return JSON for `value`: raw, short escapes or \\u escapes as chance has it."""
        rng = self.rng
        often = rng.choice((0, 0, 0, 0.1, 1))
        out = []
        for char in value:
            if char in SHORT_ESCAPES and (char in '"\\' or rng.random() < 0.5):
                out.append(SHORT_ESCAPES[char])
            elif char < " " or rng.random() < often:
                out.append(self._escape(char))
            else:
                out.append(char)
        return '"' + "".join(out) + '"'

    def _escape(self, char):
        units = char.encode("utf-16-be")
        style = self.rng.choice(("\\u%02x%02x", "\\u%02X%02X"))
        return "".join(style % tuple(units[n : n + 2]) for n in range(0, len(units), 2))

    def spell_list(self, texts):
        """Return a JSON array of texts, with random whitespace."""
        space = self._space
        return f"{space()}[{space()}" + f"{space()},{space()}".join(texts) + f"{space()}]{space()}"

    def spell_object(self, members):
        """Return a JSON object of (name, text) pairs, with random whitespace."""
        space = self._space
        return (
            f"{space()}{{{space()}"
            + f"{space()},{space()}".join(
                f"{self.spell_string(name)}{space()}:{space()}{text}" for name, text in members
            )
            + f"{space()}}}{space()}"
        )

    def _space(self):
        rng = self.rng
        return "" if rng.random() < 0.8 else "".join(rng.choice(" \t\r") for _ in range(rng.randrange(3)))

    def number(self):
        """Return the text of a finite number in any spelling."""
        rng = self.rng
        kind = rng.randrange(7)
        if kind == 0:
            return str(rng.randrange(-1000, 1000))
        if kind == 1:
            return str(rng.choice((-1, 1)) * rng.randrange(10 ** rng.choice((5, 16, 20, 40, 300))))
        if kind == 2:
            return self._decimal()
        if kind == 3:
            return self._halfway()
        if kind == 4:
            return self._float_text(math.ldexp(rng.choice((-1, 1)), rng.randrange(-1074, 1024)))
        if kind == 5:
            return self._float_text(rng.randrange(10**6) / 10 ** rng.randrange(8))
        return self._float_text(self._double())

    def _double(self, limit=math.inf):
        while True:
            (value,) = struct.unpack("<d", self.rng.randbytes(8))
            if abs(value) < limit:  # false for NaN
                return value

    def _float_text(self, value):
        """Spell a float: repr, or more digits than it needs, in either form."""
        rng = self.rng
        text = rng.choice((repr, lambda v: f"{v:.{rng.randrange(17, 40)}e}", lambda v: f"{v:.16E}"))(float(value))
        return text if math.isfinite(float(text)) else repr(float(value))

    def _decimal(self):
        """Spell digits and an exponent at random; stays finite."""
        rng = self.rng
        while True:
            digits = "".join(rng.choice("0123456789") for _ in range(rng.choice((1, 2, 5, 17, 25, 60))))
            text = rng.choice(("", "-")) + str(rng.randrange(100)) + "." + digits
            text += rng.choice(("", f"e{rng.randrange(-340, 310)}", f"E+0{rng.randrange(30)}", f"e-00{rng.randrange(30)}"))
            if math.isfinite(float(text)):
                return text

    def _halfway(self):
        """Spell the exact middle between two neighbouring doubles, at times a digit off."""
        rng = self.rng
        low = abs(self._double(1e300))
        middle = (Fraction(low) + Fraction(math.nextafter(low, math.inf))) / 2
        # A dyadic fraction has as many decimal places as its denominator has bits.
        places = middle.denominator.bit_length() - 1
        digits = str(middle.numerator * 5**places).rjust(places + 1, "0")
        whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :] or "0"
        return f"{rng.choice(('', '-'))}{whole}.{fraction}{rng.choice(('', '0', '0000001'))}"
