"""Fails to import, with a reason, where the client cannot work."""

from __future__ import annotations

import os
import threading

if os.name != "posix":
    raise ImportError(
        "the Python client of dstok runs on Linux and macOS, not on Windows: "
        "use it in the Windows Subsystem for Linux"
    )
try:
    threading.Thread(daemon=True)
except RuntimeError as error:
    raise ImportError(
        "the Python client of dstok needs daemon threads, which this subinterpreter does not "
        "allow: import dstok in the main interpreter"
    ) from error
