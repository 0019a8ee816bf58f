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
        raise BinaryNotFound(f"DSTOK_BINARY is {override}, which is no program that can be run")
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
    scripts = Path(sysconfig.get_path("scripts")).name
    package = Path(__file__).resolve().parent
    # --prefix: PREFIX/lib/python3.x/site-packages/dstok beside PREFIX/bin, and on
    # some systems dist-packages, or local/ in between.
    for above in package.parents[1:5]:
        yield str(above / scripts)
    # --target: TARGET/dstok beside TARGET/bin.
    yield str(package.parent / scripts)
    yield sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))
