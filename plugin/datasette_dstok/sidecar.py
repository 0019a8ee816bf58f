"""The process `dstok serve`: started at the first need, and done without if it fails."""

import logging
import threading
import time

from datasette.version import __version__ as datasette_version

logger = logging.getLogger("datasette_dstok")

# Seconds for which a sidecar that failed is not asked for tokens again, so that
# requests do not wait for its timeout one after the other.
COOL_DOWN = 10.0

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
    "version_mismatch": "it is not of the version that belongs to the package dstok",
    "process_died": "it could not be started, or ended",
    "timeout": "it did not answer in time",
    "protocol_error": "it does not answer as dstok does",
}

# What the sidecar's refusal says before the reason, when it is not the token's fault.
NOT_RECORDED = "--audit-log cannot be written: "


class Unavailable(Exception):
    """The sidecar cannot be had now; the message says why, in a few words."""


class Refused(Exception):
    """The sidecar answered with an error; the message is the sidecar's own."""


class NotRecorded(Refused):
    """The sidecar made no token, since the audit log cannot be written; the message says why."""


class Sidecar:
    """The sidecar of one Datasette instance, set to its secrets, actions, settings and release."""

    def __init__(self, options, secrets):
        self._options = options
        self._secrets = secrets
        self._client = None
        self._failure = None
        self._retry_at = 0.0
        self._warned = set()

    async def create_token(self, datasette, actor_id, expires_after, restrictions):
        """Return a token; see DstokTokenHandler.create_token. Raises Refused or Unavailable."""
        params = {"expires_after": expires_after or None}
        if restrictions is not None:
            params["restrictions"] = {
                "all": restrictions.all,
                "database": restrictions.database,
                "resource": restrictions.resource,
            }
        if time.monotonic() < self._retry_at:
            raise Unavailable(self._failure)
        return await self._call(datasette, "create_token", actor_id, **params)

    async def inspect_token(self, datasette, token):
        """Return the result of inspect_token (dict). Raises Refused or Unavailable."""
        return await self._call(datasette, "inspect_token", token)

    async def close(self):
        """End the process, if there is one. A later call would start another."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _call(self, datasette, method, *args, **params):
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
                    raise self._refuse(str(error)) from None
                if died or kind != "process_died":
                    raise self._fail(error, kind, client) from None
                died = True  # once may happen to anyone: the client starts another

    def _new_client(self, datasette):
        if not datasette.actions:
            # Not started yet. Its tokens would have no abbreviations; no need to warn.
            raise Unavailable("Datasette has not started yet")
        import dstok  # here, since a broken package must not keep Datasette from starting

        options = self._options
        return dstok.AsyncClient(
            secret=self._secrets.current.value,
            old_secrets=[secret.value for secret in self._secrets.old],
            datasette_version=datasette_version,
            actions=action_table(datasette),
            settings={
                name: datasette.setting(name)
                for name in ("allow_signed_tokens", "max_signed_tokens_ttl")
            },
            max_expires_after=options.max_expires_after,
            known_actions_only=options.known_actions_only,
            audit_log=options.audit_log,
            binary=options.binary,
            timeout=options.timeout,
            # A failure is warned of here, once, with what the program said last.
            log_level=logging.INFO,
        )

    def _refuse(self, message):
        """Return what to raise for an error that the sidecar answered."""
        _, unwritable, why = message.partition(NOT_RECORDED)
        if not unwritable:
            return Refused(message)
        self._warn("audit_log", f"the audit log cannot be written, no token is made: {why}")
        return NotRecorded(why)

    def _fail(self, error, kind, client):
        """Remember a failure, warn once for each kind of it, and return what to raise."""
        if kind == "timeout" and client is self._client:
            # It hangs. To end it may take seconds, for which nobody needs to wait.
            threading.Thread(target=client.close, daemon=True).start()
            self._client = None
        self._failure = REASONS.get(kind, f"there was an error ({kind})")
        self._retry_at = time.monotonic() + COOL_DOWN
        why = " ".join(str(error).split()) or kind
        self._warn(kind, f"the program dstok is not available, Datasette goes on without it: {why}")
        return Unavailable(self._failure)

    def _warn(self, kind, message):
        """Log a warning, once for each kind."""
        if kind not in self._warned:
            self._warned.add(kind)
            logger.warning("datasette-dstok: %s", message)


def action_table(datasette):
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
