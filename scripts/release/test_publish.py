"""What scripts/publish runs, with programs that only record how they are called."""

import hashlib
import os
import shutil
import subprocess
from datetime import date

import pytest

from release import versions

RECORDER = """#!/bin/sh
printf '%s' "${0##*/}" >>"$LOG"
printf ' %s' "$@" >>"$LOG"
echo >>"$LOG"
case "$*" in
metadata*) echo '{"packages": [{"name": "a", "publish": null}, {"name": "b", "publish": null},
    {"name": "hidden", "publish": []}]}' ;;
info*" a@"*) exit "${A_IS_MISSING:-0}" ;;
info*" b@"*) exit "${B_IS_MISSING:-0}" ;;
"release view"*) exit 1 ;;
login*) cat >/dev/null ;;
copy*--digestfile*) echo sha256:abc >target/image-digest ;;
esac
"""


@pytest.fixture
def project(root):
    """Return a folder with a release in dist/."""
    for name in ("publish", "version", "release"):
        source = versions.ROOT / "scripts" / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        (root / "scripts").mkdir(exist_ok=True)
        copy(source, root / "scripts" / name)
    versions.write(root, versions.agreed(root), date(2030, 1, 2))
    (root / "dist").mkdir()
    (root / "dist" / "file").write_text("content")
    digest = hashlib.sha256(b"content").hexdigest()
    (root / "dist" / "SHA256SUMS").write_text(f"{digest}  file\n")
    (root / "bin").mkdir()
    for program in ("cargo", "gh", "skopeo"):
        (root / "bin" / program).write_text(RECORDER)
        (root / "bin" / program).chmod(0o755)
    return root


def publish(project, *words, **environ):
    """Run scripts/publish. Returns the finished process and the lines of the recorded calls."""
    version = versions.agreed(project)
    log = project / "log"
    log.write_text("")
    path = f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}"
    known = {"PATH": path, "LOG": str(log), "GITHUB_REF_NAME": f"v{version}"}
    command = [project / "scripts" / "publish", *words]
    done = subprocess.run(command, env={**known, **environ}, capture_output=True, text=True)
    return done, log.read_text().replace(version, "VERSION").splitlines()


def test_a_draft_has_all_files(project):
    done, calls = publish(project, "draft")
    assert done.returncode == 0, done.stderr
    assert calls[1].startswith(
        "gh release create vVERSION --draft --verify-tag --title dstok VERSION "
    )
    assert calls[2] == "gh release upload vVERSION --clobber dist/SHA256SUMS dist/file"
    assert (project / "target" / "notes.md").read_text().startswith("### Added")


def test_crates_that_are_there_already_are_left_out(project):
    done, calls = publish(project, "crates", B_IS_MISSING="101")
    assert done.returncode == 0, done.stderr
    assert calls[-1] == "cargo publish --locked --workspace --exclude a --no-verify"
    done, calls = publish(project, "crates")
    assert done.returncode == 0, done.stderr
    assert not any("publish" in call for call in calls)
    assert not any("hidden" in call for call in calls)


def test_an_image_is_pushed_under_its_version(project):
    words = ("image", "registry.example/Owner/Name")
    secret = {"GITHUB_ACTOR": "me", "GITHUB_TOKEN": "not-a-token"}
    done, calls = publish(project, *words, **secret, GITHUB_OUTPUT=str(project / "outputs"))
    assert done.returncode == 0, done.stderr
    assert calls[0] == "skopeo login --username me --password-stdin registry.example"
    assert calls[1].endswith("-image.tar docker://registry.example/owner/name:VERSION")
    outputs = "name=registry.example/owner/name\ndigest=sha256:abc\n"
    assert (project / "outputs").read_text() == outputs
    assert "not-a-token" not in done.stdout + done.stderr + "".join(calls)


@pytest.mark.parametrize("words", [("draft",), ("crates",), ("image", "registry.example/name")])
def test_a_rehearsal_sends_nothing(project, words):
    done, calls = publish(project, "--dry-run", *words, A_IS_MISSING="101", GITHUB_REF_NAME="main")
    assert done.returncode == 0, done.stderr
    sending = [call for call in calls if "publish" in call or "docker:" in call or "gh" in call]
    assert all("--dry-run" in call for call in sending)


@pytest.mark.parametrize("words", [("draft",), ("image", "x"), ("crates",), ("python", "dstok")])
@pytest.mark.parametrize("tag", ["", "main", "v9.9.9"])
def test_without_the_tag_of_the_version_nothing_is_sent(project, words, tag):
    done, calls = publish(project, *words, GITHUB_REF_NAME=tag)
    assert done.returncode != 0
    assert calls == []


@pytest.mark.parametrize("words", [("draft",), ("image", "x"), ("python", "dstok")])
def test_a_changed_file_is_refused(project, words):
    (project / "dist" / "file").write_text("other")
    done, calls = publish(project, *words)
    assert "file: FAILED" in done.stdout
    assert done.returncode == 1
    assert calls == []


@pytest.mark.parametrize("package", ["dstok", "datasette-dstok"])
def test_a_package_without_its_sources_is_refused(project, package):
    stem = f"{package.replace('-', '_')}-{versions.agreed(project)}"
    (project / "dist" / f"{stem}-py3-none-any.whl").touch()
    done, _ = publish(project, "--dry-run", "python", package)
    assert done.returncode == 1
    assert done.stderr.startswith(f"publish: no dist/{stem}.tar.gz: ")


@pytest.mark.parametrize(
    "words", [(), ("all",), ("python",), ("python", "pip"), ("image",), ("draft", "x")]
)
def test_other_words_are_refused(project, words):
    done, calls = publish(project, *words)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
    assert calls == []
