"""Where the binary is."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from ._errors import BinaryNotFound

_NAME = "dstok" + (sysconfig.get_config_var("EXE") or "")


def find_binary() -> str:
    """Return the path of the binary `dstok`.

    The environment variable `DSTOK_BINARY` decides if it is set. Else the scripts folder of this
    environment, of the environment below it, beside the package (`pip install --prefix` and
    `--target`), and last that of the user.

    Raises BinaryNotFound, which lists every place tried.
    """
    override = os.environ.get("DSTOK_BINARY")
    if override:
        if _is_program(override):
            return override
        raise BinaryNotFound(f"DSTOK_BINARY is {override}, and there is no program that can be run")
    tried: list[str] = []
    for folder in _folders():
        path = os.path.join(folder, _NAME)
        if path in tried:
            continue
        if _is_program(path):
            return path
        tried.append(path)
    places = "".join(f"\n  {path}" for path in tried)
    raise BinaryNotFound(
        f"no binary {_NAME} in any of{places}\n"
        "Install the package by pip, or set DSTOK_BINARY to the path of the binary."
    )


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _folders() -> Iterator[str]:
    """Yield the folders in which pip may have put it, the likeliest first."""
    yield sysconfig.get_path("scripts")
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    yield sysconfig.get_path("scripts", vars=base)
    scripts = os.path.basename(sysconfig.get_path("scripts"))
    site_packages = Path(__file__).resolve().parents[1]
    # --prefix: PREFIX/lib/python3.11/site-packages/dstok has PREFIX/bin.
    if site_packages.parent.name.startswith("python"):
        yield str(site_packages.parents[2] / scripts)
    # --target: TARGET/dstok has TARGET/bin.
    yield str(site_packages / scripts)
    yield sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))
