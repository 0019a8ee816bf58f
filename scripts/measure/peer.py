"""Run itsdangerous for the benchmark, inside an environment's Python.

Each line of stdin is a JSON object {"value", "signed", "count"}. If `signed` is null, the process
signs the value `count` times and answers with the signed text. Otherwise it reads `signed` `count`
times and answers whether it holds the value. Each answer is one line of JSON on stdout.
"""

import json
import os
import sys

from itsdangerous import BadData, URLSafeSerializer

serializer = URLSafeSerializer(os.environ["DATASETTE_SECRET"], "token")


def answer(value, signed, count):
    """Return the signed text (str), or with `signed` whether it holds the value (bool)."""
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
