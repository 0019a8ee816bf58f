"""`datasette create-token` with a frozen clock; runs inside an environment's Python.

Reads lines of JSON {"words": [str], "secret": str or None} and answers each
with {"code": int, "stdout": str, "stderr": str}: the exit code and the output
of `datasette create-token WORDS`. With arguments it is that command itself, in
this process, as a shell would start it.
"""

import json
import sys
import time

NOW = 1700000000
"""What the clock shows, in Unix seconds."""

time.time = lambda: float(NOW)

from click.testing import CliRunner
from datasette.cli import cli


def main():
    if len(sys.argv) > 1:
        cli(["create-token", *sys.argv[1:]], prog_name="datasette")
    for line in sys.stdin:
        case = json.loads(line)
        environ = {"DATASETTE_SECRET": case["secret"]}
        done = CliRunner().invoke(cli, ["create-token", *case["words"]], env=environ, prog_name="datasette")
        answer = {"code": done.exit_code, "stdout": done.stdout, "stderr": done.stderr}
        sys.__stdout__.write(json.dumps(answer) + "\n")
        sys.__stdout__.flush()


if __name__ == "__main__":
    main()
