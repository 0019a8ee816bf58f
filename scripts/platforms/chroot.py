"""The chroot with compilers and emulators: Debian sid, made by mmdebstrap below .environments/cross.

mmdebstrap is unpacked, not installed: nothing on the machine changes. It uses the mirror that the
machine's apt uses. Commands run in namespaces of their own, so that mounts vanish with the command.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from platforms.steps import FOLDER, ROOT, Failure, run

PATH = FOLDER / "root"
BUILD = PATH / "build"
ARM64 = BUILD / "arm64"
TOOLS = FOLDER / "tools"
CERTIFICATES = "/etc/host-certificates.crt"

PACKAGES = (
    *("ca-certificates", "git", "python3-venv", "gcc", "libc6-dev", "cargo", "rustc", "rust-src"),
    # rustc strips with its rust-objcopy for macOS.
    "rust-llvm",
    # For scripts/build_decoder.
    *("libstd-rust-dev-wasm32", "lld"),
    *("file", "procps", "gcc-mingw-w64-x86-64-posix", "wine64"),
    *("qemu-user", "qemu-user-binfmt", "qemu-system-arm", "cpio"),
    *("libc6-arm64-cross", "libc6-armhf-cross", "libc6-i386-cross", "libc6-s390x-cross"),
)
# The kernel without its modules.
ARM64_PACKAGES = ("python3-venv", "busybox-static", "?name(^linux-binary-[0-9][^-]*-arm64$)")

# Nobody reads documentation in there, and a power cut costs a second run at most.
SMALLER = ("path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/man/*", "force-unsafe-io")

# What of the caller's environment goes into the chroot.
PASSED = ("CARGO_PROFILE_", "CARGO_BUILD_JOBS", "http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL")

# Run as: bash -c ENTER - ROOT SCRIPT FOLDER [emulate]
ENTER = """
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
[ -z "$4" ] || mount -t binfmt_misc binfmt_misc "$1/proc/sys/fs/binfmt_misc"
exec chroot "$1" bash -c 'cd "$2" && eval "$1"' - "$2" "$3"
"""
BINFMT = "cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register\n"


def become_root():
    """Unless the caller is root, restart in a user namespace, where it is. Raises Failure."""
    if os.geteuid() == 0:
        return
    if not shutil.which("newuidmap"):
        raise Failure("not root: run it as root, or install uidmap and give this user a range in /etc/subuid")
    os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--map-auto", "--mount", sys.executable, *sys.argv])


def check_disk():
    """Raise Failure if the disk is too small."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    needed = 4 if PATH.exists() else 8
    if (free := shutil.disk_usage(FOLDER).free / 1e9) < needed:
        raise Failure(f"{FOLDER.relative_to(ROOT)} needs {needed} GB of disk, {free:.1f} GB are free")


def inside(script, log, folder="/", timeout=None, emulate=False, **environment):
    """Run a script inside the chroot. Returns its output (str). Raises Failure.

    With `emulate`, the kernel runs programs for arm64 by qemu. A user namespace keeps that from
    the machine; it takes Linux 6.7.
    """
    variables = {
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        "PATH": "/build/dstok/.environments/wheel/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "CARGO_HOME": "/build/cargo",
        "WINEDEBUG": "-all",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **{name: value for name, value in os.environ.items() if name.startswith(PASSED)},
    }
    if (PATH / CERTIFICATES[1:]).exists():
        for name in ("SSL_CERT_FILE", "PIP_CERT", "CARGO_HTTP_CAINFO", "REQUESTS_CA_BUNDLE"):
            variables[name] = CERTIFICATES
    variables |= environment
    exported = "".join(f"export {name}={quote(value)}\n" for name, value in variables.items())
    namespaces = ("--mount", "--pid", "--fork", "--kill-child", *(("--user", "--map-root-user") if emulate else ()))
    script = f"{exported}set -e\n{BINFMT if emulate else ''}{script}"
    words = (PATH, script, folder, "emulate" if emulate else "")
    return run(["env", "-i", "unshare", *namespaces, "bash", "-c", ENTER, "-", *words], log, timeout)


def quote(value):
    """Return a word for the shell (str)."""
    return "'" + value.replace("'", "'\\''") + "'"


def mirror():
    """Return the URL of the Debian mirror that apt uses here (str). Raises Failure."""
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    try:
        found = subprocess.run(targets, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        found = []
    if not found:
        raise Failure("apt knows no Debian mirror: this needs Debian, and `apt-get update` once")
    return found[0]


def mmdebstrap(path, *options):
    """Make a folder with a Debian system. Raises Failure."""
    source = mirror()
    program = TOOLS / "usr" / "bin" / "mmdebstrap"
    if not program.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        script = 'cd "$1" && apt-get download mmdebstrap && dpkg-deb --extract mmdebstrap_*.deb . && rm ./*.deb'
        run(["bash", "-c", script, "-", TOOLS], "mmdebstrap")
    unfinished = path.with_name(path.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    fixed = ("--mode=root", "--format=directory", '--aptopt=Acquire::Check-Valid-Until "false"')
    # It has a helper beside it.
    search = f"{program.parent}:{os.environ['PATH']}"
    run([program, *fixed, *options, "sid", unfinished, source], path.name, PATH=search)
    unfinished.rename(path)


def make():
    """Make the chroot, or the missing rest of it. Raises Failure."""
    if not PATH.exists():
        mmdebstrap(PATH, "--variant=apt", *(f"--dpkgopt={option}" for option in SMALLER))
    BUILD.mkdir(exist_ok=True)
    # `cargo package` takes this folder for a package of its own, and so doesn't follow the links in there.
    (FOLDER / "Cargo.toml").touch()
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc") / name, PATH / "etc" / name)
    if bundle := os.environ.get("SSL_CERT_FILE"):
        shutil.copy(bundle, PATH / CERTIFICATES[1:])
    wanted = BUILD / "packages"
    if not wanted.exists() or wanted.read_text() != f"{PACKAGES}":
        inside(f"apt-get update && apt-get install --yes --no-install-recommends {' '.join(PACKAGES)}", "apt")
        inside("apt-get clean", "clean")
        add_startup_objects()
        wanted.write_text(f"{PACKAGES}")


def add_startup_objects():
    """Give rustc empty startup objects for musl: Debian has none, and cargo-zigbuild takes zig's instead."""
    for machine in ("x86_64", "aarch64"):
        folder = PATH / "usr" / "lib" / "rustlib" / f"{machine}-unknown-linux-musl" / "lib" / "self-contained"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("crt1", "rcrt1", "crti", "crtn", "crtbegin", "crtbeginS", "crtend", "crtendS"):
            (folder / f"{name}.o").touch()


def make_arm64():
    """Unpack Python, busybox and a kernel for arm64, which run under emulation. Raises Failure."""
    if ARM64.exists():
        return
    mmdebstrap(ARM64, "--variant=extract", "--architectures=arm64", f"--include={','.join(ARM64_PACKAGES)}")
    # Where installing the packages would have made a link.
    (ARM64 / "lib").symlink_to("usr/lib")
