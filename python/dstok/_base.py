"""The base class of both clients, with their options."""

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
    """Marks an argument that was not given, where None has a meaning."""

    DEFAULT = "the client's"

    def __repr__(self) -> str:
        return self.value


DEFAULT = Default.DEFAULT
Timeout = float | Default | None
"""Seconds to wait for an answer (float), including a start, in place of the client's timeout.
None means no limit. It ends the wait, not the start, which the client's timeout limits."""


class BaseClient:
    """The base class of Client and AsyncClient."""

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
        """The first call starts the process.

        Args:
            secret: the signing secret (str). By default that of the environment,
                `DATASETTE_SECRET`. Without either, methods that need it raise NoSecret. It is sent
                through a pipe, never in the arguments or the environment of the process.
            old_secrets: secrets that verify but never sign (sequence of str), newest first.
            datasette_version: the release of Datasette to reproduce (str). By default the newest.
            actions: abbreviations of actions that replace the release's: the body of
                `/-/actions.json`, a mapping from names to abbreviations, or "none".
            settings: `allow_signed_tokens` (bool), `max_signed_tokens_ttl` (seconds, 0: no limit).
            zlib: the zlib to reproduce, byte for byte, in compressed payloads: "zlib" or
                "zlib-ng". By default the one of this Python.
            itsdangerous: "2.2", or "1.1" to also accept SHA-512 signatures.
            require_expiry: refuse tokens that never expire.
            max_expires_after: refuse tokens that work for more than this many seconds (int).
            known_actions_only: refuse restrictions to unknown actions.
            audit_log: a file in which to record each new token (str or path).
            binary: the path of the binary. By default what `find_binary` returns.
            timeout: seconds to wait for a response (float), including a start. None means no
                limit. A start has the same limit.
            retries: how many times to send a call again if the process dies before it answers
                (int). `configure` is never repeated. With `audit_log`, each attempt may record a
                token.
            max_backoff: the longest wait in seconds (float) before a start, after several processes
                in a row failed to start or died within seconds.
            log_level: the level (int) at which the logger `dstok` logs the process's stderr, hangs
                and forced stops. Starts are logged at INFO, unexpected exits at WARNING.
            serve_options: more options of `dstok serve` (sequence of str), such as
                `["--max-line=100000000"]`. Other users can see them, so pass no secret here.

        Raises InvalidArgument for secrets, settings, timeouts and options of the wrong type.
        """
        unless = InvalidArgument.unless
        unless(isinstance(log_level, int), "log_level", "must be an int, such as logging.INFO")
        unless(isinstance(max_backoff, int | float), "max_backoff", "must be a number of seconds")
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
        """The process ID of the running sidecar (int), or None if none runs."""
        return self._connection.pid

    def close(self) -> None:
        """End the sidecar after it has answered every request, and wait until it has ended.

        Later calls raise ClientClosed.
        """
        self._connection.close()

    def __repr__(self) -> str:
        state = "closed" if self._connection.closed.is_set() else f"pid={self.pid}"
        return f"<dstok.{type(self).__name__} {state}>"

    def __reduce__(self) -> NoReturn:
        """Raise TypeError, because a client can be neither copied nor pickled."""
        raise TypeError(
            f"a dstok.{type(self).__name__} cannot be copied or pickled: it holds a process and "
            "perhaps a secret. Make one in each process; threads can share one"
        )

    def _seconds(self, timeout: Timeout) -> float | None:
        return self._timeout if isinstance(timeout, Default) else _checked(timeout)


def _checked(timeout: float | None) -> float | None:
    """Return a timeout. Raises InvalidArgument if it is not valid."""
    is_seconds = isinstance(timeout, int | float) and timeout <= math.inf
    must = "must be a number of seconds or None"
    InvalidArgument.unless(timeout is None or is_seconds, "timeout", must)
    return timeout


def given(required: dict[str, Any], **optional: object) -> Any:
    """Return params (dict): the required ones, and the optional ones that are not None."""
    required.update((name, value) for name, value in optional.items() if value is not None)
    return required
