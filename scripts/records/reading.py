"""How Python's `csv` and `json` read the records of a file, and where each record is."""

import contextlib
import csv
import io
import json
import re
import sys
from dataclasses import dataclass, field

from records import meaning

MARK = b"\xef\xbb\xbf"
BLANK = b" \t\n\r\f"
DELIMITERS = ",;\t"

csv.field_size_limit(sys.maxsize)


class Malformed(Exception):
    """The file can't be read on. `line` is the line of the problem, or None where no line is at fault."""

    def __init__(self, line=None):
        super().__init__(line)
        self.line = line


@dataclass
class Record:
    """A record of the input."""

    line: int
    raw: bytes
    # (name, value) of each column or member; None if it can't be read.
    values: list | None = None
    # The arguments of create_token; None if they make no sense.
    call: dict | None = None
    # The token that --retry-failed keeps.
    kept: str | None = None


@dataclass
class Reading:
    """The records of a file, up to a problem."""

    kind: str = "none"  # csv, lines or array
    mark: bytes = b""
    line_end: str = "\n"
    delimiter: str = ","
    # Empty until the header of CSV makes sense.
    header: bytes = b""
    columns: list = field(default_factory=list)
    records: list = field(default_factory=list)
    # Why the file can't be read on.
    problem: Malformed | None = None
    # What follows in a damaged array, of which Python makes nothing, and the line in which it begins.
    rest: str | None = None
    rest_line: int = 0


def read(data, options):
    """Return the Reading of a file."""
    reading = Reading()
    try:
        fill(reading, data, options)
    except Malformed as problem:
        reading.problem = problem
    if options.format == "csv" and reading.kind != "csv":
        check_columns(reading, options)
    return reading


def fill(reading, data, options):
    if b"\0" in data[:4] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Malformed
    reading.mark = MARK if data.startswith(MARK) else b""
    text = data.removeprefix(MARK)
    blank = re.match(rb"([ \t\n\r\f]*[\n\r])?", text).end()
    line, text = 1 + count_lines(text[:blank]), text[blank:]
    start = text.lstrip(BLANK)
    if not start:
        return
    is_array = re.match(rb"\[[ \t\n\r\f]*[{\]]", start)
    if not is_array and start[:1] != b"{":
        return read_csv(reading, text, line, options)
    if options.delimiter:
        raise Malformed
    reading.kind = "array" if is_array else "lines"
    (read_array if is_array else read_lines)(reading, text, line, options)


def count_lines(text):
    """Return how many lines end in bytes or in a str."""
    return len(re.findall("\r\n|\n|\r" if isinstance(text, str) else rb"\r\n|\n|\r", text))


def rows(text, line, delimiter):
    """Yield (line, bytes without line end, cells) of each row, with bytes that are no UTF-8 as surrogates.

    Raises Malformed with the line in which the malformed cell begins.
    """
    lines = io.StringIO(text.decode(errors="surrogateescape"), newline="").readlines()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            rest = "".join(lines[before:])
            at, _ = scan(rest, delimiter)
            raise Malformed(line + before + count_lines(rest[:at])) from None
        raw = "".join(lines[before : reader.line_num]).encode(errors="surrogateescape")
        if cells:
            yield line + before, re.sub(rb"(\r\n|\n|\r)\Z", b"", raw), cells
        before = reader.line_num


def scan(text, delimiters):
    """Return where the malformed cell of the first row begins or None, and the delimiters before that."""
    cell = re.compile(f'"(?:[^"]|"")*"(?=[{delimiters}\r\n]|\\Z)|(?!")[^{delimiters}\r\n]*')
    at, found = 0, set()
    while match := cell.match(text, at):
        at = match.end()
        if text[at : at + 1] in ("", "\r", "\n"):
            return None, found
        found.add(text[at])
        at += 1
    return at, found


def read_csv(reading, text, line, options):
    reading.kind = "csv"
    at, found = scan(text.decode(errors="surrogateescape"), options.delimiter or DELIMITERS)
    if at is not None:
        raise Malformed(line + count_lines(text.decode(errors="surrogateescape")[:at]))
    if len(found) > 1:
        raise Malformed
    reading.delimiter = "".join(found) or options.delimiter or ","
    found = rows(text, line, reading.delimiter)
    _, header, columns = next(found)
    check_header(columns, header, options)
    reading.header, reading.columns = header, columns
    reading.line_end = re.match(rb"\r\n|\r|\n|", text[len(header) :])[0].decode() or "\n"
    for row_line, raw, cells in found:
        reading.records.append(read_row(columns, Record(row_line, raw), cells, options))


