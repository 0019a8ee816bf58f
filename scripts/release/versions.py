"""Where the version stands: reading it, comparing it and writing it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = "CHANGELOG.md"
UNRELEASED = "## [Unreleased]"
# No pre-releases: Cargo and Python spell them differently.
VERSION = re.compile(r"\d+\.\d+\.\d+")

# A crate of the workspace as a dependency of another.
DEPENDENCY = r'(?m)(^[\w-]+ = \{ version = ")([^"]*)(", path = )'
# A crate of the workspace in a lock file: it has no source. cargo writes these.
LOCKED = r'(?m)(^name = "(?!dstok-fuzz")[\w-]+"\nversion = ")([^"]*)("\n(?!source))'
# (file, pattern). A pattern's groups: what stands before the version, the version, what follows.
PLACES = (
    ("Cargo.toml", r'(?m)(^\[workspace\.package\]\nversion = ")([^"]*)(")'),
    ("Cargo.toml", DEPENDENCY),
    ("crates/testing/Cargo.toml", DEPENDENCY),
    ("python/dstok/_version.py", r'(?m)(^__version__ = ")([^"]*)(")'),
    ("plugin/pyproject.toml", r'(?m)(^version = ")([^"]*)(")'),
)
LOCKS = (("Cargo.lock", LOCKED), ("fuzz/Cargo.lock", LOCKED))
# The plugin takes any client of its own series.
RANGE = ("plugin/pyproject.toml", r'(?m)(^ *"dstok)(>=[^"]*)(",$)')


class VersionFailure(Exception):
    """The files do not agree on a version; the message says which and what to do."""


def series(version):
    """Return the requirement that takes every version with this version's first two numbers."""
    major, minor = map(int, version.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}"


def expected(version):
    """Yield (file, pattern, text) of every place where the version stands."""
    yield from ((*place, version) for place in PLACES + LOCKS)
    yield (*RANGE, series(version))


def agreed(root):
    """Return the version on which all files agree. Raises VersionFailure."""
    version = _find(root, *PLACES[0])[0]
    wrong = []
    for name, pattern, text in expected(version):
        wrong += [
            f"{name}: {found}, not {text}" for found in _find(root, name, pattern) if found != text
        ]
    if wrong:
        raise VersionFailure("; ".join([*wrong, "run scripts/version --set VERSION"]))
    return version


def write(root, version, today):
    """Write a version into every file but the lock files. Raises VersionFailure."""
    if not VERSION.fullmatch(version):
        raise VersionFailure(f"{version!r} is not a version such as 0.2.0")
    places = [place for place in expected(version) if place[:2] not in LOCKS]
    for name, pattern, _ in places:
        _find(root, name, pattern)
    for name, pattern, text in places:
        path = root / name
        path.write_text(re.sub(pattern, rf"\g<1>{text}\g<3>", path.read_text()))
    path = root / CHANGELOG
    changes = path.read_text()
    if f"\n## [{version}]" not in changes:
        heading = f"{UNRELEASED}\n\n## [{version}] - {today}\n"
        path.write_text(changes.replace(f"{UNRELEASED}\n", heading, 1))


def check_tag(root, tag):
    """Raise VersionFailure unless a tag is that of the version, and the changelog has its date."""
    version = agreed(root)
    if tag != f"v{version}":
        raise VersionFailure(f"the tag is {tag}; that of the version is v{version}")
    dated = rf"(?m)^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    if not re.search(dated, (root / CHANGELOG).read_text()):
        heading = f"## [{version}] - YYYY-MM-DD"
        raise VersionFailure(f"{CHANGELOG} has no heading {heading!r}: run scripts/version --set")


def section(root, version):
    """Return what the changelog says about a version. Raises VersionFailure."""
    pattern = rf"(?ms)^## \[{re.escape(version)}\] - .*?\n(.*?)(?=^## |\Z)"
    found = re.search(pattern, (root / CHANGELOG).read_text())
    if not found or not found[1].strip():
        raise VersionFailure(f"{CHANGELOG} says nothing about {version}")
    return found[1].strip()


def _find(root, name, pattern):
    """Return all that a pattern finds in a file, which is at least one. Raises VersionFailure."""
    found = [match[2] for match in re.finditer(pattern, (root / name).read_text())]
    if not found:
        raise VersionFailure(f"{name} has no version where {Path(__file__).name} looks for one")
    return found
