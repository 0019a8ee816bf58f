"""The pages /-/dstok and /-/dstok/secrets, about a token and about the secrets in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette import Request, Response

from . import explain, times
from .instance import Instance, instance_of
from .sidecar import Refused, Unavailable

if TYPE_CHECKING:
    from datasette.app import Datasette

ACTION = "dstok-inspect"

# Characters: as much as common servers take in a header.
LONGEST = 8_192

# The page's names for what is signed. Other kinds go by their namespace.
KINDS = {"cookies": "Sessions", "tokens": "API tokens"}


async def inspect(datasette: Datasette, request: Request) -> Response:
    """Show the form, and after a POST the explanation of its token. 403 without the permission."""
    if refused := await refusal(datasette, request, "GET", "HEAD", "POST"):
        return refused
    context: dict[str, Any] = {"create_token": create_token_url(datasette, request.actor)}
    heading = title = "Inspect a token"
    if request.method == "POST":
        form = await request.form()
        instance = instance_of(datasette)
        answer = await inspected(datasette, instance, str(form.get("token") or ""))
        title = f"{answer.title} \u2013 {heading}"
        context["answer"] = answer
    context |= {"heading": heading, "title": title}
    return await rendered(datasette, request, "dstok_inspect.html", context)


async def secrets(datasette: Datasette, request: Request) -> Response:
    """Show which secrets are in use, and which can be removed. 403 without the permission."""
    if refused := await refusal(datasette, request, "GET", "HEAD"):
        return refused
    report = await instance_of(datasette).usage.report(datasette)
    context = {"heading": "Secrets", "title": "Secrets", "report": report, "kinds": KINDS}
    context["moment"] = times.moment
    return await rendered(datasette, request, "dstok_secrets.html", context)


async def refusal(datasette: Datasette, request: Request, *methods: str) -> Response | None:
    """Return the response to a method that a page does not have, else None.

    Raises Forbidden without the permission.
    """
    if request.method not in methods:
        headers = {"Allow": ", ".join(methods)}
        return Response.text("Method not allowed", status=405, headers=headers)
    await datasette.ensure_permission(action=ACTION, actor=request.actor)
    return None


async def rendered(
    datasette: Datasette, request: Request, template: str, context: dict[str, Any]
) -> Response:
    """Return a page that caches must not store."""
    html = await datasette.render_template(template, context, request=request)
    return Response.html(html, headers={"Cache-Control": "no-store"})


async def inspected(datasette: Datasette, instance: Instance, pasted: str) -> explain.Answer:
    """Return the Answer about the pasted text."""
    token = pasted.strip()
    if not token:
        return explain.no_answer("No token", "Paste a token first.")
    if len(token) > LONGEST:
        return explain.no_answer("Too long", "This is too long for a token.")
    try:
        found = await instance.inspection.inspect_token(datasette, token)
    except Refused as refused:
        return explain.no_answer("Not a token", f"This cannot be a token: {refused}.")
    except Unavailable as unavailable:
        return explain.no_answer(
            "Not available",
            "Tokens cannot be inspected now, because the program dstok is not available: "
            f"{unavailable}. Datasette itself accepts and refuses tokens as usual.",
        )
    max_ttl = datasette.setting("max_signed_tokens_ttl")
    return explain.token(found, token, len(instance.secrets.old), max_ttl)


def create_token_url(datasette: Datasette, actor: dict[str, Any]) -> str | None:
    """Return the URL of Datasette's page that makes a token, None if it refuses this actor."""
    refuses = "token" in actor or "_r" in actor or not actor.get("id")
    if refuses or not datasette.setting("allow_signed_tokens"):
        return None
    return datasette.urls.path("/-/create-token")
