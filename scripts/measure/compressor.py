"""The compressor alone beside zlib, on payloads like those of tokens."""

import json
import random
import subprocess

from oracle import processes

# Bytes of JSON: least, most.
CLASSES = ((20, 60), (60, 90), (90, 300), (3000, 3300), (4000, 16000), (16384, 65273))
WORDS = (
    "table query view docs attachments users orders events log main data content fixtures facet "
    "repos issues comments commits releases tags people places museums trees roads census"
).split()
ACTIONS = "vi vd vdd vt vq es pd dm ir dr ur ct dt at".split()


def ratios():
    """Yield (class, median ratio of zlib's time to pyzlib's, share of payloads that become shorter).

    Raises ProcessFailure if the two give different bytes.
    """
    program = processes.cargo_build("-p", "pyzlib", "--example", "compressor") / "examples" / "compressor"
    for least, most in CLASSES:
        lines = "".join(payload(random.Random(n), least, most) + "\n" for n in range(max(20, 200_000 // most)))
        done = subprocess.run([str(program)], input=lines.encode(), capture_output=True, check=False)
        if done.returncode:
            raise processes.ProcessFailure("the compressors differ")
        ratio, share = done.stdout.split()
        yield (least, most), float(ratio), float(share)


def payload(source, least, most):
    """Return the JSON of a token with names from a list of words, of `least` to `most` bytes."""
    while True:
        token = {"a": source.choice(WORDS), "t": source.randrange(1_600_000_000, 1_800_000_000)}
        if source.random() < 0.5:
            token["d"] = source.choice((60, 3600, 86400, 604800))
        restrictions = {}
        size = source.randrange(least, most)
        if size > 50 and source.random() < 0.5:
            restrictions["a"] = source.sample(ACTIONS, source.randrange(1, 4))
        text = _dumps(token, restrictions)
        while len(text) < size:
            database = restrictions.setdefault("r", {}).setdefault(source.choice(WORDS), {})
            table = f"{source.choice(WORDS)}_{source.choice(WORDS)}{source.choice(('', source.randrange(100)))}"
            database[table] = source.sample(ACTIONS, source.randrange(1, 4))
            text = _dumps(token, restrictions)
        if least <= len(text) <= most:
            return text


def _dumps(token, restrictions):
    return json.dumps({**token, "_r": restrictions} if restrictions else token, separators=(",", ":"))
