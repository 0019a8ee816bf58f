"""The processes `dstok serve`, started when first needed. Datasette also runs without them."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from datasette import TokenRestrictions
from datasette.version import __version__ as datasette_version

from .options import Options
from .secrets import Secrets

if TYPE_CHECKING:
    import dstok
    from datasette.app import Datasette

logger = logging.getLogger("datasette_dstok")

# Seconds for which a sidecar that failed is not asked for tokens again, so that
# requests do not wait for its timeout one after the other.
COOL_DOWN = 10.0

# Bytes of JSON in a token that is inspected. One of 8 kB may inflate to a thousand times that.
MAX_PAYLOAD = 1 << 20

# Seconds that an inspection gets at least, the start of the process included. Only the person
# who asked waits for it.
INSPECTION_TIMEOUT = 2.0

# Inspections at the same time. Datasette decodes their results in the thread that serves all
# requests, so more of them would delay other visitors.
MOST_INSPECTIONS = 2

# Errors with which the sidecar answers; with any other it is not available.
ANSWERS = (
    "policy",
    "invalid_params",
    "invalid_argument",
    "signed_tokens_disabled",
    "bad_payload",
    "too_large",
)

REASONS = {
    "binary_not_found": "it was not found",
    "version_mismatch": "its version does not match the package dstok",
    "process_died": "it could not be started, or it ended",
    "timeout": "it did not answer in time",
    "protocol_error": "its answers are not those of dstok",
}

# What the sidecar's refusal says before the reason, when it is not the token's fault.
NOT_RECORDED = "--audit-log cannot be written: "


class Unavailable(Exception):
    """The sidecar is not available now. The message says why, in a few words."""


class Refused(Exception):
    """The sidecar answered with an error. The message is the sidecar's own."""


class NotRecorded(Refused):
    """The sidecar made no token, because the audit log cannot be written. The message says why."""


class Warnings:
    """Logs one warning for each kind of failure, whichever sidecar it happens to."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()

    def warn(self, kind: str, message: str) -> None:
        """Log a warning, unless one of this kind was logged before."""
        if kind not in self._kinds:
            self._kinds.add(kind)
            logger.warning("datasette-dstok: %s", message)


class Sidecar:
    """A process for one Datasette instance, with its secrets, actions, settings and release."""

    def __init__(
        self,
        options: Options,
        secrets: Secrets,
        warnings: Warnings,
        **client_options: Any,
    ) -> None:
        """Start nothing yet. `client_options` are more options of `dstok.AsyncClient`."""
        self._options = options
        self._secrets = secrets
        self._warnings = warnings
        self._client_options = {"timeout": options.timeout, **client_options}
        self._client: dstok.AsyncClient | None = None

    async def close(self) -> None:
        """End the process, if there is one. A later call would start another."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def call(self, datasette: Datasette, method: str, *args: Any, **params: Any) -> Any:
        """Return the result of a method of the client. Raises Refused or Unavailable."""
        died = False
        while True:
            client = None
            try:
                if self._client is None:
                    self._client = self._new_client(datasette)
                client = self._client
                return await getattr(client, method)(*args, **params)
            except Unavailable:
                raise
            except Exception as error:  # whatever a broken package or binary may raise
                kind = getattr(error, "kind", type(error).__name__)
                if kind in ANSWERS:
                    raise Refused(str(error)) from None
                if died or kind != "process_died":
                    raise self._fail(error, kind, client) from None
                died = True  # once may happen to anyone: the client starts another

    def _new_client(self, datasette: Datasette) -> dstok.AsyncClient:
        if not datasette.actions:
            # Not started yet. Its tokens would have no abbreviations; no need to warn.
            raise Unavailable("Datasette has not started yet")
        import dstok  # here, since a broken package must not keep Datasette from starting

        return dstok.AsyncClient(
            secret=self._secrets.current.value,
            old_secrets=[secret.value for secret in self._secrets.old],
            datasette_version=datasette_version,
            actions=action_table(datasette),
            settings={
                "allow_signed_tokens": datasette.setting("allow_signed_tokens"),
                "max_signed_tokens_ttl": datasette.setting("max_signed_tokens_ttl"),
            },
            binary=self._options.binary,
            # A failure is warned of here, once, with what the program said last.
            log_level=logging.INFO,
            **self._client_options,
        )

    def _fail(self, error: Exception, kind: str, client: dstok.AsyncClient | None) -> Unavailable:
        """Warn of a failure, and return the exception to raise."""
        if kind == "timeout" and client is not None and client is self._client:
            # It hangs. To end it may take seconds, for which nobody needs to wait.
            threading.Thread(target=client.close, daemon=True).start()
            self._client = None
        why = " ".join(str(error).split()) or kind
        self._warnings.warn(
            kind, f"the program dstok is not available, so Datasette runs without it: {why}"
        )
        return Unavailable(REASONS.get(kind, f"there was an error ({kind})"))


