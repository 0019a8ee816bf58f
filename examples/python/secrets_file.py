"""The secrets in a file that several workers follow, so that a rotation needs no restart.

The file is JSON, and rotate.py changes it. `secret` signs, and all of them verify:

    {"secret": "…", "next_secret": null, "old_secrets": ["…"]}
"""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import dstok

logger = logging.getLogger("secrets")
INTERVAL = 1.0
"""Seconds between two looks at the file."""


def read(path: Path) -> dict[str, Any]:
    """Return what `configure` takes. Raises OSError, ValueError, LookupError, TypeError."""
    content = json.loads(path.read_bytes())
    next_secret = content["next_secret"]
    only_verify = [next_secret] if next_secret else []
    # With `+`, a string in place of the list is a TypeError. Unpacked, its letters are secrets.
    return {"secret": content["secret"], "old_secrets": only_verify + content["old_secrets"]}


@contextlib.asynccontextmanager
async def following_client(path: Path, **options: Any) -> AsyncGenerator[dstok.AsyncClient]:
    """Make a client that has the secrets of the file, also when the file changes later.

    `options` are further ones of AsyncClient. Raises what `read` raises, and DstokError.
    """
    secrets = read(path)
    async with dstok.AsyncClient(**secrets, **options) as client:
        _log(await client.info())
        task = asyncio.create_task(_follow(client, path, secrets))
        try:
            yield client
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _follow(client: dstok.AsyncClient, path: Path, secrets: dict[str, Any]) -> None:
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            latest = read(path)
            if latest != secrets:
                _log(await client.configure(**latest))
                secrets = latest
        except (OSError, ValueError, LookupError, TypeError, dstok.DstokError) as error:
            # It keeps the secrets that it has. The message may show a secret, so it isn't logged.
            logger.error("worker %d cannot use %s: %s", os.getpid(), path, type(error).__name__)


def _log(info: dstok.types.ProcessInfo) -> None:
    logger.info("worker %d: secrets in use: %d", os.getpid(), info["secrets"])
