"""Random files of records, in the formats that people have, and the options that go with them."""

import csv
import io
import json
from dataclasses import dataclass, field

from records import meaning
from records.reading import MARK
from records.values import (
    ACTORS_OF_JSON, BAD_CELLS, BAD_LINES, BAD_MEMBERS, BYTES, DEFAULTS, LONG, NEAR, NOTES, PIECES,
    items, random_record, together,
)


@dataclass
class Options:
    """The options of create-tokens that matter for one file."""

    delimiter: str | None = None
    actor_column: str | None = None
    ignore: list = field(default_factory=list)
    format: str | None = None
    retry: bool = False
    keep_failed: bool = False
    to_file: bool = False
    given: tuple = ()
    defaults: dict = field(default_factory=dict)

    def words(self):
        """Return them as a command line has them, but for files."""
        named = (("--delimiter", self.delimiter), ("--actor-column", self.actor_column), ("--format", self.format))
        found = [word for name, value in named if value for word in (name, "tab" if value == "\t" else value)]
        found += [word for name in self.ignore for word in ("--ignore", name)]
        return [*self.given, *found, *(["--retry-failed"] if self.retry else [])]


@dataclass
class File:
    """A file of records."""

    data: bytes
    options: Options
    # What the records ask for, as they were before they were written. None for one that must fail.
    meant: list


def random_file(rng, is_clean, count=None):
    """Return a random File. One that is clean has no near misses and only rows that CSV can carry as they are."""
    given, defaults = rng.choice(DEFAULTS)
    options = Options(given=given, defaults=defaults)
    options.format = rng.choice((None, None, "csv", "jsonl", "tokens"))
    options.actor_column = rng.choice((None, None, None, "user", "Actor ID"))
    options.retry = not is_clean and rng.random() < 0.15
    options.keep_failed, options.to_file = rng.random() < 0.5, rng.random() < 0.7
    records = [random_record(rng) for _ in range(count or rng.choice((1, 1, 2, 3, 4, 6, 9)))]
    if count:
        records[0]["restrict_all"] = ["view-table"] * LONG
    # Values of one row that the next has too are read once.
    records = [rng.choice((record, record, before)) for before, record in zip([records[0], *records], records)]
    make = rng.choice((csv_file, csv_file, json_file))
    data, calls = make(rng, records, options, is_clean)
    mark = MARK if rng.random() < 0.3 else b""
    meant = [made and meaning.call(made, defaults) for made in calls]
    return File(mark + data, options, meant)


def csv_file(rng, records, options, is_clean):
    """Return (bytes, records) of a CSV. A record that must fail is None."""
    if rng.random() < 0.3:
        records = [together(record) for record in records]
    records = [None if rng.random() < 0.1 else record for record in records]
    delimiter = rng.choice(",;\t")
    columns = random_columns(rng, records, options, is_clean)
    if rng.random() < 0.4 or any(set(name) & set(",;\t\"") for name in columns):
        options.delimiter = delimiter
    write = random_writer(rng, delimiter, is_clean)
    end = rng.choice(("\n", "\r\n", "\r"))
    lines = [write(columns)]
    for record in records:
        cells = {name: cell(rng, name, record, options) for name in dict.fromkeys(columns)}
        if record is None:
            name = rng.choice([name for name in columns if meaning.role(name, options) in BAD_CELLS])
            cells[name] = rng.choice(BAD_CELLS[meaning.role(name, options)])
            if cells[name] in ("null", '{"docs":{}}'):
                cells[name] = "[0]"
        lines.append(write([cells[name] for name in columns]))
        lines += [""] * rng.choice((0,) * 12 + (1, 2))
    text = end.join(lines) + rng.choice((end, end, ""))
    return (rng.choice(("",) * 8 + (end, f" {end}{end}")) + text).encode(), records


def random_columns(rng, records, options, is_clean):
    found = {name for record in records for name in record or {}} - {meaning.ACTOR}
    ordinary = rng.sample(("note", "more", "", "", "note", "a,b", "caf\u00e9", "row", "expires"), rng.randrange(5))
    near = rng.sample(NEAR, rng.choice((0, 0, 0, 1, 2)))
    near = [name for name in near if name.lower() != "actor id" or not options.actor_column]
    if is_clean or rng.random() < 0.6:
        options.ignore = near
    if options.actor_column:
        ordinary += rng.choice(([], ["actor_id"]))
    columns = [options.actor_column or meaning.ACTOR, "id", *sorted(found), *ordinary, *near]
    columns += ["token", "error"] if options.retry else []
    rng.shuffle(columns)
    return columns


