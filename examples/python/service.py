"""A service with FastAPI that makes and verifies Datasette's API tokens.

umask 077
echo '{"secret": "not-a-secret", "next_secret": null, "old_secrets": []}' > secrets.json
SECRETS_FILE=secrets.json uvicorn service:app --workers 4
"""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from secrets_file import following_client

import dstok

DAY = 24 * 60 * 60
logging.basicConfig(level=logging.INFO)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Give each worker one client, for as long as the worker runs."""
    path = Path(os.environ["SECRETS_FILE"])
    async with following_client(path, max_expires_after=30 * DAY, retries=1) as client:
        app.state.dstok = client
        yield


app = FastAPI(lifespan=lifespan)


def client_of(request: Request) -> dstok.AsyncClient:
    client: dstok.AsyncClient = request.app.state.dstok
    return client


Client = Annotated[dstok.AsyncClient, Depends(client_of)]
Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def signed_in(client: Client, bearer: Bearer) -> dstok.types.Actor:
    """Return the actor of the request's token, or answer 401."""
    try:
        actor = await client.verify_token(bearer.credentials)
    except (dstok.TokenInvalid, dstok.BadPayload) as error:
        raise HTTPException(401, str(error)) from None
    if actor is None:
        raise HTTPException(401, "This is not a Datasette API token")
    return actor


class NewToken(BaseModel):
    """What a token is made of."""

    actor_id: str
    expires_after: int = 3600
    restrict_all: list[str] | None = None


@app.post("/tokens")
async def create_token(
    new: NewToken, client: Client, actor: Annotated[dstok.types.Actor, Depends(signed_in)]
) -> dict[str, Any]:
    """Make a token. Only root may."""
    if actor["id"] != "root" or "_r" in actor:
        raise HTTPException(403, "Only root makes tokens")
    token = await client.create_token(
        new.actor_id, expires_after=new.expires_after, restrict_all=new.restrict_all
    )
    return {"token": token, "worker": os.getpid()}


@app.get("/actor")
async def actor(actor: Annotated[dstok.types.Actor, Depends(signed_in)]) -> dict[str, Any]:
    """Respond with the actor of the token."""
    return {"actor": actor, "worker": os.getpid()}


@app.exception_handler(dstok.AnsweredError)
async def answered(request: Request, error: dstok.AnsweredError) -> JSONResponse:
    """A parameter was wrong, or a limit refused it."""
    return JSONResponse({"error": str(error), "kind": error.kind, "param": error.param}, 400)


@app.exception_handler(dstok.DstokError)
async def unavailable(request: Request, error: dstok.DstokError) -> JSONResponse:
    """dstok died, hangs or cannot be started. The next request may find it running again."""
    return JSONResponse({"error": "tokens are unavailable", "kind": error.kind}, 503)
