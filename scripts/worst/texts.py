"""JSON texts, zlib streams and signed values of any size, made to be expensive."""

import base64
import hashlib
import hmac
import random
import zlib

SECRET = "worst-secret"

DEPTH = 500
"""Containers in a deep item: with those around it, below the limit of 512."""

ITEMS = {
    "empty key": b'{"":1}',
    "empty list": b"[]",
    "empty object": b"{}",
    "null": b"null",
    "digit": b"1",
    "minus zero": b"-0",
    "float": b"1.5",
    "exponent": b"1e22",
    "long float": b"0.12345678901234567891",
    "denormal": b"5e-324",
    "halfway float": b"9007199254740993.0000000000000000000001",
    "infinity": b"1e999",
    "NaN": b"NaN",
    "empty string": b'""',
    "letter": b'"a"',
    "word": b'"abcdefgh"',
    "control": b'"\\u0001"',
    "newline": b'"\\n"',
    "surrogates": b'"\\ud83d\\ude00"',
    "lone surrogate": b'"\\ud800"',
    "accent": '"é"'.encode(),
    "emoji": '"😀"'.encode(),
    "line separator": '"\u2028"'.encode(),
    "pair": b'[1,"a"]',
    "object": b'{"a":1,"b":2}',
    "escaped key": b'{"\\u0061":1}',
    "duplicate key": b'{"a":1,"a":2}',
    "integer of 19 digits": b"9" * 19,
    "integer of 20 digits": b"9" * 20,
    "integer of 4,300 digits": b"9" * 4300,
    "integer of 4,301 digits": b"9" * 4301,
    "deep list": b"[" * DEPTH + b"]" * DEPTH,
    "deep object": b'{"":' * DEPTH + b"1" + b"}" * DEPTH,
    "spaces": b" 1 ",
    "dot": b'"."',
    "number and dot": b'"1."',
    "padding": b'"="',
    "Bearer": b'"Bearer "',
    "quote": b'"\\""',
}

FORMS = ("list", "unique keys", "equal keys", "similar keys", "escaped keys", "long string", "nested",
         "few letters", "periodic", "lists of lists", "item", "digits", "fraction")


def body(form, item, length, period):
    """Return a JSON text of about `length` bytes."""
    text = ITEMS[item]
    if form == "list":
        return b"[" + b",".join([text] * max(length // (len(text) + 1), 1)) + b"]"
    if form in ("item", "digits", "fraction"):
        return {"item": text, "digits": b"9" * length, "fraction": b"0." + b"1" * length}[form]
    if form == "lists of lists":
        inner = b"[" + b",".join([text] * period) + b"]"
        return b"[" + b",".join([inner] * max(length // (len(inner) + 1), 1)) + b"]"
    if form == "nested":
        inner = b'{"a":' * 20 + text + b"}" * 20
        return b"[" + b",".join([inner] * max(length // (len(inner) + 1), 1)) + b"]"
    if form in ("long string", "few letters", "periodic"):
        return b'"' + letters(form, text, length, period) + b'"'
    return b"{" + b",".join(members(form, text, length, period)) + b"}"


def members(form, text, length, period):
    """Return members of an object whose keys are long, similar, escaped, or all different."""
    pad = b"a" * period
    key = {
        "equal keys": lambda n: b'"a":',
        "unique keys": lambda n: b'"%x":' % n,
        "similar keys": lambda n: b'"%s%07x%s":' % (pad, n, pad),
        "escaped keys": lambda n: b'"\\u0061%x":' % n,
    }[form]
    count = max(length // (len(key(length // 8)) + len(text) + 1), 1)
    return [key(n) + text for n in range(count)]


def letters(form, text, length, period):
    """Return the inside of a string: one piece again and again, or what a compressor finds hard."""
    if form == "long string":
        inside = text[1:-1] if text.startswith(b'"') and len(text) > 2 else b"a"
        return inside * max(length // len(inside), 1)
    rng = random.Random(period)
    if form == "few letters":
        alphabet = bytes(range(97, 97 + min(2 + period % 25, 26)))
        block = bytes(rng.choices(alphabet, k=min(length, 1 << 18)))
        return (block * (length // len(block) + 1))[:length]
    block = bytes(rng.choices(range(97, 123), k=period + 3))
    # A letter changes at each repetition, so that each match is cut short.
    pieces = [block + b"%x" % (n % 4099) for n in range(min(length // len(block) + 1, 1 << 16))]
    whole = b"".join(pieces)
    return (whole * (length // len(whole) + 1))[:length]


PACKINGS = ("plain", "level 9", "level 1", "stored", "empty stored blocks", "empty fixed blocks",
            "empty dynamic blocks", "truncated", "line breaks")


def pack(packing, payload, blocks):
    """Return a payload as itsdangerous carries it: base64, compressed or not."""
    if packing == "plain":
        return encode(payload)
    if packing == "line breaks":  # characters that base64 ignores
        return b"\n".join(encode(payload)[at : at + 4] for at in range(0, len(payload) * 4 // 3 + 4, 4))
    if packing in ("level 9", "level 1", "stored"):
        return b"." + encode(zlib.compress(payload, {"level 9": 9, "level 1": 1, "stored": 0}[packing]))
    if packing == "truncated":
        return b"." + encode(zlib.compress(payload, 9)[:-5])
    empty = {
        "empty stored blocks": b"\0\0\0\xff\xff" * 9,
        "empty fixed blocks": bits([(0, 1), (1, 2), (0, 7)] * 4) * 9,
        "empty dynamic blocks": bits(EMPTY_DYNAMIC_BLOCK * 4),
    }[packing]
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = compressor.compress(payload) + compressor.flush()
    end = zlib.adler32(payload).to_bytes(4, "big")
    return b"." + encode(b"\x78\x9c" + empty * max(blocks // 45, 1) + stream + end)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


# As short as a block with its own Huffman codes can be: the end of the block alone has a code.
EMPTY_DYNAMIC_BLOCK = [
    (0, 1), (2, 2),  # not the last; dynamic
    (0, 5), (0, 5), (14, 4),  # 257 literal codes, 1 distance code, 18 code lengths
    *((1 if at in (2, 17) else 0, 3) for at in range(18)),  # those of the symbols 18 and 1
    (1, 1), (127, 7), (1, 1), (107, 7),  # 138 and 118 zeros
    (0, 1), (0, 1),  # the end of the block, the distance
    (0, 1),
]  # fmt: skip


def bits(fields):
    """Return fields of (value, width), the lowest bit first; together they are whole bytes."""
    number = width = 0
    for value, size in fields:
        number |= value << width
        width += size
    return number.to_bytes(width // 8, "little")


def sign(namespace, value, secret=SECRET):
    """Return the value as itsdangerous signs it by default: HMAC-SHA1, a key by "django-concat"."""
    key = hashlib.sha1(namespace.encode() + b"signer" + secret.encode()).digest()
    return value + b"." + encode(hmac.digest(key, value, "sha1"))
