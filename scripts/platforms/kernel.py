"""The sandbox on a real arm64 kernel, which QEMU emulates with a whole machine."""

import shutil

from platforms.build import ARTEFACTS
from platforms.chroot import ARM64, BUILD, inside, make_arm64
from platforms.steps import LOGS, ROOT, Failure

INITRD = BUILD / "initrd"
TRIPLES = ("aarch64-unknown-linux-gnu", "aarch64-unknown-linux-musl")
# The checks that scripts/platforms/init makes.
CHECKS_ONCE, CHECKS_EACH = 1, 9
QEMU = (
    "qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on -accel tcg,thread=multi -m 1024 -smp 2"
    " -nographic -no-reboot -nic none -kernel /build/vmlinuz -initrd /build/initrd.gz"
    ' -append "console=ttyAMA0 rdinit=/init quiet panic=-1"'
)


def check():
    """Boot a kernel with the programs for arm64. Returns how many checks passed. Raises Failure."""
    make_arm64()
    shutil.rmtree(INITRD, ignore_errors=True)
    for folder in ("bin", "lib", "proc", "sys", "dev", "tmp"):
        (INITRD / folder).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "platforms" / "init", INITRD / "init")
    shutil.copy(ARM64 / "usr" / "bin" / "busybox", INITRD / "bin" / "busybox")
    (INITRD / "bin" / "sh").symlink_to("busybox")
    for triple in TRIPLES:
        shutil.copy(ARTEFACTS / triple / "dstok", INITRD / "bin" / f"dstok-{triple.rsplit('-', 1)[1]}")
    libraries = BUILD.parent / "usr" / "aarch64-linux-gnu" / "lib"
    for pattern in ("ld-linux-*", "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1"):
        for library in libraries.glob(pattern):
            shutil.copy(library, INITRD / "lib" / library.name)
    (kernel,) = ARM64.glob("usr/lib/modules/*/vmlinuz")
    shutil.copy(kernel, BUILD / "vmlinuz")
    inside("find . | cpio --quiet -o -H newc | gzip -1 >../initrd.gz", "initrd", "/build/initrd")
    output = inside(QEMU, "kernel", timeout=1800)
    checks = [line.split("check: ")[1].strip() for line in output.splitlines() if "check: " in line]
    failed = [check for check in checks if check.startswith("FAILED")]
    if failed or len(checks) != CHECKS_ONCE + CHECKS_EACH * len(TRIPLES):
        missing = "not all checks were made"
        raise Failure(f"kernel: {(failed or [missing])[0]}; see {(LOGS / 'kernel.log').relative_to(ROOT)}")
    return len(checks)
