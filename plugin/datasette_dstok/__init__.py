"""Datasette plugin: rotate the secret, inspect tokens, make tokens within limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any

from datasette import hookimpl
from datasette.permissions import Action

from . import events, handlers, limits, monitoring, page, refused, sessions, unsign
from .instance import instance_of

if TYPE_CHECKING:
    from datasette import Request
    from datasette.app import Datasette


@hookimpl(tryfirst=True)
def startup(datasette: Datasette) -> None:
    """Read the configuration, and let `datasette.unsign` know old secrets.

    A mistake in the configuration stops Datasette from starting. This goes before what other
    plugins do at startup, so that theirs is signed and unsigned with the old secrets, too.
    """
    instance = instance_of(datasette)
    unsign.wrap(datasette, instance)
    instance.usage.start(datasette)


@hookimpl
async def shutdown(datasette: Datasette) -> None:
    """Save which secrets were used, and end the sidecars that were started."""
    instance = instance_of(datasette)
    try:
        await instance.usage.close(datasette)
    finally:
        await instance.sidecar.close()
        await instance.inspection.close()


@hookimpl(wrapper=True)
def register_token_handler(datasette: Datasette) -> Generator[None, list[Any], list[Any]]:
    """Add the handler `dstok`, and put the limits in Datasette's own if the options say so."""
    registered = yield
    return handlers.arrange(instance_of(datasette).options, registered)


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[sessions.App], sessions.App]:
    """Keep cookies valid that are signed with an old secret."""
    return lambda app: sessions.keep(datasette, app)


@hookimpl
def register_actions(datasette: Datasette) -> list[Action]:
    """Register the permission to use the page."""
    return [
        Action(
            name=page.ACTION,
            description="Inspect API tokens, and see which secrets are in use",
        )
    ]


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Register the pages, and the secrets in use as JSON."""
    return [
        (r"^/-/dstok$", page.inspect),
        (r"^/-/dstok/secrets$", page.secrets),
        (r"^/-/dstok\.json$", monitoring.secrets_in_use),
    ]


@hookimpl
def handle_exception(datasette: Datasette, request: Request, exception: Exception) -> Any:
    """Respond to a request for a refused token with what is allowed."""
    if isinstance(exception, limits.TokenRefused):
        return refused.answer(datasette, request, exception)
    return None


@hookimpl
def register_events() -> list[type]:
    """Register the events about old secrets and refused tokens."""
    return [events.OldSecretUsedEvent, events.TokensRefusedEvent]


@hookimpl
def menu_links(
    datasette: Datasette, actor: dict[str, Any] | None
) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    """Link to the page, for actors who have the permission."""

    async def links() -> list[dict[str, str]]:
        if await datasette.allowed(action=page.ACTION, actor=actor):
            return [{"href": datasette.urls.path("/-/dstok"), "label": "Inspect a token"}]
        return []

    return links
