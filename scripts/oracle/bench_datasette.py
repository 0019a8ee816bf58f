"""Times Datasette's own create_token and verify_token; runs inside an environment's Python.

stdin: one JSON object a line: {"actor_id", "expires_after", "restrictions", "token", "count"};
with a token that one is verified, else others are made.
stdout: one JSON number a line: CPU seconds for `count` calls. The clock is the real one.
"""

import asyncio
import json
import os
import sys
import tempfile
import time

from datasette.app import Datasette
from datasette.tokens import TokenRestrictions


async def serve():
    """Answer every line of stdin."""
    datasette = Datasette([], memory=True, secret=os.environ["DATASETTE_SECRET"])
    await datasette.invoke_startup()
    for line in sys.stdin:
        print(await seconds(datasette, **json.loads(line)), flush=True)


async def seconds(datasette, actor_id, expires_after, restrictions, token, count):
    """Return the CPU seconds of `count` calls; what a caller can keep is made once."""
    if token is not None:
        begin = time.process_time()
        for _ in range(count):
            await datasette.verify_token(token)
        return time.process_time() - begin
    kept = TokenRestrictions(**restrictions) if restrictions else None
    begin = time.process_time()
    for _ in range(count):
        await datasette.create_token(
            actor_id, expires_after=expires_after, restrictions=kept, handler="signed"
        )
    return time.process_time() - begin


with tempfile.TemporaryDirectory(prefix="datasette-oracle-") as tempfile.tempdir:
    asyncio.run(serve())
    sys.stdout.flush()
os._exit(0)  # Datasette's database threads would hold the exit up
