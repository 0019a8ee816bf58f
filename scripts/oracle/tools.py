"""Programs that scripts run besides dstok and Python. As root, Debian's packages supply missing ones.

A shell script calls this file: python3 -I scripts/oracle/tools.py SCRIPT WHAT PROGRAM...
It prints the same line for what is skipped.
"""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

GSON = "/usr/share/java/gson.jar"
# The Debian package of each program or file.
PACKAGES = {
    "bash": "bash", "chromedriver": "chromium-driver", "chromium": "chromium", "curl": "curl", "flock": "util-linux",
    "go": "golang-go", "gofmt": "golang-go", "javac": "default-jdk-headless",
    GSON: "libgoogle-gson-java", "jq": "jq", "node": "nodejs", "npm": "npm", "parallel": "parallel", "php": "php-cli",
    "ruby": "ruby", "sed": "sed", "shellcheck": "shellcheck", "socat": "socat", "sqlite3": "sqlite3",
    "systemd-socket-activate": "systemd",
}


def have(script, what, names):
    """Return whether all programs are there, after installing missing ones as root. If not, print that `what` is skipped."""
    missing = _missing(names)
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(tuple(sorted({PACKAGES[name] for name in missing})))
        missing = _missing(missing)
    if missing:
        print(f"{script}: SKIPPED {what}: no {', '.join(missing)}", flush=True)
    return not missing


def _missing(names):
    return [name for name in names if not _is_installed(name)]


def _is_installed(name):
    if not shutil.which(name):
        return Path(name).is_file()
    # moreutils has another parallel.
    return name != "parallel" or b"GNU" in subprocess.run(
        [name, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    ).stdout


@functools.cache
def _install(packages):
    """Try to install packages, once."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "-qq", *command], env=environ, stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    have(sys.argv[1], sys.argv[2], sys.argv[3:])
