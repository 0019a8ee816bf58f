"""Virtual environments under `.environments/`: one per Datasette release, and others by name.

The environment of a release holds it and the pinned packages below. Each is
built once; a stamp file with its requirements says that it is complete.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = REPOSITORY / ".environments"

NEWEST = "1.0a41"
ALL = ("0.65.5",) + tuple(f"1.0a{n}" for n in range(42))
# One release of every era: each is the first that mints or signs otherwise.
ERAS = tuple(f"1.0a{n}" for n in (0, 2, 9, 20, 25, 26, 31, 36, 41))

UV = "uv>=0.5"
PINS = (
    "itsdangerous==2.2.0",
    "zlib-ng==1.1.0",
    # The first alphas import pkg_resources, which setuptools dropped in 81.
    "setuptools<81",
)


class EnvironmentFailure(Exception):
    """An environment could not be made; the message is one line."""


def releases(words):
    """Turn `all`, `eras`, and version words (comma lists too) into versions.

    Raises EnvironmentFailure for a word that is no release we know.
    """
    named = {"all": ALL, "eras": ERAS, "newest": (NEWEST,)}
    found = []
    for word in (w for words_ in words for w in words_.split(",") if w):
        versions = named.get(word) or ((word,) if word in ALL else ())
        if not versions:
            raise EnvironmentFailure(
                f"no Datasette release {word!r}: use all, eras, newest, 0.65.5 or 1.0a0 to {NEWEST}"
            )
        found += [v for v in versions if v not in found]
    return found or [NEWEST]


def python(name):
    """Return the path of the Python of an environment: a Datasette version, or another name."""
    return ROOT / name / "bin" / "python"


def clean_environ(**extra):
    """Return a copy of os.environ without what changes Python's or Datasette's behaviour.

    `extra` is added last; values are str or bytes.
    """
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DATASETTE_", "DSTOK_", "OTEL_"))
        and name != "VIRTUAL_ENV"
    }
    environ["PYTHONNOUSERSITE"] = "1"
    environ["DATASETTE_LOAD_PLUGINS"] = ""  # no plugin, even if one is installed
    return {**environ, **extra}


def print_progress(line):
    """Print a line of progress to stderr."""
    print(line, file=sys.stderr, flush=True)


def ensure(versions, report=print_progress):
    """Build the environments of `versions` that are missing or out of date.

    `report` gets one line per environment built. Raises EnvironmentFailure.
    """
    _ensure({version: (f"datasette=={version}", *PINS) for version in versions}, report)


def ensure_packages(name, requirements, report=print_progress):
    """Build the environment `name`, which holds `requirements`, if it is missing or out of date.

    Returns the folder of its programs. Raises EnvironmentFailure.
    """
    _ensure({name: tuple(requirements)}, report)
    return ROOT / name / "bin"


def _ensure(wanted, report):
    """Build the environments of `wanted`, a dict of names and requirements."""
    missing = _missing(wanted)
    if not missing:
        return
    ROOT.mkdir(exist_ok=True)
    with _lock():
        missing = _missing(wanted)
        uv = _uv()
        with ThreadPoolExecutor(2) as pool:
            for name in pool.map(lambda name: _build(uv, name, missing[name]), missing):
                report(f"environment {name}: built")


def _missing(wanted):
    return {name: requirements for name, requirements in wanted.items() if not _is_current(name, requirements)}


def _stamp(name):
    return ROOT / name / "requirements.stamp"


def _stamp_text(requirements):
    return "\n".join((*requirements, f"python {sys.version_info[0]}.{sys.version_info[1]}", ""))


def _is_current(name, requirements):
    try:
        return _stamp(name).read_text() == _stamp_text(requirements) and python(name).exists()
    except OSError:
        return False


def _build(uv, name, requirements):
    where = ROOT / name
    shutil.rmtree(where, ignore_errors=True)
    _run([uv, "venv", "--quiet", "--python", sys.executable, where], f"environment {name}")
    install = [uv, "pip", "install", "--quiet", "--python", python(name)]
    _run([*install, *requirements], f"environment {name}")
    _stamp(name).write_text(_stamp_text(requirements))
    return name


def _uv():
    """Return the path of uv, installing it by pip the first time."""
    uv = ROOT / "uv" / "bin" / "uv"
    if not uv.exists():
        shutil.rmtree(ROOT / "uv", ignore_errors=True)
        _run([sys.executable, "-m", "venv", ROOT / "uv"], "environment uv")
        _run([ROOT / "uv" / "bin" / "python", "-m", "pip", "install", "--quiet", UV], "environment uv")
    return uv


def _run(command, what):
    # A download of another Python would change which zlib the oracle uses.
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(
        [str(word) for word in command], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = ([line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no message"])[-1]
        raise EnvironmentFailure(f"{what}: {Path(command[0]).name} failed: {last}")


@contextlib.contextmanager
def _lock():
    """Keep two scripts from building the same environment at once."""
    with open(ROOT / "lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