class Minting(Sidecar):
    """Makes tokens within the limits. After a failure it pauses for a while."""

    def __init__(self, options: Options, secrets: Secrets, warnings: Warnings) -> None:
        super().__init__(
            options,
            secrets,
            warnings,
            max_expires_after=options.max_expires_after,
            known_actions_only=options.known_actions_only,
            audit_log=options.audit_log,
        )
        self._failure: Unavailable | None = None
        self._retry_at = 0.0

    async def create_token(
        self,
        datasette: Datasette,
        actor_id: str,
        expires_after: int | None,
        restrictions: TokenRestrictions | None,
    ) -> str:
        """Return a token; see DstokTokenHandler.create_token.

        Raises Refused, NotRecorded or Unavailable.
        """
        params: dict[str, Any] = {"expires_after": expires_after or None}
        if restrictions is not None:
            params["restrictions"] = {
                "all": restrictions.all,
                "database": restrictions.database,
                "resource": restrictions.resource,
            }
        if self._failure is not None and time.monotonic() < self._retry_at:
            raise Unavailable(*self._failure.args)
        try:
            return await self.call(datasette, "create_token", actor_id, **params)
        except Refused as refused:
            raise self._refusal(str(refused)) from None

    def _fail(self, error: Exception, kind: str, client: dstok.AsyncClient | None) -> Unavailable:
        self._failure = super()._fail(error, kind, client)
        self._retry_at = time.monotonic() + COOL_DOWN
        return self._failure

    def _refusal(self, message: str) -> Refused:
        """Return the exception to raise for an error that the sidecar answered."""
        _, unwritable, why = message.partition(NOT_RECORDED)
        if not unwritable:
            return Refused(message)
        self._warnings.warn(
            "audit_log", f"the audit log cannot be written, so no token is made: {why}"
        )
        return NotRecorded(why)


class Inspection(Sidecar):
    """Inspects pasted tokens. Its only limit is on their size.

    It has a process of its own: whatever a token does to it, making tokens continues.
    """

    def __init__(self, options: Options, secrets: Secrets, warnings: Warnings) -> None:
        super().__init__(
            options,
            secrets,
            warnings,
            timeout=max(options.timeout, INSPECTION_TIMEOUT),
            serve_options=[f"--max-payload={MAX_PAYLOAD}"],
        )
        self._turns = asyncio.Semaphore(MOST_INSPECTIONS)

    async def inspect_token(self, datasette: Datasette, token: str) -> dict[str, Any]:
        """Return the result of dstok's method inspect_token. Raises Refused or Unavailable."""
        async with self._turns:
            return await self.call(datasette, "inspect_token", token)


def action_table(datasette: Datasette) -> dict[str, Any]:
    """Return the actions of this Datasette, as its /-/actions.json has them."""
    return {
        "ok": True,
        "actions": [
            {
                "name": action.name,
                "abbr": action.abbr,
                "resource_class": action.resource_class.__name__ if action.resource_class else None,
            }
            for action in datasette.actions.values()
        ],
    }
