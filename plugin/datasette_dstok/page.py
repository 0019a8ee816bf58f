"""The page /-/dstok: what is this token, and which secrets are in use?"""

from datasette import Response

from . import explain
from .handlers import PREFIX
from .instance import instance_of
from .sidecar import Refused, Unavailable

ACTION = "dstok-inspect"

# Characters: as much as common servers take in a header. The payload of a hostile
# token, which is shown whatever its signature, may inflate to a thousand times that.
LONGEST = 8_192

METHODS = ("GET", "HEAD", "POST")


async def inspect(datasette, request):
    """Show the form, and for a POST what the token in it is. 403 without the permission."""
    if request.method not in METHODS:
        allowed = {"Allow": ", ".join(METHODS)}
        return Response.text("Method not allowed", status=405, headers=allowed)
    await datasette.ensure_permission(action=ACTION, actor=request.actor)
    instance = instance_of(datasette)
    context = {"secrets": secrets_in_use(instance), "since": explain.moment(instance.usage.since)}
    if request.method == "POST":
        form = await request.form()
        context["answer"] = await answer(datasette, instance, str(form.get("token") or ""))
    html = await datasette.render_template("dstok_inspect.html", context, request=request)
    return Response.html(html, headers={"Cache-Control": "no-store"})


async def answer(datasette, instance, pasted):
    """Return what the template shows about a token: a dict, see explain.token and explain.none."""
    token = pasted.strip()
    if not token:
        return explain.none("Paste a token first.")
    if len(token) > LONGEST:
        return explain.none("This is too long for a token.")
    try:
        found = await instance.sidecar.inspect_token(datasette, token)
    except Refused as refused:
        return explain.none(f"This cannot be a token: {refused}.")
    except Unavailable as unavailable:
        return explain.none(
            "Tokens cannot be inspected now, because the program dstok is not available: "
            f"{unavailable}. Datasette itself accepts and refuses tokens as always."
        )
    explained = explain.token(
        found, len(instance.secrets.old), datasette.setting("max_signed_tokens_ttl")
    )
    if found["status"] == "invalid" and len(token.partition(PREFIX)[2].split()) > 1:
        explained["notes"].append(explain.SPACED)
    return explained


def secrets_in_use(instance):
    """Return a row for the template for each secret: its name and what was seen of it."""
    return [
        {
            "name": explain.secret_name(number),
            **{kind: explain.seen(seen) for kind, seen in kinds.items()},
        }
        for number, kinds in enumerate(instance.usage.secrets)
    ]
