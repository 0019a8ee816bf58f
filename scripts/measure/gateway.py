"""examples/gateway beside the same gateway with verification stubbed out, in front of a stub and of Datasette."""

import json
import os
import statistics
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from measure.children import JsonChild
from measure.payloads import PAYLOADS, SECRET
from measure.throughput import Spread
from oracle import environments, http_server, processes
from oracle.gateway import Gateway, make_databases

HERE = Path(__file__).resolve().parent
STUBBED = HERE / "stubbed_gateway.mjs"
WARM_UP_REQUESTS, WARM_UP_RUNS = 20_000, 10
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Case:
    """What is asked for: the payload of the token, and a path that it allows."""

    payload: int
    path: str
    connections: int


CASES = (
    Case(0, "/garden/plants.json", 32),
    Case(1, "/docs/attachments.json", 32),
    Case(2, "/database_7/table_3.json", 32),
    Case(0, "/garden/plants.json", 1),
)


@dataclass(frozen=True)
class Row:
    """Requests per second, and the first rate over the second, by elapsed time and by CPU time."""

    upstream: str
    payload: str
    connections: int
    first: float
    second: float
    ratio: Spread
    cpu_ratio: Spread | None


class Measurement:
    """The gateways on one core; the requests and the stub on another."""

    def __init__(self, dstok, pairs, seconds, folder):
        self._dstok = dstok
        self._folder = folder
        self._pairs = pairs
        self._seconds = seconds
        self._cores = sorted(os.sched_getaffinity(0))
        self._stack = ExitStack()

    def __enter__(self):
        self._load = self._stack.enter_context(JsonChild(["node", HERE / "http_load.mjs"], self._cores[-1]))
        self._databases = make_databases(self._folder)
        return self

    def __exit__(self, *exception):
        self._stack.__exit__(*exception)

    def rows(self):
        """Yield the Rows of verified beside stubbed requests. Raises ProcessFailure."""
        port = self._load.ask({"connections": 0, "seconds": 0})["upstream"]
        yield from self._compare("stub", f"http://127.0.0.1:{port}", CASES)
        with http_server.serve(environments.NEWEST, SECRET, self._databases) as datasette:
            yield from self._compare("Datasette", datasette.address, CASES[:1])

    def refusals(self):
        """Return a Row: expired tokens, refused by the gateway and by Datasette itself. Raises ProcessFailure."""
        token = self._token(PAYLOADS[0], expires_after=60, now=1)
        with http_server.serve(environments.NEWEST, SECRET, self._databases) as datasette, \
                self._gateway(datasette.address) as gateway:
            ports = [gateway.endpoint[1], int(datasette.address.rpartition(":")[2])]
            return self._row("Datasette", CASES[0], *self._interleave(CASES[0], token, ports, "401"))

    def _compare(self, name, upstream, cases):
        with self._gateway(upstream) as verifying, self._gateway(upstream, program=STUBBED) as stubbed:
            pids = [[verifying.pid, verifying.dstok_pid()], [stubbed.pid]]
            for case in cases:
                token = self._token(PAYLOADS[case.payload])
                ports = [gateway.endpoint[1] for gateway in (verifying, stubbed)]
                yield self._row(name, case, *self._interleave(case, token, ports, "200", pids))

    def _gateway(self, upstream, *arguments, **options):
        return Gateway(self._dstok, self._folder, SECRET, upstream, *arguments, core=self._cores[0], **options)

    def _interleave(self, case, token, ports, status, pids=((), ())):
        """Return rates by elapsed time, and requests per CPU second, of both ports."""
        rates, cpu_rates = ([], []), ([], [])
        for port in ports:
            self._warm_up(case, token, port, status)
        for pair in range(self._pairs):
            # The order changes, so that neither has an advantage.
            for which in (0, 1) if pair % 2 else (1, 0):
                before = cpu_seconds(pids[which])
                count, seconds = self._run(case, token, ports[which], status)
                used = cpu_seconds(pids[which]) - before
                rates[which].append(count / seconds)
                if used:
                    cpu_rates[which].append(count / used)
        return rates, cpu_rates

    def _warm_up(self, case, token, port, status):
        """Send requests until Node has compiled what they run, in at most WARM_UP_RUNS runs."""
        done = 0
        for _ in range(WARM_UP_RUNS):
            done += self._run(case, token, port, status)[0]
            if done >= WARM_UP_REQUESTS:
                return

    def _run(self, case, token, port, status):
        found = self._load.ask({"port": port, "path": case.path, "token": token,
                                "connections": case.connections, "seconds": self._seconds})
        if set(found["statuses"]) != {status}:
            raise processes.ProcessFailure(f"{case.path}: expected answers of {status} alone, got {found['statuses']}")
        return found["statuses"][status], found["seconds"]

    def _row(self, name, case, rates, cpu_rates):
        cpu_ratio = Spread.of(*cpu_rates) if all(cpu_rates) else None
        return Row(name, PAYLOADS[case.payload].name, case.connections, *map(statistics.median, rates),
                   Spread.of(*rates), cpu_ratio)

    def _token(self, payload, **params):
        given = {"actor_id": payload.actor_id, "restrictions": payload.restrictions, **params}
        request = {"method": "create_token", "params": json.dumps(given)}
        (answer,) = processes.ask_dstok(self._dstok, [], [request], secret=SECRET)
        return answer["result"]


def cpu_seconds(pids):
    """Return the CPU seconds that processes have used so far."""
    found = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        found += (int(fields[11]) + int(fields[12])) / TICKS
    return found
