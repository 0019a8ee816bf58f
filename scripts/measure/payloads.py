"""The payloads that the benchmark mints and verifies, and the requests for them."""

import json
import random
import time
from dataclasses import dataclass

from oracle import environments, processes

SECRET = "a secret for measuring"


@dataclass(frozen=True)
class Spacing:
    """The separators of JSON text, as in json.dumps."""

    name: str
    comma: str
    colon: str

    def dumps(self, value):
        """Return a value as JSON text."""
        return json.dumps(value, separators=(self.comma, self.colon))


COMPACT = Spacing("compact", ",", ":")
DEFAULT = Spacing("default", ", ", ": ")
SPACINGS = (COMPACT, DEFAULT)


@dataclass(frozen=True)
class Payload:
    """The contents of a token, and the number of calls in one run (at most half a second)."""

    name: str
    actor_id: str
    expires_after: int | None
    restrictions: dict | None
    dstok_count: int
    datasette_count: int

    def create(self):
        """Return the call that mints a token of this payload."""
        params = {"actor_id": self.actor_id}
        if self.expires_after:
            params["expires_after"] = self.expires_after
        for name, value in (self.restrictions or {}).items():
            params[f"restrict_{name}"] = value
        return Call(self, "create_token", params)

    def verify(self, dstok):
        """Return the call that verifies a token of this payload, minted now. Raises ProcessFailure."""
        (minted,) = processes.ask_dstok(dstok, [], [self.create().text_params()], secret=SECRET)
        return Call(self, "verify_token", [minted["result"]])


@dataclass(frozen=True)
class Call:
    """One call of `create_token` or `verify_token`."""

    payload: Payload
    method: str
    params: dict | list

    @property
    def token(self):
        """The token to verify, or None when the call mints one."""
        return self.params[0] if self.method == "verify_token" else None

    def text_params(self):
        """Return the call with its params as JSON text, as `oracle.processes` takes it."""
        return {"method": self.method, "params": COMPACT.dumps(self.params)}

    def python_arguments(self):
        """Return the arguments that the benchmark processes in Python take."""
        return {
            "actor_id": self.payload.actor_id,
            "expires_after": self.payload.expires_after,
            "restrictions": self.payload.restrictions,
            "token": self.token,
        }

    def requests(self, count, spacing=COMPACT):
        """Return an iterator of `count` request lines for dstok, with ids from 0."""
        request = {"jsonrpc": "2.0", "id": None, "method": self.method, "params": self.params}
        before, _, after = spacing.dumps(request).partition("null")
        return (f"{before}{number}{after}\n" for number in range(count))


def write_requests(path, call, count, spacing=COMPACT):
    """Write `count` request lines for one call."""
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(call.requests(count, spacing))


# The table actions that a typical API client needs.
TABLE_ACTIONS = ["view-table", "insert-row", "update-row"]

# The built-in actions of Datasette 1.0a41, and names in the style of plugins.
ACTIONS = """
view-instance permissions-debug debug-menu view-database view-database-download execute-sql execute-write-sql
create-table create-view store-query view-table insert-row delete-row update-row alter-table set-column-type drop-table
drop-view view-query update-query delete-query
edit-schema acl-share csv-import
""".split()

DATABASES = """
archive billing census climate content docs elections energy fixtures geography housing inventory legislation library
museums parks research shop support transport
""".split()

NOUNS = """
album amendment animal artist asset audit author badge ballot borough branch budget building campaign category chapter
city claim comment contract country course creator customer delivery department device district donation employee event
exhibit expense facility feature flight forecast genre grant harbour hospital incident inspection invoice issue journal
language lease lesson licence location measurement member message note observation occurrence order parcel patient
payment permit person photo place plant playlist poll port post price product project property rating receipt region
release report reservation review river road route salary sample school season sensor session shipment site species
sponsor station statute stock street student subscriber supplier survey tag ticket track trail transcript trip vehicle
venue vessel visit volunteer vote ward warehouse
""".split()


def different_databases():
    """Return `resource` restrictions of 20 databases with 5 tables of 3 actions, all names and lists different."""
    source = random.Random(20)
    names = source.sample(NOUNS, 70) + [f"{noun}_tags" for noun in source.sample(NOUNS, 30)]
    source.shuffle(names)
    return dict(zip(DATABASES, _in_fives(source, names)))


def different_tables(count):
    """Return `resource` restrictions of `count` tables, 5 in each database, all names and lists different."""
    source = random.Random(count)
    names = [first if first == second else f"{first}_{second}" for first in NOUNS for second in NOUNS]
    source.shuffle(names)
    tables, databases = names[:count], names[count:]
    return dict(zip(databases, _in_fives(source, tables)))


def _in_fives(source, names):
    # Return a list of databases: 5 tables and their lists of 3 actions.
    lists = set()
    while len(lists) < len(names):
        lists.add(tuple(source.sample(ACTIONS, 3)))
    # A set of strings has another order in each process.
    tables = [(name, list(actions)) for name, actions in zip(names, sorted(lists))]
    source.shuffle(tables)
    return [dict(tables[n : n + 5]) for n in range(0, len(tables), 5)]


PAYLOADS = (
    Payload("actor only", "root", None, None, 600_000, 10_000),
    Payload(
        "documentation example",
        "user1",
        3600,
        # Datasette's documentation, "create_token(actor_id, ...)".
        {
            "all": ["view-instance", "view-table"],
            "database": {"docs": ["view-query"]},
            "resource": {"docs": {"attachments": ["insert-row", "update-row"]}},
        },
        300_000,
        8_000,
    ),
    # 5 tables with 3 actions in each database.
    Payload(
        "20 equal databases",
        "root",
        None,
        {"resource": {f"database_{d}": {f"table_{t}": TABLE_ACTIONS for t in range(5)} for d in range(20)}},
        60_000,
        2_000,
    ),
    Payload(
        "50 tables with equal actions",
        "root",
        None,
        {"resource": {"content": {noun: TABLE_ACTIONS for noun in NOUNS[::2][:50]}}},
        40_000,
        3_000,
    ),
    Payload("20 different databases", "root", None, {"resource": different_databases()}, 15_000, 2_000),
)


def calls(dstok):
    """Return the calls to measure, those of one method together. Raises ProcessFailure."""
    return [payload.create() for payload in PAYLOADS] + [payload.verify(dstok) for payload in PAYLOADS]


def check_same_results(dstok, calls):
    """Raise ProcessFailure unless dstok and Datasette give the same result for each call."""
    now = time.time()
    config = {"secret": SECRET, "now": now}
    for call in calls:
        (theirs,) = processes.ask_datasette(environments.NEWEST, [{**call.text_params(), "config": config}])
        (ours,) = processes.ask_dstok(dstok, ["--now", repr(now)], [call.text_params()], secret=SECRET)
        if "result" not in theirs or theirs["result"] != ours.get("result"):
            raise processes.ProcessFailure(
                f"{call.method}, {call.payload.name}: dstok and Datasette differ; nothing was measured"
            )


def by_size():
    """Return payloads of more and more tables, from 27 bytes to about 80 kB of JSON."""
    found = [PAYLOADS[0]]
    for tables in (1, 3, 9, 30, 100, 300, 850, 2400):
        each = max(20, min(10_000, 60_000 // tables))
        found.append(
            Payload(f"{tables} tables", "root", None, {"resource": different_tables(tables)}, 10 * each, each)
        )
    return found
