"""The picture docs/explanation/token.svg: the parts of a real token, byte by byte."""

import base64
import hashlib
import hmac
import subprocess
from html import escape

from oracle import environments
from pages import PageFailure

SECRET, ACTOR, NOW = "not-a-secret", "root", 1700000000
PREFIX = "dstok_"
PREFIX_COLOUR, PAYLOAD_COLOUR, SIGNATURE_COLOUR = "#57606a", "#0550ae", "#953800"
WIDTH, HEIGHT, MARGIN = 760, 356, 20
GROUPS_A_ROW, GROUP_WIDTH, LETTER = 9, 80, 9.6


def picture(dstok):
    """Return the picture as SVG. Raises PageFailure if the token isn't what this module says of it."""
    token = create_token(dstok)
    body, _, signature = token.removeprefix(PREFIX).rpartition(".")
    payload, mac = decode(body), decode(signature)
    key = hashlib.sha1(f"tokensigner{SECRET}".encode()).digest()
    if mac != hmac.digest(key, body.encode(), "sha1"):
        raise PageFailure("the signature of the token in the picture is not the HMAC of its payload")
    parts = [*token_line(body, signature), *grid(payload, body), *signature_lines(mac)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title" '
        'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">',
        f'<title id="title">The token {escape(token)}: a prefix, a payload in base64, a dot and a signature in base64</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#fff"/>',
        *parts,
        "</svg>",
        "",
    ])


def create_token(dstok):
    command = [dstok, "create-token", ACTOR, "--now", str(NOW)]
    environ = environments.clean_environ(DATASETTE_SECRET=SECRET)
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_line(body, signature):
    """Yield the whole token, with the name of each part below it."""
    at = MARGIN
    for part, name, colour in (
        (PREFIX, "prefix", PREFIX_COLOUR),
        (body, "payload", PAYLOAD_COLOUR),
        (".", "", PREFIX_COLOUR),
        (signature, "signature", SIGNATURE_COLOUR),
    ):
        width = len(part) * LETTER
        yield text(at, 36, part, colour, f' textLength="{width:.1f}" font-size="16"')
        if name:
            yield f'<path d="M{at + 1:.1f} 46v5h{width - 2:.1f}v-5" fill="none" stroke="{colour}"/>'
            yield text(at + width / 2, 70, name, colour, ' text-anchor="middle"')
        at += width


def grid(payload, body):
    """Yield the payload: each three bytes, the characters that they are, and the four characters of base64."""
    yield text(MARGIN, 108, "The payload: three bytes of JSON make four characters of base64", PAYLOAD_COLOUR)
    for number in range(0, len(payload), 3):
        three, four = payload[number:number + 3], body[number // 3 * 4:][:4]
        at = MARGIN + number // 3 * GROUP_WIDTH
        middle = at + GROUP_WIDTH / 2 - 2
        yield f'<rect x="{at}" y="122" width="{GROUP_WIDTH - 5}" height="92" rx="4" fill="#eef4fb"/>'
        for y, line in ((146, three.decode()), (172, three.hex(" ")), (198, four)):
            yield text(middle, y, line, PAYLOAD_COLOUR if y == 198 else "#1f2328", ' text-anchor="middle"')


def signature_lines(mac):
    """Yield the signature: its bytes, and what they are."""
    lines = (
        ("The signature: 20 bytes make 27 characters of base64", SIGNATURE_COLOUR),
        (mac.hex(" "), "#1f2328"),
        ("= HMAC-SHA1(key, payload in base64)", "#1f2328"),
        (f'key = SHA1("token" + "signer" + "{SECRET}")', "#1f2328"),
    )
    for number, (line, colour) in enumerate(lines):
        yield text(MARGIN, 252 + 28 * number, line, colour)


def text(x, y, line, colour, more=""):
    return f'<text x="{x:.1f}" y="{y}" fill="{colour}" xml:space="preserve"{more}>{escape(line, quote=False)}</text>'
