"""Datasette plugin: rotate the secret, inspect tokens, mint them within limits."""

from datasette import hookimpl
from datasette.permissions import Action

from . import events, handlers, limits, monitoring, page, refused, sessions, unsign
from .instance import instance_of


@hookimpl(tryfirst=True)
def startup(datasette):
    """Read the configuration, and let `datasette.unsign` know old secrets.

    A mistake in the configuration stops Datasette from starting. This goes before what other
    plugins do at startup, so that theirs is signed and unsigned with the old secrets, too.
    """
    instance = instance_of(datasette)
    unsign.wrap(datasette, instance)
    instance.usage.start(datasette)


@hookimpl
async def shutdown(datasette):
    """Write down which secrets were used, and end the sidecars that were started."""
    instance = instance_of(datasette)
    try:
        await instance.usage.close(datasette)
    finally:
        await instance.sidecar.close()
        await instance.inspection.close()


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
    """Register the pages, and the secrets in use as JSON."""
    return [
        (r"^/-/dstok$", page.inspect),
        (r"^/-/dstok/secrets$", page.secrets),
        (r"^/-/dstok\.json$", monitoring.secrets_in_use),
    ]


@hookimpl
def handle_exception(datasette, request, exception):
    """Answer a refused token with what is allowed."""
    if isinstance(exception, limits.TokenRefused):
        return refused.answer(datasette, request, exception)
    return None


@hookimpl
def register_events():
    """Register the events that tell of old secrets and of refused tokens."""
    return [events.OldSecretUsedEvent, events.TokensRefusedEvent]


@hookimpl
def menu_links(datasette, actor):
    """Link to the page, for those who may use it."""

    async def links():
        if await datasette.allowed(action=page.ACTION, actor=actor):
            return [{"href": datasette.urls.path("/-/dstok"), "label": "Inspect a token"}]
        return []

    return links
