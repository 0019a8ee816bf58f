"""itsdangerous, ready to be timed; runs inside an environment's Python.

stdin: one JSON object a line: {"value", "signed", "count"}. Without `signed` the value is signed
`count` times, else `signed` is read `count` times.
stdout: one line of JSON each: what was signed, or whether the value was read.
"""

import json
import os
import sys

from itsdangerous import BadData, URLSafeSerializer

serializer = URLSafeSerializer(os.environ["DATASETTE_SECRET"], "token")


def answer(value, signed, count):
    """Return the signed text (str), or whether `signed` holds the value (bool)."""
    if signed is None:
        for _ in range(count):
            text = serializer.dumps(value)
        return text
    try:
        for _ in range(count):
            read = serializer.loads(signed)
    except BadData:
        return False
    return read == value


for line in sys.stdin:
    print(json.dumps(answer(**json.loads(line))), flush=True)
