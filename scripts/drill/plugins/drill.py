"""A plugin for drills: signed links and flows as plugins have them, and GitHub on loopback."""

import os
import secrets
from types import SimpleNamespace

import httpx
from datasette import Response, hookimpl
from datasette_auth_github import views
from itsdangerous import BadSignature


class ToLoopback(httpx.AsyncHTTPTransport):
    """Sends every request to the faked GitHub."""

    async def handle_async_request(self, request):
        port = int(os.environ["GITHUB_PORT"])
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port)
        return await super().handle_async_request(request)


# Its option `host` takes no scheme, and it has no other for GitHub's address.
views.httpx = SimpleNamespace(AsyncClient=lambda: httpx.AsyncClient(transport=ToLoopback()))


async def export_link(datasette):
    """Return a link that allows an export to whoever has it."""
    return Response.text("/-/drill/export?link=" + datasette.sign({"table": "plants"}, "export"))


async def export(datasette, request):
    """Export, if the link is right."""
    try:
        allowed = datasette.unsign(request.args.get("link") or "", "export")
    except BadSignature:
        return Response.text("this link is not valid", status=403)
    return Response.text(f"here is {allowed['table']}")


async def begin(datasette):
    """Begin a login elsewhere: a cookie, and the same in the state that comes back."""
    nonce = secrets.token_hex(8)
    response = Response.text("/-/drill/end?state=" + datasette.sign(nonce, "drill-state"))
    response.set_cookie("drill_flow", datasette.sign(nonce, "drill-flow"), httponly=True)
    return response


async def end(datasette, request):
    """End it, if cookie and state belong together."""
    try:
        cookie = datasette.unsign(request.cookies.get("drill_flow", ""), "drill-flow")
        state = datasette.unsign(request.args.get("state") or "", "drill-state")
    except BadSignature:
        return Response.text("begin again", status=403)
    return Response.text("done" if cookie == state else "mixed up")


@hookimpl
def register_routes():
    """Register the pages."""
    return [
        (r"^/-/drill/export-link$", export_link),
        (r"^/-/drill/export$", export),
        (r"^/-/drill/begin$", begin),
        (r"^/-/drill/end$", end),
    ]
