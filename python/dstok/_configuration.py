"""How sidecars are configured: their command, their environment, the params of `configure`."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import zlib as python_zlib
from collections.abc import Generator, Mapping, Sequence
from typing import IO, Any, cast

from ._errors import InvalidArgument
from ._protocol import as_json
from ._types import ActionTable, SequenceNotStr

_LIMITS = ("--require-expiry", "--max-expires-after", "--known-actions-only", "--audit-log")
_FOR_STARTING = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Environment variables that a process gets: where programs and shared libraries are."""
_SECRETS_OF_THE_ENVIRONMENT = ("DATASETTE_SECRET", "DSTOK_OLD_SECRETS")
"""The variables that it also gets if the client has no secret."""


def zlib_flavour() -> str:
    """Return which zlib this Python is linked with: "zlib-ng" or "zlib"."""
    is_ng = python_zlib.ZLIB_RUNTIME_VERSION.endswith(".zlib-ng")
    return "zlib-ng" if is_ng or hasattr(python_zlib, "ZLIBNG_VERSION") else "zlib"


class Configuration:
    """The configuration of all sidecars of a client. Its repr shows no secret."""

    def __init__(
        self, options: SequenceNotStr[str], actions: ActionTable, params: Mapping[str, Any]
    ) -> None:
        """`options` are those of `dstok serve`, which gets `actions` at its start, and then
        `configure` with `params`."""
        self._options = list(options)
        self._actions: ActionTable = actions
        self.params = params

    def changed(self, changes: Mapping[str, Any]) -> Configuration:
        """Return a copy that remembers more params of `configure`; null is as if not given."""
        given = {name: value for name, value in changes.items() if value is not None}
        dropped: dict[str, Any] = {"old_secrets": ()} if "secret" in given else {}
        merged = {**self.params, **dropped, **given}
        if "settings" in given:
            merged["settings"] = {**self.params.get("settings", {}), **given["settings"]}
        return Configuration(self._options, self._actions, merged)

    def check(self, changes: Mapping[str, Any]) -> None:
        """Raise InvalidArgument for secrets and settings of the wrong kind. The message does not
        show them."""
        unless = InvalidArgument.unless
        secret, old_secrets = changes.get("secret"), changes.get("old_secrets", ())
        unless(secret is None or _is_secret(secret), "secret", "must be a string that is not empty")
        is_list = isinstance(old_secrets, Sequence) and not isinstance(old_secrets, str)
        are_secrets = is_list and all(map(_is_secret, cast("Sequence[object]", old_secrets)))
        unless(are_secrets, "old_secrets", "must be a list of strings, none of them empty")
        has_secret = secret is not None or "secret" in self.params or not old_secrets
        unless(has_secret, "old_secrets", "needs a secret: pass the current one too")
        is_mapping = isinstance(changes.get("settings") or {}, Mapping)
        unless(is_mapping, "settings", "must be a mapping")

    def command(self, binary: str, actions: int | None) -> list[str]:
        """Return the command line, without any secret.

        `actions` is what `actions_file` yields.
        """
        given = [] if actions is None else [f"--actions=/dev/fd/{actions}"]
        return [binary, "serve", *self._options, *given]

    @contextlib.contextmanager
    def actions_file(self) -> Generator[int | None]:
        """Yield a descriptor from which the process reads actions at its start, or None.

        Raises OSError, InvalidArgument.
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
        secrets = () if "secret" in self.params else _SECRETS_OF_THE_ENVIRONMENT
        names = [*_FOR_STARTING, *secrets]
        return {name: os.environ[name] for name in names if name in os.environ}


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


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and value != ""
