"""What is minted and verified while it is measured."""

import json
import time
from dataclasses import dataclass

from oracle import environments, processes

SECRET = "a secret for measuring"


@dataclass(frozen=True)
class Payload:
    """What is minted and verified, and how often in one run: up to half a second a side."""

    name: str
    actor_id: str
    expires_after: int | None
    restrictions: dict | None
    dstok_count: int
    datasette_count: int

    def create(self):
        """Return the call that mints it, as dstok takes it."""
        params = {"actor_id": self.actor_id}
        if self.expires_after:
            params["expires_after"] = self.expires_after
        for name, value in (self.restrictions or {}).items():
            params[f"restrict_{name}"] = value
        return {"method": "create_token", "params": json.dumps(params, separators=(",", ":"))}


PAYLOADS = (
    Payload("actor only", "root", None, None, 600_000, 10_000),
    Payload(
        "restrictions of the documentation, one hour",
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
    Payload(
        "20 databases x 5 tables x 3 actions",
        "root",
        None,
        {
            "resource": {
                f"database_{d}": {
                    f"table_{t}": ["view-table", "insert-row", "update-row"] for t in range(5)
                }
                for d in range(20)
            }
        },
        60_000,
        2_000,
    ),
)


def verify(dstok, payload):
    """Return the call that verifies a token of `payload`, minted now by dstok. Raises ProcessFailure."""
    (minted,) = processes.ask_dstok(dstok, [], [payload.create()], secret=SECRET)
    return {"method": "verify_token", "params": json.dumps([minted["result"]])}


def calls(dstok):
    """Return the calls to measure as pairs (payload, call), those of one method together.

    Raises ProcessFailure unless both sides give the same result for each.
    """
    pairs = [(payload, payload.create()) for payload in PAYLOADS]
    pairs += [(payload, verify(dstok, payload)) for payload in PAYLOADS]
    for _, call in pairs:
        check_same_bytes(dstok, call)
    return pairs


def check_same_bytes(dstok, call):
    """Raise ProcessFailure unless both sides give the same result."""
    now = time.time()
    config = {"secret": SECRET, "now": now}
    (theirs,) = processes.ask_datasette(environments.NEWEST, [{**call, "config": config}])
    (ours,) = processes.ask_dstok(dstok, ["--now", repr(now)], [call], secret=SECRET)
    if "result" not in theirs or theirs["result"] != ours.get("result"):
        raise processes.ProcessFailure(f"{call['method']}: dstok and Datasette differ; nothing was timed")


def write_requests(path, call, count):
    """Write so many requests for one call, as dstok reads them."""
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(processes.request_line(n, call) for n in range(count))


def by_size(count):
    """Return payloads of more and more tables, from 28 bytes to some 100 kB of JSON."""
    found = [PAYLOADS[0]]
    for tables in (1, 3, 8, 20, 50, 120, 300, 750, 1800, 4000):
        restrictions = {"resource": {"database": {f"table_{n}": ["view-table"] for n in range(tables)}}}
        each = max(10, count // tables)
        found.append(Payload(f"{tables} tables", "root", None, restrictions, 10 * each, each))
    return found
