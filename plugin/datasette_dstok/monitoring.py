"""/-/dstok.json: which secrets are in use, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from datasette import Response

from .instance import instance_of
from .page import ACTION

if TYPE_CHECKING:
    from datasette import Request
    from datasette.app import Datasette

METHODS = ("GET", "HEAD")


async def secrets_in_use(datasette: Datasette, request: Request) -> Response:
    """Return the Report as JSON. 403 without the permission dstok-inspect."""
    if request.method not in METHODS:
        return Response.error("Method not allowed", 405, headers={"Allow": ", ".join(METHODS)})
    await datasette.ensure_permission(action=ACTION, actor=request.actor)
    instance = instance_of(datasette)
    report = await instance.usage.report(datasette)
    return Response.json(
        {
            "ok": True,
            "safe_after_days": instance.options.safe_after_days,
            **asdict(report),
        },
        headers={"Cache-Control": "no-store"},
    )
