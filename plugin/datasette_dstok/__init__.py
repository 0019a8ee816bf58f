"""Datasette plugin: rotate the secret, inspect tokens, mint them within limits."""

from datasette import hookimpl
from datasette.permissions import Action

from . import handlers, page, sessions, unsign
from .instance import instance_of


@hookimpl(tryfirst=True)
def startup(datasette):
    """Read the configuration, and let `datasette.unsign` know old secrets.

    A mistake in the configuration stops Datasette from starting. This goes before what other
    plugins do at startup, so that theirs is signed and unsigned with the old secrets, too.
    """
    unsign.wrap(datasette, instance_of(datasette))


@hookimpl
async def shutdown(datasette):
    """End the sidecar, if one was started."""
    await instance_of(datasette).sidecar.close()


@hookimpl(wrapper=True)
def register_token_handler(datasette):
    """Add the handler `dstok`, and put the limits in Datasette's own if the options say so."""
    registered = yield
    return handlers.arrange(instance_of(datasette).options, registered)


@hookimpl
def asgi_wrapper(datasette):
    """Keep cookies valid that are signed with an old secret."""
    return lambda app: sessions.keep(datasette, app)


@hookimpl
def register_actions(datasette):
    """Register the permission to use the page."""
    return [
        Action(
            name=page.ACTION,
            description="Inspect API tokens, and see which secrets are in use",
        )
    ]


@hookimpl
def register_routes():
    """Register the page."""
    return [(r"^/-/dstok$", page.inspect)]


@hookimpl
def menu_links(datasette, actor):
    """Link to the page, for those who may use it."""

    async def links():
        if await datasette.allowed(action=page.ACTION, actor=actor):
            return [{"href": datasette.urls.path("/-/dstok"), "label": "Inspect a token"}]
        return []

    return links
