"""The token handlers: `dstok`, and a replacement with limits for Datasette's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette import TokenRestrictions
from datasette.tokens import SignedTokenHandler, TokenHandler

from . import credentials, limits
from .instance import instance_of
from .options import Options
from .sidecar import NotRecorded, Refused, Unavailable

if TYPE_CHECKING:
    from datasette.app import Datasette


def arrange(options: Options, registered: list[Any]) -> list[Any]:
    """Return the handlers that Datasette uses, in its order.

    `registered` is what all plugins returned: handlers, and lists of handlers. Datasette's own is
    replaced only if the configuration asks for it.
    """
    own = DstokTokenHandler()
    if options.replace_signed:
        registered = [
            [replace(one) for one in result] if isinstance(result, list) else replace(result)
            for result in registered
        ]
    return [own, *registered] if options.default_handler else [*registered, own]


def replace(handler: Any) -> Any:
    """Return the replacement of one handler."""
    return GuardedSignedHandler() if type(handler) is SignedTokenHandler else handler


class DstokTokenHandler(TokenHandler):
    """Makes signed tokens with the sidecar, within the limits.

    They are byte for byte those of Datasette's own handler, which verifies them.
    """

    name = "dstok"

    async def create_token(
        self,
        datasette: Datasette,
        actor_id: str,
        *,
        expires_after: int | None = None,
        restrictions: TokenRestrictions | None = None,
    ) -> str:
        """Return a token; `expires_after` is in seconds.

        Raises TokenRefused, a ValueError that Datasette answers with 400, or 503 when the audit
        log cannot be had; ValueError if signed tokens are disabled.
        """
        instance = instance_of(datasette)
        options = instance.options
        if options.replace_signed:
            refuse_old_secret()
        expires_after = whole(expires_after or options.default_expires_after)
        restrictions = in_lists(restrictions)
        # Looked at here as well as in the sidecar: they hold without it, too.
        limits.check(options, datasette.actions, expires_after, restrictions)
        try:
            return await instance.sidecar.create_token(
                datasette, actor_id, expires_after, restrictions
            )
        except NotRecorded as why:
            raise limits.AuditLogUnavailable(why) from None
        except Refused as refused:
            raise limits.TokenRefused(str(refused)) from None
        except Unavailable as unavailable:
            if options.audit_log:
                raise limits.AuditLogUnavailable(unavailable) from None
        return await SignedTokenHandler().create_token(
            datasette, actor_id, expires_after=expires_after, restrictions=restrictions
        )

    async def verify_token(self, datasette: Datasette, token: str) -> None:
        """Return None: the handler `signed` verifies these tokens."""
        return None


def refuse_old_secret() -> None:
    """Raise SessionRefused in a request that goes back to an old secret, and in its tasks.

    Its session ends when that secret is revoked. A token that it had made would not.
    """
    if credentials.old_secrets():
        raise limits.SessionRefused(
            "This session began before Datasette's secret was changed. "
            "Log out and log in again to create tokens"
        )


def whole(expires_after: Any) -> Any:
    """Return an integer for any kind of integer that Datasette takes, an IntEnum for one."""
    if isinstance(expires_after, int) and not isinstance(expires_after, bool):
        return int(expires_after)
    return expires_after


def in_lists(restrictions: TokenRestrictions | None) -> TokenRestrictions | None:
    """Return TokenRestrictions with lists of names: Datasette takes sets and iterators, too."""
    if restrictions is None:
        return None
    return TokenRestrictions(
        all=in_list(restrictions.all),
        database={name: in_list(actions) for name, actions in restrictions.database.items()},
        resource={
            database: {name: in_list(actions) for name, actions in resources.items()}
            for database, resources in restrictions.resource.items()
        },
    )


def in_list(actions: Any) -> Any:
    """Return the names of actions in a list. A string, which is a mistake, is left to dstok."""
    return actions if isinstance(actions, str) else list(actions)


class GuardedSignedHandler(SignedTokenHandler):
    """Replaces `signed`, so that the limits apply to callers that name it."""

    async def create_token(
        self,
        datasette: Datasette,
        actor_id: str,
        *,
        expires_after: int | None = None,
        restrictions: TokenRestrictions | None = None,
    ) -> str:
        """Return a token, as the handler `dstok` does."""
        return await DstokTokenHandler().create_token(
            datasette, actor_id, expires_after=expires_after, restrictions=restrictions
        )
