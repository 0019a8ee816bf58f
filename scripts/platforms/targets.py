"""The platforms that dstok is built for."""

from dataclasses import dataclass

QEMU = "/usr/bin/qemu-"


@dataclass(frozen=True)
class Target:
    """A platform, how to build for it, and how to run what was built."""

    triple: str
    # "glibc 2.17", "musl" and so on: what the table says the program needs.
    needs: str
    # "natively", or by what it is emulated; None if it can only be linked.
    how: str | None
    # The command that runs its programs on this machine.
    runner: tuple[str, ...] = ()
    # Whether Debian has its standard library, or it is compiled here.
    has_std: bool = False
    # Whether its wheel can be installed here: no Python here is linked with musl.
    installs: bool = False

    @property
    def file(self):
        """The name of its program (str)."""
        return "dstok.exe" if self.system == "windows" else "dstok"

    @property
    def has_32_bits(self):
        """Whether its addresses have 32 bits (bool)."""
        return self.triple.startswith(("i686", "armv7"))

    @property
    def system(self):
        """linux, windows and so on (str)."""
        return self.triple.split("-")[2]


def linux(machine, needs, qemu=None, libc="gnu", **more):
    """Return a Target for Linux; `qemu` is the emulator's name for the processor."""
    runner, how = (), "natively"
    if qemu:
        system = f"{'arm' if machine.startswith('armv7') else machine}-linux-{libc}"
        runner = (f"{QEMU}{qemu}",) if needs == "musl" else (f"{QEMU}{qemu}", "-L", f"/usr/{system}")
        how = "qemu-user"
    return Target(f"{machine}-unknown-linux-{libc}", needs, how, runner, **more)


GLIBC = "glibc 2.17"
TARGETS = (
    linux("x86_64", GLIBC, has_std=True, installs=True),
    linux("aarch64", GLIBC, "aarch64", installs=True),
    linux("x86_64", "musl", libc="musl"),
    linux("aarch64", "musl", "aarch64", libc="musl"),
    Target("x86_64-apple-darwin", "macOS", None),
    Target("aarch64-apple-darwin", "macOS", None),
    Target("x86_64-pc-windows-gnu", "Windows", "wine", ("wine64",)),
    linux("i686", GLIBC, "i386"),
    linux("armv7", GLIBC, "arm", libc="gnueabihf"),
    linux("s390x", GLIBC, "s390x"),
)
BY_TRIPLE = {target.triple: target for target in TARGETS}
