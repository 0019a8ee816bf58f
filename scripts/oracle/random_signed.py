"""Random signed strings, from valid to broken in one particular way."""

import base64
import hashlib
import json
import math
import zlib

import itsdangerous
from datasette import actor_auth_cookie

from oracle.random_calls import WORDS, Calls

BASE62 = actor_auth_cookie.baseconv.base62.digits
URLSAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
JUNK = "!@#$%^&*(){}[] \t\n\r~'\"\\,;:<>?|`\u00e9\u212a\U0001f511\x7f\x00"

# Names that differ in case only, in ASCII and outside of it.
CASES = (
    "docs Docs DOCS docS k K \u212a i I \u0130 \u0131 s S \u017f \u00df \u00e9 \u00c9 T[\\]^_`{|}~ t[\\]^_`{|}~ @Z[ @z[ `z{"
).split() + ["", "a b", "A B", "view-table"]

INTEGERS = (
    0, 1, -1, 2**31, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63, 2**64 + 1, 10**21, 10**22, 10**23,
    2**1023, 2**1024 - 2**970, 2**1024 - 2**970 - 1, 2**1024, -(2**1024), 10**308, 10**309, 10**400,
)  # fmt: skip


class Signed(Calls):
    """A source of signed strings; `secrets` are those of the segment, newest first."""

    secrets = ["s"]
    clock_now = 1700000000

    # Faster than what they replace: verifying needs many requests more than many spellings.

    def tree(self):
        """Do as Calls.tree, with fewer large values."""
        return super().tree() if self.rng.random() < 0.1 else self._value(self.rng.choice((0, 1, 2, 3)))

    def spell_string(self, value):
        """Do as Calls.spell_string, mostly in the two ways that json.dumps spells."""
        kind = self.rng.random()
        if kind < 0.05 and len(value) < 2000:
            return super().spell_string(value)
        return json.dumps(value, ensure_ascii=kind < 0.3)

    # Signing.

    def signed(self, payload, namespace):
        """Return `payload` (JSON text or bytes) signed, rightly most of the time (str)."""
        rng = self.rng
        if isinstance(payload, str):
            payload = payload.encode("utf-8", "surrogatepass")
        text = self.packed(payload)
        kind = rng.random()
        secret = rng.choice(self.secrets) if kind < 0.94 else self.secrets[0] + "x"
        if rng.random() < 0.04:
            namespace = rng.choice(("default", "token", "actor", "", namespace + "x"))
        digest = rng.choices((hashlib.sha1, hashlib.sha512, hashlib.sha256), (86, 12, 2))[0]
        signer = itsdangerous.Signer(secret, namespace, digest_method=digest)
        signature = signer.get_signature(text.encode()).decode()
        if rng.random() < 0.12:
            signature = self.respelled(signature)
        return f"{text}.{signature}"

    def packed(self, payload):
        """Return base64 text of bytes, compressed or not, at times broken."""
        rng = self.rng
        small = len(payload) < 20000
        kind = rng.random() if small else 1
        dot, data = "", payload
        if kind < 0.3:
            dot, data = ".", zlib.compress(payload, rng.choice((0, 1, 6, 9)))
        if dot and rng.random() < 0.25:
            data = self._broken_zlib(payload, data)
        elif kind > 0.99:
            dot = "."  # says that it is compressed, but is not
        text = base64.urlsafe_b64encode(data).decode().rstrip("=")
        if rng.random() < 0.1:
            text = self.respelled(text)
        return dot + text

    def _broken_zlib(self, payload, data):
        rng = self.rng
        kind = rng.randrange(9)
        if kind == 0:
            return data + rng.randbytes(rng.randrange(1, 9))  # Python ignores it
        if kind == 1:
            return data[: rng.randrange(len(data))]
        if kind == 2:
            return data[: -rng.randrange(1, 5)]
        if kind == 3:
            at = rng.randrange(len(data))
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        if kind == 4:
            return data + data
        if kind == 5:
            maker = zlib.compressobj(wbits=rng.choice((-15, 31, 9, 12)))
            return maker.compress(payload) + maker.flush()
        if kind == 6:
            maker = zlib.compressobj(zdict=b'{"a":"root","t":17')
            return maker.compress(payload) + maker.flush()
        if kind == 7:
            maker = zlib.compressobj()
            return maker.compress(payload) + maker.flush(zlib.Z_SYNC_FLUSH)
        maker = zlib.compressobj(strategy=rng.choice((zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE)))
        half = len(payload) // 2
        return maker.compress(payload[:half]) + maker.flush(zlib.Z_FULL_FLUSH) + maker.compress(payload[half:]) + maker.flush()

    def respelled(self, text):
        """Return base64 spelled otherwise: what it decodes to may or may not change."""
        rng = self.rng
        kind = rng.randrange(9)
        at = rng.randrange(len(text) + 1)
        if kind == 0:
            return text[:at] + "".join(rng.choice(JUNK) for _ in range(rng.choice((1, 2, 3, 4, 4, 4, 8)))) + text[at:]
        if kind == 1:
            return text.replace("-", "+").replace("_", "/")
        if kind == 2:
            return text + "=" * rng.randrange(1, 6)
        if kind == 3:
            return text[:at] + "=" * rng.randrange(1, 5) + text[at:]
        if kind == 4 and text:  # spare low bits of the last character
            return text[:-1] + URLSAFE[(URLSAFE.index(text[-1]) ^ rng.randrange(64)) % 64]
        if kind == 5:
            return text + rng.choice(("\n", "\r\n", " ", "AAAA", "A", "AA", "=A", "==AAAA", "=\n="))
        if kind == 6:
            return "\n".join(text[n : n + 20] for n in range(0, len(text), 20))
        if kind == 7:
            return text[:at] + text[at + 1 :]
        return text[:at] + rng.choice(URLSAFE) + text[at + 1 :]

    def mangled(self, token, other):
        """Return a token damaged after it was signed; `other` lends a part."""
        rng = self.rng
        kind = rng.randrange(10)
        at = rng.randrange(len(token) + 1)
        if kind == 0 and at < len(token):
            flipped = chr(ord(token[at]) ^ 1 << rng.randrange(7))
            return token[:at] + flipped + token[at + 1 :]
        if kind == 1:
            return token[:at]
        if kind == 2:
            return token[:at] + other[rng.randrange(len(other) + 1) :]
        if kind == 3:
            return token.rpartition(".")[0] + "." + other.rpartition(".")[2]
        if kind == 4:
            return token[:at] + "." + token[at:]
        if kind == 5:
            return token + rng.choice((".", "..", "=", "====", " ", "\n", "!!!!", "A"))
        if kind == 6:
            return token.rpartition(".")[0] + rng.choice(("", ".", "..", ".\u00e9"))
        if kind == 7:
            return token.swapcase()
        if kind == 8:
            return rng.choice(("", ".", "..", "a", "a.b", "\u00e9.\u00e9", self.string(30)))
        return token[:at] + rng.choice(JUNK) + token[at:]

    # Payloads.

    def token_payload(self):
        """Return (payload of a token, as text or bytes; when it ends, in Unix seconds or None)."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.04:
            return self._no_object(), None
        created = int(self.clock_now) - rng.choice((0, 0, 1, 10, 3600, 10**6, -100, -3600))
        duration = rng.choice((None, None, 1, 10, 60, 3600, 86400, rng.randrange(1, 10**7)))
        members = [("a", self.spell_string(self.string(12)))]
        if rng.random() < 0.12:
            members = self._odd_actor()
        t = str(created)
        if rng.random() < 0.12:
            t = self._odd_number()
        if rng.random() > 0.03:
            members.append(("t", t))
        d = None if duration is None else str(duration)
        if rng.random() < 0.15:
            d = self._odd_number()
        if d is not None:
            members.append(("d", d))
        if rng.random() < 0.35:
            members.append(("_r", self.restrictions()))
        if rng.random() < 0.1:
            members.append((rng.choice(("token", "x", "e", "id", self.string(5))), self._odd_value()))
        if rng.random() < 0.04 and members:  # a duplicate: the last counts, in the first's place
            name, text = rng.choice(members)
            members.append((name, rng.choice((text, "1", '"other"', "null", "[" * 20 + "]" * 20))))
        if rng.random() < 0.1:
            rng.shuffle(members)
        text = self._object_text(members)
        if rng.random() < 0.06:
            text = self._broken_text(text)
        ends = created + (duration or 0)
        if rng.random() < 0.3:
            ends = created + rng.choice((0, 1, 60, 3600, 100000))
        return text, ends

    def cookie_payload(self):
        """Return (payload of an actor cookie, as text or bytes; when it ends, or None)."""
        rng = self.rng
        if rng.random() < 0.05:
            return self._no_object(), None
        ends = int(self.clock_now) + rng.choice((0, 1, 60, 3600, -1, -60))
        members = [("a", self.spell_object([("id", self.spell_string(self.string(12)))]))]
        if rng.random() < 0.1:
            members = self._odd_actor()
        kind = rng.random()
        if kind < 0.4:
            members.append(("e", json.dumps(base62(abs(ends)))))
        elif kind < 0.8:
            members.append(("e", self._odd_expiry()))
        if rng.random() < 0.1:
            members.append((rng.choice(("e", "a", "x")), self._odd_value()))
        text = self._object_text(members)
        if rng.random() < 0.05:
            text = self._broken_text(text)
        return text, ends

    def _odd_expiry(self):
        rng = self.rng
        kind = rng.randrange(9)
        if kind < 3:
            digits = "".join(rng.choice(BASE62) for _ in range(rng.choice((1, 3, 5, 6, 6, 7, 9, 11, 30, 170, 171, 172, 173, 180, 300))))
            return json.dumps(rng.choice(("", "", "-")) + digits)
        if kind == 3:
            return json.dumps(base62(abs(rng.choice(INTEGERS)) + rng.randrange(3)))
        if kind == 4:
            return json.dumps(rng.choice(("", "-", "--1", "-1", "A", "AAAA", " B", "B ", "B.", "\u00e9", "e\u0301", "B\u0000", "None", "True", "nan")))
        if kind == 5:
            return rng.choice(("true", "false", "null", "[]", "{}", "[1]", '{"a":1}', "NaN", "Infinity", "-Infinity", '"\\ud800"'))
        if kind == 6:
            return self._odd_number()
        return self._odd_value()

    def _odd_actor(self):
        rng = self.rng
        kind = rng.randrange(5)
        if kind == 0:
            return []
        if kind == 1:
            return [("a", rng.choice(("NaN", "Infinity", "-Infinity", "1e400", "[1e999]", '{"x":NaN}')))]
        if kind == 2:
            return [("a", rng.choice(("null", "{}", "[]", '""', "0", "false", "-0", "-0.0", "1e3", '"\\ud83d"', '"\\ud83d\\ude00"')))]
        return [("a", self.tree())]

    def _odd_number(self):
        rng = self.rng
        kind = rng.randrange(8)
        if kind < 3:
            return str(rng.choice((-1, 1)) * rng.choice(INTEGERS))
        if kind == 3:
            return rng.choice(("true", "false", "null", '"1"', '"x"', "[]", "{}", "[1]", "-0", "-0.0", "1.0", "1e3", "1.5", "NaN", "Infinity", "1e400"))
        if kind == 4:  # between two doubles
            return str(2**53 * rng.randrange(2**9, 2**12) + rng.randrange(-9, 9) * 2 ** rng.randrange(13))
        if kind == 5:
            digits = rng.choice((4299, 4300, 4301, 5000))
            return rng.choice(("", "-")) + "9" * digits
        if kind == 6:
            return str(rng.randrange(-(10**12), 10**12))
        return self.number()

    def _odd_value(self):
        rng = self.rng
        kind = rng.randrange(6)
        if kind == 0:
            return rng.choice(("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "[NaN]"))
        if kind == 1:
            return self._deep()
        if kind == 2:
            return rng.choice(('"\\ud83d"', '"\\udc00\\ud83d"', '"\\ud83d\\ude00"', '{"\\udc00":1}', '{"a":1,"a":2}', '{"b":1,"a":[],"b":{}}'))
        if kind == 3:
            return self._odd_number()
        return self.tree()

    def _deep(self):
        """Return containers nested around the limit of 512."""
        rng = self.rng
        depth = rng.choice((505, 509, 510, 511, 512, 513, 514, 600, 900, 1100, 2500))
        if rng.random() < 0.5:
            return "[" * depth + "]" * depth
        return '{"[":' * depth + "1" + "}" * depth

    def _no_object(self):
        rng = self.rng
        kind = rng.randrange(5)
        if kind == 0:
            return self.tree()
        if kind == 1:
            return rng.choice(('["t"]', '["t","a"]', '["x"]', "[]", '"t"', '"a"', '"stay"', '""', "5", "null", "true", "1.5", "NaN", '[["t"]]', '["\\u0074"]', '[1,"t"]', "{}", '"\\u0074"'))
        if kind == 2:
            return rng.choice((b"", b" ", b"\xff", b"{", b"\xef\xbb\xbf{}", b"'a'", b"nul", b"01", b"+1", b"1.", b".5", b"-", b"\x00", b"\xed\xa0\x80", b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf5\x80\x80\x80"'))
        if kind == 3:
            return self._deep()
        return self._odd_value()

    def _broken_text(self, text):
        """Return JSON text or bytes damaged before it is signed."""
        rng = self.rng
        kind = rng.randrange(8)
        data = text.encode("utf-8", "surrogatepass")
        at = rng.randrange(len(data) + 1)
        if kind == 0:
            return data[:at]
        if kind == 1:
            return b"\xef\xbb\xbf" + data
        if kind == 2:
            return data[:at] + rng.choice((b"\xff", b"\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe2\x28\xa1", b"\xf0\x9f")) + data[at:]
        if kind == 3:
            return data + rng.choice((b" ", b"\n", b"x", b"{}", b"\x00", b",", b"\x0c", b"\xc2\xa0", b"\xe2\x80\xa8"))
        if kind == 4:
            return rng.choice((b" ", b"\t\r\n", b"\x0c", b"\xc2\xa0", b"\x00")) + data
        if kind == 5:
            return data[:at] + bytes([rng.randrange(32)]) + data[at:]
        if kind == 6:
            return data.replace(b'"', b"'", 1)
        return data[:at] + rng.choice((b"\\", b'"', b",", b"}", b"]", b"\\u12", b"\\x", b"\\ud800", b"0", b"-", b"//", b"e5")) + data[at:]

    def _object_text(self, members):
        if self.rng.random() < 0.7:
            return "{" + ",".join(f'"{name}":{text}' if name.isalnum() or name == "_r" else f"{self.spell_string(name)}:{text}" for name, text in members) + "}"
        return self.spell_object(members)

    # Restrictions, `_r`.

    def restrictions(self, odd=0.12):
        """Return the text of an `_r`, of another shape with the probability `odd`."""
        rng = self.rng
        if rng.random() < odd:
            return rng.choice((
                "null", "[]", "{}", "1", '"a"', "true", '{"a":null}', '{"a":"vi"}', '{"a":["vi",1]}', '{"a":{}}',
                '{"d":null}', '{"d":[]}', '{"d":{"docs":null}}', '{"d":{"docs":"vt"}}', '{"d":{"docs":["vt",null]}}',
                '{"r":null}', '{"r":{"docs":[]}}', '{"r":{"docs":null}}', '{"r":{"docs":{"t":null}}}',
                '{"r":{"docs":{"t":["vt",[]]}}}', '{"r":{"docs":{}}}', '{"a":[],"d":{},"r":{}}', '{"t":{"x":1}}',
                '{"x":1,"a":["vi"]}', '{"r":{"docs":{"docs":null,"k":["vt"]},"DOCS":{"DOCS":null}}}', '{"a":null,"d":{"docs":null}}',
                '{"A":["vi"]}', '{"a":["vi"],"a":["vt"]}', '{"a":[],"":0}',
                '{"a":["vi"],"x":NaN}', '{"a":["\\ud800"]}', '{"d":{"\\udc00":["vt"]}}',
            ))  # fmt: skip
        names = self.action_names

        def actions():
            return json.dumps([
                rng.choice(names) if rng.random() < 0.9 else self.string(6)
                for _ in range(rng.choice((0, 1, 1, 2, 3, 8)))
            ])

        def keyed(value):
            keys = {self.resource_name(): None for _ in range(rng.choice((0, 1, 1, 2, 4)))}
            return "{" + ",".join(f"{json.dumps(key)}:{value()}" for key in keys) + "}"

        made = {}
        if rng.random() < 0.5:
            made["a"] = actions()
        if rng.random() < 0.5:
            made["d"] = keyed(actions)
        if rng.random() < 0.6:
            made["r"] = keyed(lambda: keyed(actions))
        members = list(made.items())
        rng.shuffle(members)
        return "{" + ",".join(f'"{name}":{text}' for name, text in members) + "}"

    def resource_name(self):
        """Return the name of a database or table; names meet, also in another case."""
        return self.rng.choice(CASES) if self.rng.random() < 0.7 else self.rng.choice(WORDS)


def base62(number):
    """Return a natural number as an actor cookie has it, without a detour over floats."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


def around(moment, rng):
    """Return JSON text of a clock on or next to `moment` (int, Unix seconds)."""
    kind = rng.randrange(8)
    if kind < 4:
        return str(moment + rng.choice((0, 1, -1)))
    if kind == 4:
        return repr(float(moment) + rng.choice((0.5, -0.5, 1.5, 1e-6)))
    if kind == 5:
        return repr(math.nextafter(float(moment), rng.choice((-math.inf, math.inf))))
    return rng.choice(("0", "-1", "1e308", "-1e308", "1e9", "2e10", "-0.0", str(moment) + ".0", "9" * 300))
