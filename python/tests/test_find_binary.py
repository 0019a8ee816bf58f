"""Where the binary is looked for: in real installations of the wheel, and when it is nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

import pytest

import dstok
from dstok import _find_binary
from support import NOW, SECRET, TOKEN

WHEEL = os.environ.get("DSTOK_WHEEL", "")
needs_wheel = pytest.mark.skipif(not WHEEL, reason="DSTOK_WHEEL names the wheel to install")

USE = f"""
import dstok
print(dstok.find_binary())
print(dstok.Client(secret={SECRET!r}).create_token("root", now={NOW}))
"""


def pip(*arguments: object, python: str = sys.executable, **environ: str) -> None:
    """Install the wheel by pip, for the given Python, from nowhere else."""
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    command += ["--no-index", "--root-user-action", "ignore", *map(str, arguments), WHEEL]
    subprocess.run(command, check=True, env=clean_environ(**environ))


def clean_environ(**more: str) -> dict[str, str]:
    """Return the environment without what would help to find the binary."""
    left = {
        name: value for name, value in os.environ.items() if name[:6] not in ("DSTOK_", "PYTHON")
    }
    return {**left, **more}


def used(python: str | Path, **environ: str) -> str:
    """Use the package with a Python; return the path of the binary that it found."""
    done = subprocess.run(
        [str(python), "-c", USE],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environ(**environ),
    )
    assert done.returncode == 0, done.stderr
    binary, token = done.stdout.split()
    assert token == TOKEN
    return binary


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python environment with nothing in it, not even pip."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=False)
    return folder


def python_of(folder: Path) -> str:
    return str(folder / "bin" / "python")


@needs_wheel
def test_an_environment_with_nothing_else(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    pip(python=python_of(tmp_path / "venv"))
    assert used(python_of(tmp_path / "venv")) == str(tmp_path / "venv" / "bin" / "dstok")
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python_of(tmp_path / "venv"), "list"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [line.split()[0] for line in listing.splitlines()[2:]] == ["dstok"]


@needs_wheel
def test_prefix(tmp_path: Path, bare: Path) -> None:
    pip("--prefix", tmp_path, python=python_of(bare))
    (packages,) = tmp_path.glob("**/*-packages")
    binary = used(python_of(bare), PYTHONPATH=str(packages))
    assert binary == str(next(tmp_path.glob("**/bin/dstok")))


@needs_wheel
def test_target(tmp_path: Path, bare: Path) -> None:
    pip("--target", tmp_path, python=python_of(bare))
    assert used(python_of(bare), PYTHONPATH=str(tmp_path)) == str(tmp_path / "bin" / "dstok")


@needs_wheel
def test_user(tmp_path: Path) -> None:
    # An environment knows no user's packages, so it is the Python below it.
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    base = os.path.join(sys.base_exec_prefix, "bin", name)
    pip("--user", "--break-system-packages", python=base, PYTHONUSERBASE=str(tmp_path))
    assert used(base, PYTHONUSERBASE=str(tmp_path)) == str(tmp_path / "bin" / "dstok")


@needs_wheel
def test_a_link_to_the_package_is_followed(tmp_path: Path, bare: Path) -> None:
    pip("--target", tmp_path / "real", python=python_of(bare))
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "dstok").symlink_to(tmp_path / "real" / "dstok")
    binary = used(python_of(bare), PYTHONPATH=str(tmp_path / "linked"))
    assert binary == str(tmp_path / "real" / "bin" / "dstok")


def nowhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make every place one in which there is nothing."""
    monkeypatch.delenv("DSTOK_BINARY", raising=False)
    (folder / "lib" / "python3.x" / "site-packages" / "dstok").mkdir(parents=True)
    package = folder / "lib" / "python3.x" / "site-packages" / "dstok" / "_find_binary.py"
    monkeypatch.setattr(_find_binary, "__file__", str(package))

    def get_path(name: str, scheme: str = "", vars: dict[str, str] | None = None) -> str:
        assert name == "scripts"
        return str(folder / (scheme or ("base" if vars else "environment")) / "bin")

    monkeypatch.setattr(sysconfig, "get_path", get_path)


