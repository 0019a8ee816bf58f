"""The version in every place, on a copy of the files."""

import re
from datetime import date

import pytest

from release import versions

TODAY = date(2030, 1, 2)


def lock(root, old, new):
    """Do what cargo does to the lock files."""
    for name, _ in versions.LOCKS:
        path = root / name
        path.write_text(path.read_text().replace(f'version = "{old}"', f'version = "{new}"'))


def test_the_files_of_the_repository_agree():
    assert versions.VERSION.fullmatch(versions.agreed(versions.ROOT))


def test_a_version_is_written_everywhere(root):
    old = versions.agreed(root)
    versions.write(root, "1.12.3", TODAY)
    with pytest.raises(versions.VersionFailure, match=r"Cargo.lock: .*, not 1\.12\.3"):
        versions.agreed(root)
    lock(root, old, "1.12.3")
    assert versions.agreed(root) == "1.12.3"
    assert '"dstok>=1.12,<1.13"' in (root / "plugin/pyproject.toml").read_text()


@pytest.mark.parametrize("place", versions.PLACES + versions.LOCKS + (versions.RANGE,))
def test_one_file_with_another_version_is_named(root, place):
    path = root / place[0]
    other = ">=9.9,<9.10" if place == versions.RANGE else "9.9.9"
    path.write_text(re.sub(place[1], rf"\g<1>{other}\g<3>", path.read_text(), count=1))
    with pytest.raises(versions.VersionFailure, match=re.escape(other)):
        versions.agreed(root)


def test_a_place_that_is_gone_is_an_error(root):
    (root / "python/dstok/_version.py").write_text("")
    with pytest.raises(versions.VersionFailure, match=r"_version.py has no version"):
        versions.write(root, "2.0.0", TODAY)


@pytest.mark.parametrize("word", ["", "2", "2.0", "v2.0.0", "2.0.0\n", "2.0.0 "])
def test_a_word_that_is_no_version_is_refused(root, word):
    with pytest.raises(versions.VersionFailure, match="is not a version"):
        versions.write(root, word, TODAY)


def test_a_tag_needs_the_version_and_a_date(root):
    (root / versions.CHANGELOG).write_text("# Changelog\n\n## [Unreleased]\n\n* Something.\n")
    version = versions.agreed(root)
    with pytest.raises(versions.VersionFailure, match="that of the version is v"):
        versions.check_tag(root, "v9.9.9")
    with pytest.raises(versions.VersionFailure, match="has no heading"):
        versions.check_tag(root, f"v{version}")
    for _ in range(2):
        versions.write(root, version, TODAY)
    versions.check_tag(root, f"v{version}")
    assert (root / versions.CHANGELOG).read_text() == (
        f"# Changelog\n\n## [Unreleased]\n\n## [{version}] - 2030-01-02\n\n* Something.\n"
    )


def test_the_notes_are_one_section(root):
    (root / versions.CHANGELOG).write_text(
        "# Changelog\n\n## [0.2.0] - 2030-01-02\n\n* New.\n\n## [0.1.0] - 2029-01-01\n\n* Old.\n"
    )
    assert versions.section(root, "0.2.0") == "* New."
    assert versions.section(root, "0.1.0") == "* Old."
    with pytest.raises(versions.VersionFailure, match="says nothing about"):
        versions.section(root, "0.3.0")
