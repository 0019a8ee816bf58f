"""Checks answers against the schemas of dstok's OpenRPC document; runs inside an environment's Python.

Arguments: dstok's path, a seed, how many requests. Validates with jsonschema, an implementation of its
own. stdout: JSON, how many results and errors of each method were right. A difference ends it with
exit code 1 and a report on stderr.
"""

import collections
import copy
import json
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]  # isolated mode leaves it out

import jsonschema
from oracle import environments
from oracle.asking import ask_dstok, configure_line
from oracle.random_requests import Requests

SEGMENT = 500  # requests with one configuration
GENERAL = (-32700, -32601)  # errors of no method
UNCLEAR = object()
FIXTURES = environments.REPOSITORY / "compat-fixtures"


class Mismatch(Exception):
    """An answer is not as its schema says. The message is the whole report."""


class Document:
    """An OpenRPC document, with a validator for each result, error and parameter."""

    def __init__(self, document):
        self.counts = collections.Counter()
        validator = jsonschema.Draft7Validator

        def of(schema):
            whole = {**schema, "components": document["components"]}
            if "$ref" in schema:  # what stands beside a reference doesn't count
                whole = {"allOf": [schema], "components": document["components"]}
            validator.check_schema(whole)
            return validator(whole)

        self.results, self.params, self.errors = {}, {}, {}
        for method in document["methods"]:
            name = method["name"]
            self.results[name] = of(method["result"]["schema"])
            self.params[name] = {param["name"]: of(param["schema"]) for param in method["params"]}
            self.errors[name] = {error["code"]: of(error["data"]) for error in method["errors"]}
        self.general = {error["code"]: of(error["data"]) for error in document["components"]["errors"].values()}

    def check(self, line, answer):
        """Check the answer (text) to a request line (bytes)."""
        request, answer = read(line), json.loads(answer)
        pairs = [(request, answer)]
        if isinstance(answer, list):
            pairs = [(partner(request, each), each) for each in answer]
        for one, its_answer in pairs:
            problem = one is not UNCLEAR and self._problem(one, its_answer)
            if problem:
                raise Mismatch(f"{problem}\n  request: {line!r:.2000}\n  answer: {its_answer!r:.2000}")

    def _problem(self, request, answer):
        method = request.get("method") if isinstance(request, dict) else None
        method = method if isinstance(method, str) and method in self.results else None
        if "error" in answer:
            error = answer["error"]
            known = self.general if error["code"] in GENERAL or not method else self.errors[method]
            self.counts[f"{method} / {error['data'].get('kind')}"] += 1
            if set(error) != {"code", "message", "data"} or error["code"] not in known:
                return f"{method} has no error {error['code']}"
            return first(known[error["code"]], error["data"])
        if not method:
            return "a result without a known method"
        self.counts[f"{method} / result"] += 1
        params = request.get("params")
        for name, value in params.items() if isinstance(params, dict) else ():
            if problem := first(self.params[method][name], value):
                return f"{method} accepts a {name} that its schema refuses: {problem}"
        return first(self.results[method], answer["result"])


def first(validator, value):
    """Return what is wrong with `value`, or None."""
    error = next(validator.iter_errors(value), None)
    return error and f"{error.json_path}: {error.message:.300}"


def read(line):
    """Return the JSON of a line, or None."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def partner(batch, answer):
    """Return the request of a batch that has the id of an answer, or UNCLEAR if it isn't exactly one."""
    found = [one for one in batch or () if isinstance(one, dict) and "id" in one and one["id"] == answer["id"]]
    return found[0] if len(found) == 1 else UNCLEAR


def is_notification(request):
    """Return whether a request gets no answer."""
    return (
        isinstance(request, dict)
        and "id" not in request
        and request.get("jsonrpc") == "2.0"
        and isinstance(request.get("method"), str)
        and isinstance(request.get("params"), (dict, list, type(None)))
    )


def has_answer(line):
    """Return whether a line gets an answer."""
    if not line.strip():
        return False
    request = read(line)
    if isinstance(request, list) and request:
        return not all(map(is_notification, request))
    return not is_notification(request)


def check_segment(document, dstok, release, config, lines):
    """Check the answers of a process that is configured by its first line."""
    lines = [configure_line(config), *lines]
    given = ask_dstok(dstok, release, {}, config["now"], lines)
    expected = [line for line in lines if has_answer(line)]
    if len(given) == len(expected):
        for line, answer in zip(expected, given):
            document.check(line, answer)
        return
    # A line that Python reads in another way: then each goes alone.
    for line in lines[1:]:
        for answer in ask_dstok(dstok, release, config, config["now"], [line]):
            document.check(line, answer)


def check_random(document, dstok, seed, cases):
    """Check the answers to random requests of every method."""
    rng = random.Random(seed)
    for _ in range(-(-cases // SEGMENT)):
        requests = Requests(rng)
        config = requests.segment()
        lines = [requests.line()[1] for _ in range(SEGMENT)]
        check_segment(document, dstok, rng.choice(environments.ERAS), config, lines)


def check_fixtures(document, dstok):
    """Check the answers to every scenario of the fixtures, by the newest release."""
    for path in sorted(FIXTURES.glob("*.jsonl")):
        with open(path, encoding="utf-8", newline="\n") as file:
            scenarios = [json.loads(line) for line in file][1:]
        lines = collections.defaultdict(list)  # by configuration
        for scenario in scenarios:
            text = f'{{"jsonrpc":"2.0","id":1,"method":"{scenario["method"]}","params":{scenario["params"]}}}\n'
            lines[json.dumps(scenario["config"])].append(text.encode("utf-8", "surrogatepass"))
        for config, of_config in lines.items():
            config = {"secret": None, "old_secrets": [], **json.loads(config)}
            check_segment(document, dstok, environments.NEWEST, config, of_config)


def check_mutations(document, samples):
    """Check that a result with a member less or more is refused."""
    for method, result in samples.items():
        validator = document.results[method]
        for wrong in ({**result, "unknown": None}, *({n: v for n, v in result.items() if n != name} for name in result)):
            if not first(validator, wrong):
                raise Mismatch(f"{method}: the schema accepts {wrong}")


def main():
    dstok, seed, cases = sys.argv[1:]
    sys.set_int_max_str_digits(0)  # of ids
    discover = b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}\n'
    (answer,) = ask_dstok(dstok, environments.NEWEST, {}, 0, [discover])
    described = json.loads(answer)["result"]
    document = Document(described)
    samples = {
        method["name"]: copy.deepcopy(method["examples"][0]["result"]["value"])
        for method in described["methods"]
        if method["name"] in ("verify_token", "inspect_token", "token_allows_action", "info", "configure")
    }
    check_mutations(document, samples)
    check_fixtures(document, dstok)
    check_random(document, dstok, seed, int(cases))
    unseen = set(document.results) - {name.split(" / ")[0] for name in document.counts if name.endswith("result")}
    if unseen:
        raise Mismatch(f"no result of {', '.join(sorted(unseen))}")
    print(json.dumps(document.counts))


if __name__ == "__main__":
    try:
        main()
    except Mismatch as mismatch:
        sys.exit(f"schema_worker: {mismatch}")
