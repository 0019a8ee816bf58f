"""How sidecars are configured: their command, their environment, the params of `configure`."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import zlib as python_zlib
from collections.abc import Generator, Mapping
from typing import IO, Any

from ._errors import InvalidParams
from ._protocol import as_json
from ._types import ActionTable, OldSecrets, SequenceNotStr

_LIMITS = ("--require-expiry", "--max-expires-after", "--known-actions-only", "--audit-log")
_FOR_STARTING = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Environment variables that a process gets: where programs and shared libraries are."""
_SECRETS_OF_THE_ENVIRONMENT = ("DATASETTE_SECRET", "DSTOK_OLD_SECRETS")
"""Those that it also gets if the client has no secret."""


def zlib_flavour() -> str:
    """Return whose zlib this Python is linked with: "zlib-ng" or "zlib"."""
    runtime = python_zlib.ZLIB_RUNTIME_VERSION
    if hasattr(python_zlib, "ZLIBNG_VERSION") or runtime.endswith(".zlib-ng"):
        return "zlib-ng"
    return "zlib"


class Configuration:
    """What a client was told, for every sidecar that it starts. Its repr shows no secret."""

    def __init__(self, options: SequenceNotStr[str], actions: ActionTable = None) -> None:
        """`options` are those of `dstok serve`. `actions` are given to it at its start."""
        self._options = list(options)
        self._actions: ActionTable = actions
        self._secret: str | None = None
        self._old_secrets: tuple[str, ...] = ()
        self._rest: dict[str, Any] = {}

    def command(self, binary: str, actions: int | None) -> list[str]:
        """Return the command line; no secret is in it.

        `actions` is what `actions_file` yields.
        """
        given = [] if actions is None else [f"--actions=/dev/fd/{actions}"]
        return [binary, "serve", *self._options, *given]

    @contextlib.contextmanager
    def actions_file(self) -> Generator[int | None]:
        """Yield a descriptor from which the process reads actions at its start, or None.

        Raises OSError, InvalidParams.
        """
        if self._actions is None:
            yield None
            return
        table: Any = {} if self._actions == "none" else self._actions
        with _scratch_file() as file:
            file.write(as_json(table))
            file.seek(0)
            yield file.fileno()

    def environ(self) -> dict[str, str]:
        """Return the environment: what it takes to start the binary, and nothing else that this
        process was told. The secrets in it count only if the client was given none."""
        secrets = _SECRETS_OF_THE_ENVIRONMENT if self._secret is None else ()
        names = [*_FOR_STARTING, *secrets]
        return {name: os.environ[name] for name in names if name in os.environ}

    def changed(
        self,
        *,
        secret: str | None = None,
        old_secrets: OldSecrets | None = None,
        **rest: Any,
    ) -> Configuration:
        """Return a copy with changes; None changes nothing. A new secret drops the old ones.

        Raises InvalidParams.
        """
        new = Configuration(self._options, self._actions)
        new._secret, new._old_secrets = self._secret, self._old_secrets
        if secret is not None:
            new._secret, new._old_secrets = _checked("secret", secret), ()
        if old_secrets is not None:
            if isinstance(old_secrets, str):
                raise InvalidParams(
                    "old_secrets must be a list of strings, not a string", param="old_secrets"
                )
            new._old_secrets = tuple(_checked("old_secrets", one) for one in old_secrets)
        if new._old_secrets and new._secret is None:
            raise InvalidParams(
                "old_secrets needs a secret: pass the current one too", param="old_secrets"
            )
        given = {name: value for name, value in rest.items() if value is not None}
        new._rest = {**self._rest, **given}
        if "settings" in given:
            if not isinstance(given["settings"], Mapping):
                raise InvalidParams("settings must be a mapping", param="settings")
            new._rest["settings"] = {**self._rest.get("settings", {}), **given["settings"]}
        return new

    def params(self) -> dict[str, Any]:
        """Return the params of `configure`."""
        params = dict(self._rest)
        if self._secret is not None:
            # Alone it drops the old ones.
            params["secret"] = self._secret
        if self._old_secrets:
            params["old_secrets"] = list(self._old_secrets)
        return params


def _scratch_file() -> IO[bytes]:
    """Return a file without a name. On Linux it needs no writable folder."""
    if sys.platform == "linux":
        return open(os.memfd_create("actions"), "w+b")
    return tempfile.TemporaryFile()


def limits_tokens(options: SequenceNotStr[str]) -> bool:
    """Tell whether options of `dstok serve` limit or record tokens.

    No request can replace the actions of such a process.
    """
    return any(option.split("=")[0] in _LIMITS for option in options)


def _checked(name: str, secret: object) -> str:
    """Return a secret. The message of the InvalidParams does not show what it is instead."""
    if not isinstance(secret, str) or not secret:
        raise InvalidParams(f"{name}: a secret must be str, and not empty", param=name)
    return secret
