"""The limits on tokens, as the configuration sets them."""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from datasette import TokenRestrictions
from datasette.utils.asgi import BadRequest

from .options import Options
from .times import in_days_and_hours

SHOWN = 40
"""How many characters of a name are shown and compared. It may be megabytes long."""


class TokenRefused(ValueError, BadRequest):
    """A limit forbids this token. Datasette answers it with 400 and the message.

    `asked` says the same to a person who filled in a form. `is_limit` is False if no other request
    would be granted either.
    """

    is_limit = True

    def __init__(self, message: str, asked: str | None = None) -> None:
        super().__init__(message)
        self.asked = asked or message


class SessionRefused(TokenRefused):
    """This session may make no token at all. Answered with 400."""

    is_limit = False


class AuditLogUnavailable(TokenRefused):
    """The audit log cannot record the token, so no token is made. Answered with 503."""

    status = 503
    is_limit = False

    def __init__(self, why: object) -> None:
        super().__init__(f"No token was made: the audit log cannot be written now ({why})")


def check(
    options: Options,
    actions: Collection[str],
    expires_after: object,
    restrictions: TokenRestrictions | None,
) -> None:
    """Raise TokenRefused if a token is outside the limits.

    `actions` are those of this Datasette, by name; `expires_after` is in seconds, None or 0 for a
    token that never expires; `restrictions` are TokenRestrictions or None.
    """
    longest = options.max_expires_after
    if longest:
        check_end(expires_after, longest)
    if options.known_actions_only and restrictions is not None:
        for action in named(restrictions):
            if not isinstance(action, str) or action not in actions:
                raise TokenRefused(unknown(action, actions))


def check_end(expires_after: object, longest: int) -> None:
    """Raise TokenRefused unless a token expires within the limit in seconds."""
    if not expires_after:
        raise TokenRefused(
            f"Tokens must expire here, after at most {longest} seconds",
            "You asked for a token that never expires.",
        )
    if not isinstance(expires_after, int) or isinstance(expires_after, bool):
        raise TokenRefused("expires_after must be a whole number of seconds")
    if expires_after > longest:
        raise TokenRefused(
            f"expires_after must be at most {longest} seconds here",
            f"You asked for a token that expires after {in_days_and_hours(expires_after)}.",
        )


def allowed(options: Options) -> Iterator[str]:
    """Yield sentences that say which tokens are within the limits."""
    if options.max_expires_after:
        longest = in_days_and_hours(options.max_expires_after)
        yield f"A token must expire, after at most {longest}."
    if options.default_expires_after:
        default = in_days_and_hours(options.default_expires_after)
        yield f"A token without a chosen expiry expires after {default}."
    if options.known_actions_only:
        yield "A token can be restricted only to actions that this Datasette has."


def named(restrictions: TokenRestrictions) -> Iterator[str]:
    """Yield every name of an action in TokenRestrictions."""
    yield from restrictions.all
    for names in restrictions.database.values():
        yield from names
    for resources in restrictions.resource.values():
        for names in resources.values():
            yield from names


def unknown(action: object, actions: Iterable[str]) -> str:
    """Return the message for an unknown action, with the nearest name."""
    name = str(action)
    shown = name if len(name) <= SHOWN else f"{name[:SHOWN]}…"
    nearest = get_close_matches(name[:SHOWN], actions, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return f"This Datasette has no action {shown!r}{hint}"
