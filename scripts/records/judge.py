"""Compare what `dstok create-tokens` did with a file, with a Reading of the file."""

import base64
import json
import re
import zlib
from dataclasses import dataclass

from records import meaning, reading
from records.program import NOW

# What the error of a record ends with if the output lacks a part of it.
ONLY_A_PART = "; the output has only a part of it: correct it and empty its error"


class Difference(Exception):
    """What dstok did isn't what Python's reading asks for."""


@dataclass
class Answer:
    """A record of the output."""

    raw: bytes
    values: list | None
    token: str | None
    error: str | None


def judge(read, options, outcome, tokens):
    """Return what became of the file, in few words. Raises Difference.

    `tokens` has what each record of the Reading must get: a token, a payload, or None for an error.
    """
    if outcome.stray:
        raise Difference("output on stdout beside a file")
    found = re.findall(r"^dstok: line (\d+): (.*)$", outcome.stderr, re.MULTILINE)
    failures = [(int(line), message) for line, message in found]
    has_columns = options.format != "csv" or read.kind != "array" or read.columns
    is_early = outcome.code == 2 and len(failures) == 1 and not outcome.output
    if not has_columns and is_early and (read.problem or read.rest):
        # dstok looks for a record that names the columns, and reports no other error before it has found one.
        return "array without columns"
    if read.rest is not None:
        return judge_damaged(read, options, outcome, tokens, failures)
    if read.problem:
        return judge_malformed(read, options, outcome, tokens, failures)
    if outcome.code != (1 if None in tokens else 0):
        raise Difference(f"exit code {outcome.code}, where {tokens.count(None)} of {len(tokens)} records must fail")
    judge_records(read, options, outcome, tokens, failures)
    if None in tokens and f"dstok: {tokens.count(None)} of {len(tokens)} records failed" not in outcome.stderr:
        raise Difference("no count of what failed")
    if options.keep_failed and outcome.failed != failed_file(read, tokens):
        raise Difference(f"the file of --failed is {outcome.failed}, not {failed_file(read, tokens)}")
    return f"read (exit {outcome.code})"


def judge_malformed(read, options, outcome, tokens, failures):
    if outcome.code != 2 or not re.search("(?m)^dstok: ", outcome.stderr):
        raise Difference(f"exit code {outcome.code}, and Python does not read it")
    if outcome.failed is not None or options.to_file and outcome.output is not None:
        raise Difference("exit code 2, and a file")
    if read.problem.line and failures.pop()[0] != read.problem.line:
        raise Difference(f"malformed in another line than {read.problem.line}")
    if not options.to_file:
        judge_records(read, options, outcome, tokens, failures)
    elif [line for line, _ in failures] != failed_lines(read, tokens):
        raise Difference(f"errors at {failures}, not {failed_lines(read, tokens)}")
    return "malformed" if read.problem.line else "refused"


def judge_damaged(read, options, outcome, tokens, failures):
    """Judge a run where Python reads a part of an array. What follows may have no token that isn't written there."""
    if outcome.code not in (1, 2):
        raise Difference(f"exit code {outcome.code} for a damaged array")
    expected = [*failed_lines(read, tokens), read.rest_line]
    if [line for line, _ in failures][: len(expected)] != expected:
        raise Difference(f"errors at {failures}, not first at {expected}")
    grants = objects(read.rest, options)
    for number, answer in enumerate(parse(outcome.output, read, options) if outcome.output else ()):
        if number < len(tokens):
            compare(tokens[number], answer)
        elif answer.token and payload(answer.token) not in grants:
            raise Difference(f"a token for what is no record: {payload(answer.token)}")
    return f"damaged array (exit {outcome.code})"


def objects(text, options):
    """Return the payload of each object that is anywhere in a text."""
    found = []
    decoder = json.JSONDecoder()
    for start in re.finditer("{", text):
        try:
            _, end = decoder.raw_decode(text, start.start())
        except ValueError:
            continue
        raw = text[start.start() : end].encode(errors="surrogateescape")
        record = reading.read_json(reading.Record(0, raw), options)
        if record.call:
            found.append(meaning.payload(record.call, NOW))
        if record.kept:
            found.append(record.kept)
    return found


def judge_records(read, options, outcome, tokens, failures):
    """Raise Difference unless each record has its answer, in order, with the columns or members that it had."""
    if not read.records and not read.header:
        if outcome.output:
            raise Difference("output without records")
        return
    if [line for line, _ in failures] != failed_lines(read, tokens):
        raise Difference(f"errors at {failures}, not at {failed_lines(read, tokens)}")
    answers = list(parse(outcome.output, read, options))
    if len(answers) != len(tokens):
        raise Difference(f"{len(answers)} answers of {len(tokens)} records")
    errors = iter(failures)
    for record, token, answer in zip(read.records, tokens, answers):
        compare(token, answer)
        if token is None and options.format != "tokens":
            on_stderr = next(errors)[1]
            if answer.error not in (on_stderr, on_stderr + ONLY_A_PART):
                raise Difference(f"the error {answer.error!r} is another on stderr")
        compare_values(record, read, options, answer)


