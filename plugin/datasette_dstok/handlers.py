"""The token handlers: Datasette's own with old secrets, and `dstok` with limits."""

from datasette.tokens import SignedTokenHandler, TokenHandler, TokenInvalid

from . import limits
from .instance import instance_of
from .sidecar import NotRecorded, Refused, Unavailable

PREFIX = "dstok_"


def arrange(options, registered):
    """Return the handlers that Datasette shall use, in its order.

    `registered` is what all plugins returned: handlers, and lists of handlers. Datasette's own is
    replaced only if the configuration asks for something that it cannot do.
    """
    own = DstokTokenHandler()
    if options.old_secrets or options.replace_signed:
        registered = [
            [replace(one, options) for one in result]
            if isinstance(result, list)
            else replace(result, options)
            for result in registered
        ]
    return [own, *registered] if options.default_handler else [*registered, own]


def replace(handler, options):
    """Return what stands in for one handler."""
    if type(handler) is not SignedTokenHandler:
        return handler
    return GuardedSignedHandler() if options.replace_signed else RotatedSignedHandler()


class RotatedSignedHandler(SignedTokenHandler):
    """Datasette's own handler, which also accepts tokens signed with an old secret."""

    async def verify_token(self, datasette, token):
        """Return the actor, None for what is no signed token; raises TokenInvalid.

        A token signed with an old secret is signed anew and given to Datasette's own code, whose
        settings, restrictions and messages so hold for it.
        """
        instance = instance_of(datasette)
        secret = 0
        try:
            actor = await super().verify_token(datasette, token)
        except TokenInvalid:
            found = instance.old_secrets.load(token.removeprefix(PREFIX), "token")
            if found is None:
                raise
            secret, payload = found
            anew = PREFIX + datasette.sign(payload, namespace="token")
            actor = await super().verify_token(datasette, anew)
        if actor is not None:
            instance.usage.add("token", secret, token)
        return actor


class DstokTokenHandler(TokenHandler):
    """Mints signed tokens by the sidecar, within the limits.

    They are byte for byte those of Datasette's own handler, which verifies them.
    """

    name = "dstok"

    async def create_token(self, datasette, actor_id, *, expires_after=None, restrictions=None):
        """Return a token; `expires_after` is in seconds.

        Raises TokenRefused, a ValueError that Datasette answers with 400, or 503 when the audit
        log cannot be had; ValueError if signed tokens are disabled.
        """
        instance = instance_of(datasette)
        options = instance.options
        expires_after = expires_after or options.default_expires_after
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

    async def verify_token(self, datasette, token):
        """Return None: the handler `signed` verifies these tokens."""
        return None


class GuardedSignedHandler(RotatedSignedHandler):
    """Stands in for `signed`, so that the limits hold for whoever asks for it by name."""

    async def create_token(self, datasette, actor_id, *, expires_after=None, restrictions=None):
        """Return a token, as the handler `dstok` does."""
        return await DstokTokenHandler().create_token(
            datasette, actor_id, expires_after=expires_after, restrictions=restrictions
        )
