"""The response to a request for a token that a limit forbids: a page, or JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette import Request, Response
from datasette.utils import add_cors_headers

from . import limits
from .instance import instance_of

if TYPE_CHECKING:
    from datasette.app import Datasette

TITLE = "No token was made"


async def answer(
    datasette: Datasette, request: Request, refused: limits.TokenRefused
) -> Response | None:
    """Return the response, or None to leave it to Datasette, as for paths that end in .json."""
    if request.path.endswith((".json", ".csv")) or request.method != "POST":
        return None
    if wants_json(request):
        headers: dict[str, str] = {}
        if datasette.cors:
            add_cors_headers(headers)
        return Response.error(str(refused), refused.status, headers=headers)
    form = datasette.urls.path("/-/create-token")
    context = {
        "title": TITLE,
        "heading": TITLE,
        "asked": refused.asked,
        "allowed": list(limits.allowed(instance_of(datasette).options)) if refused.is_limit else [],
        "form": form if request.path == form else None,
    }
    html = await datasette.render_template("dstok_refused.html", context, request=request)
    return Response.html(html, status=refused.status, headers={"Cache-Control": "no-store"})


def wants_json(request: Request) -> bool:
    """Tell whether a program asks: it sends JSON, or accepts JSON and no HTML."""
    accepted = request.headers.get("accept", "")
    sent = request.headers.get("content-type", "").partition(";")[0].strip()
    return sent == "application/json" or (
        "application/json" in accepted and "text/html" not in accepted
    )
