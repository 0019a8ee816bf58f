"""An AsyncClient. Usage: event_loop.py asyncio|uvloop"""

import asyncio
import sys

from exercise import SECRET, exercise_async, use_async

import dstok


async def main() -> None:
    async with dstok.AsyncClient(secret=SECRET, retries=1) as client:
        await exercise_async(client)
        assert await asyncio.gather(*(use_async(client) for _ in range(4))) == [client.pid] * 4


if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
print("works")