PLACES = [
    "environment/bin",
    "base/bin",
    "bin",
    "lib/python3.x/site-packages/bin",
    f"{sysconfig.get_preferred_scheme('user')}/bin",
]


def test_the_order_of_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere(monkeypatch, tmp_path)
    with pytest.raises(dstok.BinaryNotFound) as caught:
        dstok.find_binary()
    lines = str(caught.value).splitlines()
    assert [line.strip() for line in lines[1:-1]] == [f"{tmp_path}/{p}/dstok" for p in PLACES]
    assert "pip" in lines[-1]
    assert "DSTOK_BINARY" in lines[-1]
    assert (caught.value.code, caught.value.kind) == (None, "binary_not_found")
    # From the last to the first: each is found before those after it, once it can be run.
    found = None
    for place in reversed(PLACES):
        (tmp_path / place).mkdir(parents=True)
        binary = tmp_path / place / "dstok"
        binary.write_text("")
        if found is not None:
            assert dstok.find_binary() == found
        binary.chmod(0o755)
        found = dstok.find_binary()
        assert found == str(binary)


def test_the_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text("")
    for wrong in (tmp_path / "absent", tmp_path, program):
        monkeypatch.setenv("DSTOK_BINARY", str(wrong))
        with pytest.raises(dstok.BinaryNotFound, match="DSTOK_BINARY"):
            dstok.find_binary()
    program.chmod(0o755)
    monkeypatch.setenv("DSTOK_BINARY", str(program))
    assert dstok.find_binary() == str(program)


def test_a_binary_without_its_exec_bit_is_not_one_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "environment" / "bin" / "dstok"
    program.parent.mkdir(parents=True)
    program.write_text("")
    flaw = f"{program}, which is not executable: run chmod +x on it"
    with dstok.Client(binary=program) as client, pytest.raises(dstok.BinaryNotFound) as given:
        client.ping()
    assert flaw in str(given.value)
    monkeypatch.setenv("DSTOK_BINARY", str(program))
    with pytest.raises(dstok.BinaryNotFound) as override:
        dstok.find_binary()
    assert str(override.value) == f"DSTOK_BINARY is {flaw}"
    nowhere(monkeypatch, tmp_path)
    with pytest.raises(dstok.BinaryNotFound) as listed:
        dstok.find_binary()
    assert f"\n  {flaw}\n" in str(listed.value)


def test_python_m_dstok() -> None:
    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dstok", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DATASETTE_SECRET": SECRET, **environ},
        )

    assert run("create-token", "root", "--now", str(NOW)).stdout.strip() == TOKEN
    assert run("--version").stdout.strip() == f"dstok {dstok.__version__}"
    assert run("verify", "dstok_no.token").returncode == 1
    assert run("--nothing").returncode == 2
    lost = run("--version", DSTOK_BINARY="/nowhere")
    assert lost.returncode != 0
    assert "DSTOK_BINARY is /nowhere" in lost.stderr
    assert "Traceback" not in lost.stderr


def test_the_version_is_that_of_cargo_toml() -> None:
    manifest = Path(__file__).resolve().parents[2] / "Cargo.toml"
    lines = manifest.read_text().splitlines()
    assert f'version = "{dstok.__version__}"' in lines[: lines.index('edition = "2024"')]


@needs_wheel
def test_what_is_tested_is_what_was_installed() -> None:
    package = Path(dstok.__file__).parent
    assert package.parent == Path(sysconfig.get_path("purelib"))
    assert (package / "py.typed").exists()
    described = metadata.metadata("dstok")
    assert described["Version"] == dstok.__version__
    assert described["Requires-Python"] == ">=3.10"
    assert described.get_all("Requires-Dist") is None
