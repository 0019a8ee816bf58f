"""Builds signed texts from recipes with real itsdangerous; runs inside an environment's Python.

stdin: a JSON list of recipes; stdout: a JSON list of the texts. A recipe is an
object; what it does is done in this order:

    payload      str, the text that is signed, in UTF-8 (lone surrogates as the
                 three bytes that UTF-8 forbids)
    compress     a name of COMPRESSORS: compress it, and put a dot before the base64
    bytes        edits of the bytes before the base64: ["append", hex],
                 ["cut", n] from the end, ["flip", at], ["replace", hex]
    dot          true: put a dot before the base64, compressed or not
    body         edits of the base64 before it is signed
    secret, namespace, digest ("sha1" or "sha512")
    signature    edits of the signature
    text         edits of the whole: body, dot, signature
    prefix       str, put in front of it all

Edits of texts; `at` counts from the end if it is negative and is the end if null:
["insert", at, text], ["remove", at, count], ["flip", at] (a letter that decodes
otherwise), ["spare"] (the bits of the last letter that no byte uses), and
["respell"] (+ and / for - and _). An edit that changes nothing is an error.
"""

import hashlib
import json
import sys
import zlib

from itsdangerous import Signer
from itsdangerous.encoding import base64_encode
from zlib_ng import zlib_ng

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DIGESTS = {"sha1": hashlib.sha1, "sha512": hashlib.sha512}


def make(recipe):
    """Return the text (str) of one recipe."""
    raw = recipe["payload"].encode("utf-8", "surrogatepass")
    compress = recipe.get("compress")
    if compress:
        raw = COMPRESSORS[compress](raw)
    for edit in recipe.get("bytes", ()):
        raw = edit_bytes(raw, *edit)
    body = edited(base64_encode(raw).decode(), recipe.get("body", ()))
    if compress or recipe.get("dot"):
        body = "." + body
    digest = DIGESTS[recipe.get("digest", "sha1")]
    signer = Signer(recipe["secret"], salt=recipe["namespace"], digest_method=digest)
    signature = signer.get_signature(body.encode()).decode()
    if signer.sign(body.encode()).decode() != f"{body}.{signature}":
        raise ValueError("itsdangerous joins otherwise")
    whole = f"{body}.{edited(signature, recipe.get('signature', ()))}"
    return recipe.get("prefix", "") + edited(whole, recipe.get("text", ()))


def edit_bytes(raw, how, what):
    """Return `raw` (bytes) after one edit."""
    if how == "append":
        return raw + bytes.fromhex(what)
    if how == "cut":
        return raw[: len(raw) - what]
    if how == "flip":
        changed = bytearray(raw)
        changed[what] ^= 0x40
        return bytes(changed)
    if how == "replace":
        return bytes.fromhex(what)
    raise ValueError(f"no edit {how!r}")


def edited(text, edits):
    """Return `text` after all edits; raises ValueError for one that changes nothing."""
    for how, *arguments in edits:
        changed = EDITS[how](text, *arguments)
        if changed == text:
            raise ValueError(f"{how} {arguments} changes nothing in {text!r}")
        text = changed
    return text


def insert(text, at, what):
    """Put `what` before the character at `at`."""
    at = len(text) if at is None else at
    return text[:at] + what + text[at:]


def remove(text, at, count):
    """Take `count` characters out."""
    return text[:at] + (text[at:] if at is not None else "")[count:]


def flip(text, at):
    """Replace one letter of the alphabet by another; the highest of its six bits changes."""
    other = ALPHABET[ALPHABET.index(text[at]) ^ 32]
    return text[:at] + other + text[at:][1:]


def spare(text):
    """Set the bits of the last letter that are beyond the last byte."""
    unused = {2: 15, 3: 3}[len(text) % 4]
    return text[:-1] + ALPHABET[ALPHABET.index(text[-1]) | unused]


def respell(text):
    """Write the two last letters of the alphabet as in ordinary base64."""
    return text.replace("-", "+").replace("_", "/")


def stream(data, flush=None, **options):
    """Return `data` compressed with zlib.compressobj's options, in two pieces if `flush` is given."""
    compressor = zlib.compressobj(**options)
    middle = len(data) // 2
    parts = [compressor.compress(data[:middle])]
    parts += [compressor.flush(flush)] if flush else []
    return b"".join([*parts, compressor.compress(data[middle:]), compressor.flush()])


COMPRESSORS = {
    "zlib": zlib.compress,
    "zlib-ng": zlib_ng.compress,
    "level 0": lambda data: zlib.compress(data, 0),
    "level 1": lambda data: zlib.compress(data, 1),
    "level 9": lambda data: zlib.compress(data, 9),
    "small window": lambda data: stream(data, wbits=9),
    "sync flush": lambda data: stream(data, flush=zlib.Z_SYNC_FLUSH),
    "full flush": lambda data: stream(data, flush=zlib.Z_FULL_FLUSH),
    "dictionary": lambda data: stream(data, zdict=b"table view "),
    "raw deflate": lambda data: stream(data, wbits=-15),
    "gzip": lambda data: stream(data, wbits=31),
    "twice": lambda data: zlib.compress(zlib.compress(data)),
    "two streams": lambda data: zlib.compress(data) + zlib.compress(data),
}
EDITS = {"insert": insert, "remove": remove, "flip": flip, "spare": spare, "respell": respell}

if __name__ == "__main__":
    json.dump([make(recipe) for recipe in json.load(sys.stdin)], sys.stdout)
