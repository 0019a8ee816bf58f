"""Environments under `.environments/`: one per Datasette release, and others by name, of Python or npm packages.

The environment of a release holds it and the pinned packages below. Each is
built once; a stamp file with its requirements says that it is complete.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = REPOSITORY / ".environments"

NEWEST = "1.0a41"
# Every release before 1.0 that has datasette.sign.
OLD = """
    0.44 0.45a0 0.45a1 0.45a2 0.45a3 0.45a4 0.45a5 0.45 0.46 0.47 0.47.1 0.47.2 0.47.3 0.48 0.49a0
    0.49a1 0.49 0.49.1 0.50a0 0.50a1 0.50 0.50.1 0.50.2 0.51a0 0.51a1 0.51a2 0.51 0.51.1 0.52 0.52.1
    0.52.2 0.52.3 0.52.4 0.52.5 0.53 0.54a0 0.54 0.54.1 0.55 0.56 0.56.1 0.57a0 0.57a1 0.57 0.57.1
    0.58a0 0.58a1 0.58 0.58.1 0.59a0 0.59a1 0.59a2 0.59 0.59.1 0.59.2 0.59.3 0.59.4 0.60a0 0.60a1
    0.60 0.60.1 0.60.2 0.61a0 0.61 0.61.1 0.62a0 0.62a1 0.62 0.63a0 0.63a1 0.63 0.63.1 0.63.2 0.63.3
    0.64 0.64.1 0.64.2 0.64.3 0.64.4 0.64.5 0.64.6 0.64.7 0.64.8 0.65 0.65.1 0.65.2 0.65.3 0.65.4
    0.65.5
""".split()
# The methods that they have.
OLD_METHODS = ("sign", "unsign", "create_actor_cookie", "verify_actor_cookie")
# Those whose base62 is the package python-baseconv.
WITH_BASECONV = OLD[: OLD.index("0.62a0")]
ALL = (*OLD, *(f"1.0a{n}" for n in range(42)))
# One release of every era: each is the first that mints or signs otherwise.
ERAS = tuple(f"1.0a{n}" for n in (0, 2, 9, 20, 25, 26, 31, 36, 41))

UV = "uv>=0.5"
ZLIB_NG = "zlib-ng==1.1.0"
PINS = (
    "itsdangerous==2.2.0",
    ZLIB_NG,
    # The first alphas import pkg_resources, which setuptools dropped in 81.
    "setuptools<81",
)
# What builds the packages that the releases WITH_BASECONV need.
OLD_TOOLS = ("setuptools<58", "wheel")
OLD_PINS = (
    *OLD_TOOLS,
    # The last MarkupSafe that their Jinja can import.
    "markupsafe<2.1",
)
# In place of what these releases ask for: up to 0.56.1 that is itsdangerous 1.1, and up to 0.61.1
# an aiofiles that Python 3.11 cannot import.
OLD_OVERRIDES = ("itsdangerous==2.2.0", "aiofiles==0.8.0")


class EnvironmentFailure(Exception):
    """An environment could not be made; the message is one line."""


def releases(words):
    """Turn `all`, `old` (before 1.0), `eras`, and version words (comma lists too) into versions.

    Raises EnvironmentFailure for a word that is no release we know.
    """
    named = {"all": ALL, "old": OLD, "eras": ERAS, "newest": (NEWEST,)}
    found = []
    for word in (w for words_ in words for w in words_.split(",") if w):
        versions = named.get(word) or ((word,) if word in ALL else ())
        if not versions:
            raise EnvironmentFailure(
                f"no Datasette release {word!r}: use all, old, eras, newest, or one of 0.44 to {NEWEST}"
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
    if sys.version_info >= (3, 12) and not set(WITH_BASECONV).isdisjoint(versions):
        raise EnvironmentFailure(
            "Datasette 0.44 to 0.61.1 need setuptools before 58, and so Python 3.10 or 3.11; "
            "run this script with one of them"
        )
    _ensure({version: _requirements(version) for version in versions}, report)


def _requirements(version):
    if version in WITH_BASECONV:
        return (f"datasette=={version}", ZLIB_NG, *OLD_PINS, *OLD_OVERRIDES)
    return (f"datasette=={version}", *PINS)


def ensure_packages(name, requirements, report=print_progress):
    """Build the environment `name`, which holds `requirements`, if it is missing or out of date.

    Returns the folder of its programs. Raises EnvironmentFailure.
    """
    _ensure({name: tuple(requirements)}, report)
    return ROOT / name / "bin"


def ensure_npm(name, dependencies, report=print_progress):
    """Install npm packages into the folder `name`, if one is missing or out of date.

    `dependencies` has the version of each package. Returns the folder. Raises EnvironmentFailure.
    """
    folder = ROOT / name
    manifest = json.dumps({"private": True, "dependencies": dependencies})
    ROOT.mkdir(exist_ok=True)
    with _lock():
        if not (_stamp(name).is_file() and _stamp(name).read_text() == manifest):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "package.json").write_text(manifest)
            options = ("--loglevel=error", "--logs-max=0", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund")
            _run(["npm", "install", *options, "--prefix", folder], f"environment {name}")
            _stamp(name).write_text(manifest)
            report(f"environment {name}: built")
    return folder


def _ensure(wanted, report):
    """Build the environments of `wanted`, a dict of names and requirements."""
    missing = _missing(wanted)
    if not missing:
        return
    ROOT.mkdir(exist_ok=True)
    with _lock():
        missing = _missing(wanted)
        program = uv()
        with ThreadPoolExecutor(2) as pool:
            for name in pool.map(lambda name: _build(program, name, missing[name]), missing):
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
    if set(OLD_TOOLS) <= set(requirements):
        overrides = where / "overrides.txt"
        overrides.write_text("\n".join(OLD_OVERRIDES))
        _run([*install, *OLD_TOOLS], f"environment {name}")
        install += ["--no-build-isolation", "--override", overrides]
    _run([*install, *requirements], f"environment {name}")
    _stamp(name).write_text(_stamp_text(requirements))
    return name


def uv():
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
