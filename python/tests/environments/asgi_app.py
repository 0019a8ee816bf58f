"""An ASGI application with a client for its lifetime."""

import asyncio
import json
import os
from typing import Any

from exercise import SECRET, use_async

import dstok

client = dstok.AsyncClient(secret=SECRET, retries=1)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await client.aclose()
        await send({"type": "lifespan.shutdown.complete"})
        return
    sidecar = await use_async(client)
    await asyncio.sleep(0.02)  # so that the other worker gets some
    body = json.dumps({"worker": os.getpid(), "sidecar": sidecar}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
