"""A folder with every file in which the version stands."""

import shutil

import pytest

from release import versions


@pytest.fixture
def root(tmp_path):
    """Return a folder with copies of these files."""
    for name in {versions.CHANGELOG, *(place[0] for place in versions.expected("0.1.0"))}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(versions.ROOT / name, tmp_path / name)
    return tmp_path
