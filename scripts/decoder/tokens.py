"""The tokens of compat-fixtures, and what dstok says about them without a secret."""

import functools
import json
import subprocess

from oracle import environments, processes

BUILT = environments.REPOSITORY / "dist" / "decoder"
DSTOK = environments.REPOSITORY / "target" / "release" / "dstok"
FIXTURES = environments.REPOSITORY / "compat-fixtures"
NOW = 1_700_000_000

# Methods with a token in their parameters: the member `token`, or the first element.
METHODS = ("inspect_token", "verify_token", "token_allows_action")


@functools.cache
def tokens():
    """Return every token that a fixture is about or answers, each once."""
    found = {}
    for path in sorted(FIXTURES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n")[1:-1]:
            scenario = json.loads(line)
            if scenario["method"] in METHODS:
                params = json.loads(scenario["params"])
                token = params[0] if isinstance(params, list) and params else params.get("token")
                found[token if isinstance(token, str) else ""] = True
            elif scenario["method"] == "create_token":
                found.update({answer["result"]: True for answer in scenario["answers"] if "result" in answer})
    # No text of a browser's field has lone surrogates.
    return [token for token in found if token.isprintable() or token.encode(errors="ignore").decode() == token]


@functools.cache
def answers():
    """Return what the method inspect_token of dstok answers for each of the tokens."""
    requests = [{"method": "inspect_token", "params": json.dumps({"token": token})} for token in tokens()]
    return [answer["result"] for answer in processes.ask_dstok(DSTOK, ["--now", str(NOW)], requests)]


def report(token):
    """Return what `dstok inspect` prints, as a dict from label to text; rows of a table as a list."""
    command = [DSTOK, "inspect", "-", "--now", str(NOW)]
    done = subprocess.run(
        command, input=token.encode(), capture_output=True, env=environments.clean_environ(), check=False
    )
    lines, label = {}, ""
    for line in done.stdout.decode().split("\n")[:-1]:
        label = line[:12].strip() or label
        lines.setdefault(label, []).append(line[12:])
    return lines
