"""Archives that depend on their content alone: no owners, no order of a folder, one fixed time."""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def version():
    """Return the version of dstok (str)."""
    return re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def commit_time():
    """Return the time of the newest commit, or SOURCE_DATE_EPOCH (int, in Unix seconds)."""
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        if not epoch.isascii() or not epoch.isdecimal():
            sys.exit(f"SOURCE_DATE_EPOCH must be Unix seconds, got {epoch!r}")
        return int(epoch)
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def tar(files, executable=(), mtime=0):
    """Return a tar archive (bytes) of {name: bytes}, and with folders if they are named with a slash.

    The names in executable get mode 755.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name.rstrip("/"))
            member.mtime = mtime
            member.mode = 0o644
            if name.endswith("/"):
                member.type = tarfile.DIRTYPE
            if name.endswith("/") or name in executable:
                member.mode = 0o755
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def compress(data):
    """Return a gzip file (bytes) without a name and a time."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as file:
        file.write(data)
    return out.getvalue()


def sha256(data):
    """Return the SHA-256 of bytes, in hexadecimal (str)."""
    return hashlib.sha256(data).hexdigest()
