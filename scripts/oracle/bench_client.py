"""Times the Python client beside Datasette in one process; runs inside an environment's Python.

Arguments: the folder of the package `dstok`, the path of the binary, and if wanted the core on which
the sidecars run.

stdin: one JSON object a line: {"way", "actor_id", "expires_after", "restrictions", "token", "count"};
with a token that one is verified, else others are made. Ways: `datasette` calls it directly, `sync`
and `async` call the client one at a time, `raw` writes the line of such a call and reads its answer,
neither of which it encodes or decodes, `map` and `gather` keep many calls under way.
stdout: one JSON object a line: {"seconds"} for `count` calls by the clock, and for those one at a
time {"median", "rare"}: seconds that a call takes, and that one in a hundred exceeds.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time

from datasette.app import Datasette
from datasette.tokens import TokenRestrictions

sys.path.insert(0, sys.argv[1])
import dstok

AT_ONCE = 1000  # tasks of `gather`


class Call:
    """One call, made in several ways."""

    def __init__(self, datasette, client, async_client, raw, actor_id, expires_after, restrictions, token):
        self._datasette, self._client, self._async_client, self._raw = datasette, client, async_client, raw
        self._method = "create_token" if token is None else "verify_token"
        if token is not None:
            self._params = {"token": token}
            self._direct = lambda: datasette.verify_token(token)
            return
        self._params = {"actor_id": actor_id, "expires_after": expires_after, "restrictions": restrictions}
        kept = TokenRestrictions(**restrictions) if restrictions else None
        self._direct = lambda: datasette.create_token(
            actor_id, expires_after=expires_after, restrictions=kept, handler="signed"
        )

    async def datasette(self, count):
        """Call Datasette directly."""
        return await one_at_a_time(self._direct, count)

    async def sync(self, count):
        """Call the client, waiting for each answer."""
        method, each = getattr(self._client, self._method), []
        for _ in range(count):
            begin = time.perf_counter()
            method(**self._params)
            each.append(time.perf_counter() - begin)
        return summary(each)

    async def raw(self, count):
        """Write the line of a call and read its answer, as often."""
        request = {"jsonrpc": "2.0", "id": 1, "method": self._method, "params": self._params}
        line = json.dumps(request, separators=(",", ":")).encode() + b"\n"
        stdin, stdout, each = self._raw.stdin.fileno(), self._raw.stdout.fileno(), []
        for _ in range(count):
            begin = time.perf_counter()
            os.write(stdin, line)
            answer = os.read(stdout, 1 << 16)
            each.append(time.perf_counter() - begin)
            assert answer.endswith(b"\n"), "the answer came in several parts"
        return summary(each)

    async def async_(self, count):
        """Call the asynchronous client, awaiting each answer."""
        method = getattr(self._async_client, self._method)
        return await one_at_a_time(lambda: method(**self._params), count)

    async def map(self, count):
        """Let the client keep many calls under way."""
        begin = time.perf_counter()
        results = self._client.map(self._method, itertools.repeat(self._params, count))
        got = sum(1 for _ in results)
        return complete(got, count, begin)

    async def gather(self, count):
        """Let many tasks call the asynchronous client at once."""
        method, begin, got = getattr(self._async_client, self._method), time.perf_counter(), 0
        for _ in range(count // AT_ONCE):
            got += len(await asyncio.gather(*(method(**self._params) for _ in range(AT_ONCE))))
        return complete(got, count, begin)


async def one_at_a_time(call, count):
    """Time each of so many calls."""
    each = []
    for _ in range(count):
        begin = time.perf_counter()
        await call()
        each.append(time.perf_counter() - begin)
    return summary(each)


def summary(each):
    """Return what is answered for calls that were timed one by one."""
    total, each = sum(each), sorted(each)
    return {"seconds": total, "median": each[len(each) // 2], "rare": each[len(each) * 99 // 100]}


def complete(got, count, begin):
    """Return what is answered for calls that were timed as a whole."""
    assert got == count, f"{got} results of {count} calls"
    return {"seconds": time.perf_counter() - begin}


async def serve():
    """Answer every line of stdin."""
    secret = os.environ["DATASETTE_SECRET"]
    datasette = Datasette([], memory=True, secret=secret)
    await datasette.invoke_startup()
    binary = sys.argv[2]
    pipe = subprocess.PIPE
    with (
        dstok.Client(secret=secret, binary=binary) as client,
        subprocess.Popen([binary, "serve"], stdin=pipe, stdout=pipe, bufsize=0) as raw,
    ):
        os.write(raw.stdin.fileno(), b'{"jsonrpc":"2.0","id":0,"method":"ping"}\n')
        os.read(raw.stdout.fileno(), 1 << 16)
        async with dstok.AsyncClient(secret=secret, binary=binary) as async_client:
            client.ping()
            await async_client.ping()
            if len(sys.argv) > 3:
                for pid in (client.pid, async_client.pid, raw.pid):
                    move(pid, int(sys.argv[3]))
            for line in sys.stdin:
                request = json.loads(line)
                way, count = request.pop("way"), request.pop("count")
                call = Call(datasette, client, async_client, raw, **request)
                print(json.dumps(await getattr(call, way.replace("async", "async_"))(count)), flush=True)
        raw.stdin.close()


def move(pid, core):
    """Let all threads of a process run on one core."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), {core})


with tempfile.TemporaryDirectory(prefix="datasette-oracle-") as tempfile.tempdir:
    asyncio.run(serve())
    sys.stdout.flush()
os._exit(0)  # Datasette's database threads would hold the exit up
