"""What both clients have in common: their options."""

from __future__ import annotations

import enum
import json
import logging
import math
import os
import weakref
from typing import Any, NoReturn

from . import types
from ._configuration import Configuration, limits_tokens, zlib_flavour
from ._connection import Connection
from ._errors import InvalidArgument
from ._protocol import as_json


class Default(enum.Enum):
    """Stands for an argument that was not given, where None means something."""

    DEFAULT = "the client's"

    def __repr__(self) -> str:
        return self.value


DEFAULT = Default.DEFAULT
Timeout = float | Default | None
"""Seconds to wait for an answer (float), including a start, in place of the client's timeout.
None means no limit. It ends the wait, not the start, which the client's timeout limits."""


class BaseClient:
    """What Client and AsyncClient have in common."""

    def __init__(
        self,
        *,
        secret: str | None = None,
        old_secrets: types.OldSecrets = (),
        datasette_version: str | None = None,
        actions: types.ActionTable = None,
        settings: types.GivenSettings | None = None,
        zlib: types.ZlibName | None = None,
        itsdangerous: types.ItsdangerousVersion | None = None,
        require_expiry: bool = False,
        max_expires_after: int | None = None,
        known_actions_only: bool = False,
        audit_log: str | os.PathLike[str] | None = None,
        binary: str | os.PathLike[str] | None = None,
        timeout: float | None = 30.0,
        retries: int = 0,
        max_backoff: float = 2.0,
        log_level: int = logging.WARNING,
        serve_options: types.SequenceNotStr[str] = (),
    ) -> None:
        """Nothing is started before the first call.

        Args:
            secret: the signing secret (str). None: that of the environment, `DATASETTE_SECRET`;
                with neither, methods that need one raise NoSecret. It goes through a pipe, and is
                neither in the arguments nor in the environment of the process.
            old_secrets: secrets that still verify but never sign (sequence of str), newest first.
            datasette_version: the release of Datasette to reproduce (str). None: the newest known.
            actions: abbreviations of actions instead of that release's: the body of
                `/-/actions.json`, a mapping of names to abbreviations, or "none".
            settings: `allow_signed_tokens` (bool), `max_signed_tokens_ttl` (seconds, 0: no limit).
            zlib: whose bytes compressed payloads carry, "zlib" or "zlib-ng". None: those of this
                Python.
            itsdangerous: "2.2", or "1.1" to accept SHA-512 signatures too.
            require_expiry: refuse tokens that never expire.
            max_expires_after: refuse tokens that work for more seconds from now on (int).
            known_actions_only: refuse restrictions to actions that are not known.
            audit_log: a file to record each minted token in (str or path).
            binary: the path of the binary. None: see `find_binary`.
            timeout: seconds to wait for an answer (float), including a start; None means no limit.
                A start may take as long.
            retries: how often (int) a call is sent again when the process dies before it answers;
                never `configure`. With `audit_log`, each time may record a token.
            max_backoff: the most seconds (float) to wait before a start, after several processes in
                a row that could not be started or died within seconds.
            log_level: the level (int) at which the logger `dstok` gets what the process writes to
                stderr, and that it hung or did not end by itself. A start is logged at INFO, an
                unexpected death at WARNING.
            serve_options: further options of `dstok serve` (sequence of str), such as
                `["--max-line=100000000"]`. Others see them, so no secret belongs there.

        Raises InvalidArgument for secrets, settings, timeouts and options of the wrong kind.
        """
        unless = InvalidArgument.unless
        unless(isinstance(log_level, int), "log_level", "must be an int, as in logging")
        unless(isinstance(max_backoff, int | float), "max_backoff", "must be seconds")
        unless(isinstance(retries, int) and retries >= 0, "retries", "must be an int, at least 0")
        is_str = isinstance(serve_options, str)
        unless(not is_str, "serve_options", "must be a list of strings, not a string")
        limits = {
            "--require-expiry": require_expiry,
            f"--max-expires-after={max_expires_after}": max_expires_after is not None,
            "--known-actions-only": known_actions_only,
            f"--audit-log={audit_log and os.fspath(audit_log)}": audit_log is not None,
        }
        options = [*serve_options, *(option for option, is_given in limits.items() if is_given)]
        at_start = limits_tokens(options)
        changes = given(
            {"zlib": zlib or zlib_flavour()},
            secret=secret,
            old_secrets=old_secrets or None,
            datasette_version=datasette_version,
            actions=actions,
            settings=settings,
            itsdangerous=itsdangerous,
        )
        Configuration((), None, {}).check(changes)
        changes = json.loads(as_json(changes))  # whatever becomes of the caller's
        first_actions = changes.pop("actions", None) if at_start else None
        configuration = Configuration(options, first_actions, {})
        self._retries = retries
        self._timeout = _checked(timeout)
        self._connection = Connection(
            configuration.changed(changes),
            None if binary is None else os.fspath(binary),
            timeout,
            max_backoff,
            log_level,
        )
        weakref.finalize(self, self._connection.abandon).atexit = False

    @property
    def pid(self) -> int | None:
        """The process id of the sidecar that runs now (int), None if none does."""
        return self._connection.pid

    def close(self) -> None:
        """End the sidecar once it has answered what was sent, and wait for that.

        Later calls raise ClientClosed.
        """
        self._connection.close()

    def __repr__(self) -> str:
        state = "closed" if self._connection.closed.is_set() else f"pid={self.pid}"
        return f"<dstok.{type(self).__name__} {state}>"

    def __reduce__(self) -> NoReturn:
        """Raises TypeError: `copy` and `pickle` ask for what would make another one."""
        raise TypeError(
            f"a dstok.{type(self).__name__} cannot be copied or pickled: it holds a process and "
            "perhaps a secret. Make one in each process; threads can share one"
        )

    def _seconds(self, timeout: Timeout) -> float | None:
        return self._timeout if isinstance(timeout, Default) else _checked(timeout)


def _checked(timeout: float | None) -> float | None:
    """Return a timeout. Raises InvalidArgument if it is none."""
    is_seconds = isinstance(timeout, int | float) and timeout <= math.inf
    InvalidArgument.unless(timeout is None or is_seconds, "timeout", "must be seconds, or None")
    return timeout


def given(required: dict[str, Any], **optional: object) -> Any:
    """Return params (dict): those required, and of the others those that are not None."""
    required.update((name, value) for name, value in optional.items() if value is not None)
    return required
