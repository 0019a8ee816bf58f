"""Building the program for a target, from a clone of HEAD inside the chroot."""

import hashlib
import shutil

from platforms.chroot import BUILD, inside, quote
from platforms.steps import ROOT, Failure, run

SOURCE = BUILD / "dstok"
ARTEFACTS = BUILD / "artefacts"

# What decides the bytes of a program, and what the tests make of them.
SOURCES = [
    "src",
    "crates",
    "compat-fixtures",
    "tests",
    "python",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "pyproject.toml",
    "scripts/build_binary",
    "scripts/build_wheel",
    "scripts/release_flags",
]

# What compiles and links in place of zig.
WINDOWS = {
    "CC_x86_64_pc_windows_gnu": "x86_64-w64-mingw32-gcc-posix",
    "AR_x86_64_pc_windows_gnu": "x86_64-w64-mingw32-ar",
    "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER": "x86_64-w64-mingw32-gcc-posix",
}


def options(target):
    """Return what cargo needs to compile a standard library that Debian doesn't have (str)."""
    return "" if target.has_std else "-Z build-std=std,panic_unwind"


def environment(target):
    """Return the variables for a build (dict)."""
    special = WINDOWS if target.system == "windows" else {}
    return {"RUSTC_BOOTSTRAP": "1", "DSTOK_CARGO_OPTIONS": options(target), **special}


def update_source():
    """Check out HEAD inside the chroot. Only changed files get a new time.

    Returns (its commit, a hash of what is built).
    """
    commit = run(["git", "-C", ROOT, "rev-parse", "HEAD"], "head").strip()
    if not SOURCE.exists():
        run(["git", "clone", "--quiet", "--no-hardlinks", "--no-checkout", ROOT, SOURCE], "clone")
    run(["git", "-C", SOURCE, "fetch", "--quiet", ROOT, commit], "fetch")
    run(["git", "-C", SOURCE, "checkout", "--quiet", "--force", "--detach", commit], "checkout")
    listed = run(["git", "-C", ROOT, "rev-parse", *(f"{commit}:{name}" for name in SOURCES)], "sources")
    return commit, hashlib.sha256(listed.encode()).hexdigest()


def binary(target):
    """Build the program as it is released, and its wheel. Returns (path, SHA-256). Raises Failure."""
    folder = f"/build/artefacts/{target.triple}"
    script = f"""
        rm -rf dist {folder}
        scripts/build_binary --target {target.triple} {folder}
        [ ! -d dist ] || cp dist/*.whl {folder}
    """
    inside(script, f"{target.triple}-build", "/build/dstok", **environment(target))
    path = ARTEFACTS / target.triple / target.file
    if not path.exists():
        raise Failure(f"{target.triple}: {path.name} was not built")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def reproduce(target):
    """Build again in another folder, and compare. Raises Failure."""
    artefact = f"/build/artefacts/{target.triple}/{target.file}"
    script = f"scripts/reproducible --target {target.triple} --against {quote(artefact)}"
    inside(script, f"{target.triple}-reproducible", "/build/dstok", **environment(target))


def versions():
    """Return the versions of what builds and runs (dict)."""
    commands = {
        "Debian": "cat /etc/debian_version",
        "rustc": "rustc --version | cut -d ' ' -f 2",
        "zig": "python3 -m ziglang version",
        "cargo-zigbuild": "cargo-zigbuild --version | cut -d ' ' -f 2",
        "mingw-w64 GCC": "x86_64-w64-mingw32-gcc-posix -dumpfullversion",
        "QEMU": "qemu-aarch64 --version | sed -n 's/^qemu-aarch64 version \\([^ ]*\\).*/\\1/p'",
        "Wine": "wine64 --version | sed 's/^wine-\\([^ ]*\\).*/\\1/'",
    }
    script = "\n".join(f'echo "$({command})"' for command in commands.values())
    return dict(zip(commands, inside(script, "versions").splitlines(), strict=True))


def clean(target):
    """Delete what the build left beside the artefact."""
    shutil.rmtree(SOURCE / "target" / target.triple, ignore_errors=True)