def check_header(columns, header, options):
    """Raise Malformed for a header of which dstok makes nothing."""
    roles = [role for role in (meaning.role(name, options) for name in columns) if role]
    if b"\0" in header or not is_unicode("".join(columns)) or len(set(roles)) != len(roles):
        raise Malformed
    if meaning.ACTOR not in roles or meaning.has_near_miss(columns, options):
        raise Malformed
    if sum(role in meaning.ADDED for role in roles) != (2 if options.retry else 0):
        raise Malformed


def is_unicode(text):
    return not any("\udc80" <= c <= "\udcff" for c in text)


def one_line(token):
    """Return a token that dstok keeps, or None for one that spans lines."""
    return None if re.search("[\r\n]", token) else token


def read_row(columns, record, cells, options):
    record.values = [
        (name, cell.encode(errors="surrogateescape").decode(errors="replace")) for name, cell in zip(columns, cells)
    ]
    roles = [meaning.role(name, options) for name in columns]
    token = dict(zip(roles, cells)).get("token", "")
    if len(cells) != len(columns):
        return record
    if options.retry and is_unicode(token) and token.strip(meaning.WHITE):
        # JSON can't have bytes that are not UTF-8.
        is_whole = options.format != "jsonl" or is_unicode("".join(cells))
        record.kept = one_line(token) if is_whole else None
    elif is_unicode("".join(cells)):
        parameters = {role: cell for role, cell in zip(roles, cells) if role in meaning.PARAMETERS}
        record.call = call(lambda: meaning.from_cells(parameters), options)
    return record


def call(values, options):
    """Return the arguments of create_token, or None."""
    try:
        return meaning.call(values(), options.defaults)
    except (ValueError, OverflowError):
        return None


def read_lines(reading, text, line, options):
    reading.line_end = "\r\n" if text.split(b"\n")[0].endswith(b"\r") and b"\n" in text else "\n"
    # Only a line feed ends a line of JSON lines.
    for number, raw in enumerate(text.split(b"\n"), line):
        if raw.strip(BLANK):
            reading.records.append(read_json(Record(number, raw.strip(BLANK)), options))


def read_array(reading, text, line, options):
    """Read elements until one is no JSON. That one and what follows are left as `rest`."""
    decoder = json.JSONDecoder()
    text = text.decode(errors="surrogateescape")
    blank = re.compile(r"[ \t\n\r\f]*")
    at = blank.match(text, text.index("[") + 1).end()
    is_open = text[at : at + 1] != "]"
    while is_open:
        if at == len(text):
            raise Malformed(line + count_lines(text))
        element_line = line + count_lines(text[:at])
        end = separator = len(text)
        with contextlib.suppress(ValueError):
            _, end = decoder.raw_decode(text, at)
            separator = blank.match(text, end).end()
        if text[separator : separator + 1] not in (",", "]"):
            reading.rest, reading.rest_line = text[at:], element_line
            return
        record = Record(element_line, text[at:end].encode(errors="surrogateescape"))
        reading.records.append(read_json(record, options))
        is_open = text[separator] == ","
        at = blank.match(text, separator + 1).end() if is_open else separator
    at = blank.match(text, at + 1).end()
    if at < len(text):
        raise Malformed(line + count_lines(text[:at]))


def read_json(record, options):
    text = record.raw
    # As --failed has it: on one line.
    record.raw = re.sub(rb"[\r\n]", b" ", text)
    try:
        pairs = meaning.members(text.decode())
    except ValueError:
        return record
    if not isinstance(pairs, meaning.Object):
        return record
    record.values = pairs
    roles = [(meaning.role(name, options), value) for name, value in pairs]
    tokens = [value for role, value in roles if role == "token"]
    parameters = [(role, value) for role, value in roles if role in meaning.PARAMETERS]
    if options.retry and len(tokens) == 1 and isinstance(tokens[0], str) and tokens[0].strip(meaning.WHITE):
        record.kept = one_line(tokens[0])
    elif not (meaning.has_near_miss([name for name, _ in pairs], options) or tokens and not options.retry
              or any(role == "error" for role, _ in roles) and not options.retry):
        record.call = call(lambda: meaning.plain(meaning.Object(parameters)), options)
    return record


def check_columns(reading, options):
    """Find the columns of CSV that is made of JSON, and the records that don't fit them."""
    readable = [record.values for record in reading.records if record.values is not None]
    names = [name for name, _ in readable[0]] if readable else []
    reading.columns = [name for name in names if meaning.role(name, options) not in meaning.ADDED]
    for record in reading.records:
        found = [name for name, _ in record.values or [] if meaning.role(name, options) not in meaning.ADDED]
        if not set(found) <= set(reading.columns) or len(set(found)) != len(found):
            record.call = record.kept = None
