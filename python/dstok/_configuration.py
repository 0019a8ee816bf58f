"""How sidecars are configured: their command, their environment, the params of `configure`."""

from __future__ import annotations

import os
import zlib as python_zlib
from collections.abc import Mapping, Sequence
from typing import Any

from ._errors import InvalidParams

Actions = Mapping[str, object] | Sequence[object] | str
"""What `actions` takes: a `/-/actions.json` body, {"name": "abbr"}, or "none"."""

_SECRETS_OF_THE_ENVIRONMENT = ("DATASETTE_SECRET", "DSTOK_OLD_SECRETS")


def zlib_flavour() -> str:
    """Return whose zlib this Python is linked with: "zlib-ng" or "zlib"."""
    runtime = python_zlib.ZLIB_RUNTIME_VERSION
    if hasattr(python_zlib, "ZLIBNG_VERSION") or runtime.endswith(".zlib-ng"):
        return "zlib-ng"
    return "zlib"


class Configuration:
    """What a client was told, for every sidecar that it starts. Its repr shows no secret."""

    def __init__(self, options: Sequence[str]) -> None:
        """`options` are those of `dstok serve`."""
        self._options = list(options)
        self._secret: str | None = None
        self._old_secrets: tuple[str, ...] = ()
        self._rest: dict[str, Any] = {}

    def command(self, binary: str) -> list[str]:
        """Return the command line; no secret is in it."""
        return [binary, "serve", *self._options]

    def environ(self) -> dict[str, str] | None:
        """Return the environment, None for this process's own.

        Who gives a secret does not want another, and not in what others can read.
        """
        if self._secret is None:
            return None
        return {
            name: value
            for name, value in os.environ.items()
            if name not in _SECRETS_OF_THE_ENVIRONMENT
        }

    def changed(
        self,
        *,
        secret: str | None = None,
        old_secrets: Sequence[str] | None = None,
        **rest: Any,
    ) -> Configuration:
        """Return a copy with changes; None changes nothing. A new secret drops the old ones.

        Raises InvalidParams.
        """
        new = Configuration(self._options)
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


def _checked(name: str, secret: object) -> str:
    """Return a secret. The message of the InvalidParams does not show what it is instead."""
    if not isinstance(secret, str) or not secret:
        raise InvalidParams(f"{name}: a secret must be str, and not empty", param=name)
    return secret
