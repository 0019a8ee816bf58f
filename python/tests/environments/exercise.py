"""What each program does with a client: make and verify tokens, and go on after a death."""

from __future__ import annotations

import os
import signal

import dstok

SECRET = "not-a-secret"
TOKEN = "dstok_eyJhIjoicm9vdCIsInQiOjE3MDAwMDAwMDB9.y7rsPy6HkXvC7kMHjI41lLka788"
"""That of root, made at 1700000000."""
MANY = 2000


def new_client() -> dstok.Client:
    """Return a client that sends a call again after a death."""
    return dstok.Client(secret=SECRET, retries=1)


def exercise(client: dstok.Client) -> None:
    """Use a client before and after the death of its process."""
    first = use(client)
    os.kill(first, signal.SIGKILL)
    assert use(client) != first


def use(client: dstok.Client) -> int:
    """Make and verify tokens, one at a time and many; return the ID of the process."""
    assert client.create_token("root", now=1700000000) == TOKEN
    assert client.verify_token(TOKEN) == {"id": "root", "token": "dstok"}
    tokens = list(client.map("create_token", ([f"user-{n}"] for n in range(MANY))))
    actors = client.map("verify_token", ([token] for token in tokens))
    assert [actor and actor["id"] for actor in actors] == [f"user-{n}" for n in range(MANY)]
    return _running(client)


async def exercise_async(client: dstok.AsyncClient) -> None:
    """Do what `exercise` does."""
    first = await use_async(client)
    os.kill(first, signal.SIGKILL)
    assert await use_async(client) != first


async def use_async(client: dstok.AsyncClient) -> int:
    """Do what `use` does."""
    assert await client.create_token("root", now=1700000000) == TOKEN
    assert await client.verify_token(TOKEN) == {"id": "root", "token": "dstok"}
    tokens = [one async for one in client.map("create_token", ([f"user-{n}"] for n in range(MANY)))]
    actors = client.map("verify_token", ([token] for token in tokens))
    names = [actor and actor["id"] async for actor in actors]
    assert names == [f"user-{n}" for n in range(MANY)]
    return _running(client)


def _running(client: dstok.Client | dstok.AsyncClient) -> int:
    pid = client.pid
    assert pid is not None
    return pid