def failed_lines(read, tokens):
    return [record.line for record, token in zip(read.records, tokens) if token is None]


def failed_file(read, tokens):
    """Return the bytes of the file of --failed."""
    if not read.records and not read.header:
        return b""
    end = read.line_end.encode()
    start = [read.mark + read.header] if read.kind == "csv" else []
    failed = [record.raw for record, token in zip(read.records, tokens) if token is None]
    return b"".join(raw + end for raw in start + failed)


def parse(output, read, options):
    """Yield the Answers of an output. Raises Difference where its form isn't the input's."""
    own = "csv" if read.kind == "csv" else "jsonl"
    format = options.format or own
    mark, end, delimiter = (read.mark, read.line_end, read.delimiter) if format == own else (b"", "\n", ",")
    # A first column may begin with the same character.
    is_column = format == "csv" and read.columns and read.columns[0].startswith("\ufeff")
    if not output.startswith(mark) or not mark and output.startswith(reading.MARK) and not is_column:
        raise Difference("another byte order mark")
    lines = output.removeprefix(mark).split(end.encode())
    if lines.pop() != b"":
        raise Difference("a line without its end")
    if format == "tokens":
        yield from (Answer(line, None, line.decode() or None, None) for line in lines)
    elif format == "jsonl":
        yield from (parse_object(line) for line in lines)
    else:
        yield from parse_csv(output.removeprefix(mark), read, delimiter, end.encode())


def parse_object(line):
    try:
        pairs = meaning.members(line.decode())
    except ValueError as error:
        raise Difference(f"a line that is no JSON: {line}") from error
    ours = dict(pairs)
    return Answer(line, pairs, ours.get("token") or None, ours.get("error"))


def parse_csv(output, read, delimiter, end):
    found = list(reading.rows(output, 1, delimiter))
    if read.rest is None:
        columns = read.columns if "token" in read.columns else [*read.columns, *meaning.ADDED]
    else:
        # In a damaged array, dstok may take the columns from what Python does not read.
        columns = [*found[0][2][:-2], *meaning.ADDED]
    if not found or found[0][2] != columns or end.join(raw for _, raw, _ in found) + end != output:
        raise Difference(f"another header than {columns}, or other line ends than {end}")
    for _, raw, cells in found[1:]:
        pairs = list(zip(columns, cells))
        ours = dict(pairs)
        yield Answer(raw, pairs, ours.get("token") or None, ours.get("error") or None)
        if len(cells) != len(columns):
            raise Difference(f"{len(cells)} cells in a row of {len(columns)} columns")


def compare(token, answer):
    """Raise Difference unless the answer has the token, which a payload stands for, or an error instead of it."""
    if token is None or answer.token is None:
        if token is not None or answer.token is not None:
            raise Difference(f"{answer.token and payload(answer.token)} for {token}: {answer}")
    elif isinstance(token, str):
        if token != answer.token:
            raise Difference(f"the token {answer.token}, not {token}")
    elif json.dumps(payload(answer.token)) != json.dumps(token):
        raise Difference(f"{payload(answer.token)} for {token}")


def compare_values(record, read, options, answer):
    """Raise Difference unless an answer has the columns or members of its record, then token and error."""
    own = "csv" if read.kind == "csv" else "jsonl"
    format = options.format or own
    if format == "tokens":
        return
    if record.kept and format == own:
        if answer.raw != record.raw:
            raise Difference(f"a record with a token was changed: {record.raw} to {answer.raw}")
        return
    values = [(name, value) for name, value in record.values or [] if name not in meaning.ADDED]
    found = [(name, value) for name, value in answer.values if name not in meaning.ADDED]
    if format == "jsonl":
        added = [("token", answer.token)] if answer.token else [("token", None), ("error", answer.error)]
        found, values = answer.values, values + added
    elif own == "csv":
        columns = [name for name in read.columns if name not in meaning.ADDED]
        values += [(name, "") for name in columns[len(values) :]]
    else:
        values = [(name, dict(reversed(values)).get(name)) for name in read.columns]
        found = [(name, from_cell(cell, value)) for (name, cell), (_, value) in zip(found, values)]
    if found != values:
        raise Difference(f"{found} of {values}")


def from_cell(cell, value):
    """Return the JSON value that a cell has, if `value` is to be expected."""
    # CSV can't carry half of a surrogate pair, so it has the JSON text.
    is_half = isinstance(value, str) and re.search("[\ud800-\udfff]", value)
    if not is_half and (value is None or isinstance(value, str)):
        return cell or (None if value is None else "")
    return meaning.load(cell)


def payload(token):
    """Return the payload of a token; the token itself if it is none of dstok's."""
    if not token.startswith("dstok_"):
        return token
    text = token.removeprefix("dstok_").rsplit(".", 1)[0]
    raw = base64.urlsafe_b64decode(text.removeprefix(".") + "===")
    return json.loads(zlib.decompress(raw) if text.startswith(".") else raw)