def random_writer(rng, delimiter, is_clean):
    """Return a function from cells to a row without its end, in one of the dialects of Python's csv writer."""
    dialects = [{"quoting": csv.QUOTE_MINIMAL}, {"quoting": csv.QUOTE_ALL}, {"quoting": csv.QUOTE_NONNUMERIC}]
    if not is_clean:
        dialects += [
            {"quoting": csv.QUOTE_MINIMAL, "quotechar": "'"},
            {"quoting": csv.QUOTE_MINIMAL, "doublequote": False, "escapechar": "\\"},
            {"quoting": csv.QUOTE_NONE, "escapechar": "\\"},
        ]
    dialect = rng.choice(dialects[:3] * 4 + dialects)

    def write(cells):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\r\n", **dialect).writerow(cells)
        return text.getvalue().removesuffix("\r\n")
    return write


def cell(rng, name, record, options):
    """Return the cell of a column, spelled in one of the ways that mean the same."""
    role = meaning.role(name, options)
    if role in meaning.ADDED:
        return rng.choice(("", "", "old", " "))
    value = (record or {"actor_id": "bad"}).get(role) if role else rng.choice(NOTES)
    if value is None:
        return rng.choice(("", "", " "))
    if role in (None, meaning.ACTOR):
        return value
    if role == "expires_after":
        return rng.choice((value, f"{value}.0", f" {value} ", f"{value}.00"))
    if role in ("restrictions", "now") or rng.random() < 0.5:
        return json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, 1)))
    return rng.choice((" ", "  ", "\n")).join(items(value))


def json_file(rng, records, options, is_clean):
    """Return (bytes, records) of JSON lines or an array. A record that must fail is None."""
    has_same_members = options.format == "csv"
    options.ignore = rng.sample(NEAR, rng.choice((0, 0, 2)))
    near = [*options.ignore, *([] if is_clean else rng.sample(NEAR, 1))]
    texts, meant = [], []
    for record in records:
        record = together(record) if rng.random() < 0.5 and not has_same_members else record
        members = {options.actor_column or name if name == meaning.ACTOR else name: v for name, v in record.items()}
        if has_same_members:
            members.update((name, members.get(name)) for name in meaning.PARAMETERS[1:] if name != "restrictions")
        members["note"] = rng.choice((*NOTES, None, 1.5, [1, {"token": None}]))
        members.update((name, "x") for name in near if has_same_members or rng.random() < 0.2)
        if options.retry and rng.random() < 0.5:
            members.update(rng.choice(({"token": "old"}, {"token": None, "error": "x"}, {"token": ""}, {"error": 1})))
        if rng.random() < 0.1:
            members[options.actor_column or meaning.ACTOR] = rng.choice(ACTORS_OF_JSON)
            record = {**record, meaning.ACTOR: members[options.actor_column or meaning.ACTOR]}
        if rng.random() < 0.1:
            record = None
            members.update(rng.choice(BAD_MEMBERS[:4] if has_same_members else BAD_MEMBERS))
        found = list(members.items())
        rng.shuffle(found)
        texts.append((dict(found), rng.random() < 0.5))
        meant.append(record)
    return rng.choice((json_lines, json_array))(rng, texts, is_clean).encode(), meant


def json_lines(rng, texts, is_clean):
    end = rng.choice(("\n", "\r\n"))
    lines = [json.dumps(members, ensure_ascii=ascii_only) for members, ascii_only in texts]
    if not is_clean and rng.random() < 0.2:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(BAD_LINES))
    return rng.choice(("", "", end)) + rng.choice((end, end, end * 2)).join(lines) + rng.choice(("", end))


def json_array(rng, texts, is_clean):
    """Return an array: compact, as json.dumps has it, indented, or as `sqlite3 -json` writes it."""
    spaces = rng.choice((None, (",", ":")))
    if rng.random() < 0.3:
        return json.dumps([members for members, _ in texts], indent=rng.choice((1, "\t")))
    between = rng.choice((",\n", ",", ", ", " ,\r\n"))
    lines = [json.dumps(members, ensure_ascii=ascii_only, separators=spaces) for members, ascii_only in texts]
    if not is_clean and rng.random() < 0.1:
        lines.append(rng.choice(BAD_LINES[:3] + BAD_LINES[6:]))
    return f"[{between.join(lines)}]" + rng.choice(("", "\n"))


def mutate(data, rng):
    """Return the bytes with one change, in the first line often."""
    end = data.find(b"\n") if rng.random() < 0.3 else len(data)
    at = rng.randrange(max(end, 0) + 1)
    length = rng.choice((0, 1, 1, rng.randrange(12)))
    piece = data[rng.randrange(len(data) + 1) :][: rng.randrange(40)]
    new = rng.choice((bytes([rng.choice(BYTES)]), bytes([rng.choice(BYTES)]), b"", rng.choice(PIECES), piece))
    return data[:at] + new + data[at + length :]
