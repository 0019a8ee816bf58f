"""Finds the binary."""

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

    If `DSTOK_BINARY` is set, it is the path. Otherwise these scripts folders are searched: this
    environment's, its base environment's, the one next to the package (`pip install --prefix` and
    `--target`), and the user's.

    Raises BinaryNotFound, which lists every place that was searched.
    """
    override = os.environ.get("DSTOK_BINARY")
    if override:
        if flaw := flaw_of(override):
            raise BinaryNotFound(f"DSTOK_BINARY is {override}, {flaw}")
        return override
    tried: dict[str, str] = {}
    for folder in _folders():
        path = os.path.join(folder, _NAME)
        flaw = flaw_of(path)
        if not flaw:
            return path
        tried[path] = f", {flaw}" if os.path.exists(path) else ""
    places = "".join(f"\n  {path}{flaw}" for path, flaw in tried.items())
    raise BinaryNotFound(
        f"no {_NAME} binary in any of these places:{places}\n"
        "Install the package with pip, or set DSTOK_BINARY to the path of the binary."
    )


def flaw_of(path: str) -> str:
    """Return why a program cannot be run (str), empty if it can."""
    if os.path.isdir(path):
        return "which is a folder"
    if not os.path.exists(path):
        return "which does not exist"
    if not os.access(path, os.X_OK):
        return "which is not executable: run chmod +x on it"
    return ""


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
