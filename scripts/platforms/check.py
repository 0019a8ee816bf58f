"""Checking a program that was built: its format, its answers, and tests that drive it."""

import json
import re

from platforms.build import ARTEFACTS
from platforms.chroot import BUILD, inside
from platforms.steps import Failure

NEWEST_GLIBC = (2, 17)
KINDS = {
    "linux": "ELF",
    "darwin": "Mach-O 64-bit",
    "windows": "PE32+ executable",
}

# The test programs that talk to dstok and ask nothing of the kernel that an emulator lacks.
PROTOCOL_TESTS = (
    *("configure", "create_token_cli", "create_tokens", "envelope", "framing", "header_framing"),
    *("inspect", "jsonrpc_spec", "limits", "methods_option", "params", "policy", "records_csv"),
    *("records_names", "restrictions", "summary"),
)
# Those that need the real thing.
SYSTEM_TESTS = ("audit_log", "create_tokens_output", "life", "memory", "records_recovery", "sandbox", "threads")
TESTED = BUILD / "tests" / "debug" / "dstok"
# This one would measure the memory of the emulator.
EMULATED_OPTIONS = "--skip a_gibibyte_without_a_newline"

# In place of dstok where it is emulated: no emulator has seccomp, and dstok would say so each time.
SHIM = """#!/bin/sh
case $1 in
    serve) shift && exec {command} serve --no-sandbox "$@" ;;
    *) exec {command} "$@" ;;
esac
"""


def path(target):
    """Return where the program is inside the chroot (str)."""
    return f"/build/artefacts/{target.triple}/{target.file}"


def command(target):
    """Return the command that runs the program inside the chroot (str)."""
    return " ".join((*target.runner, path(target)))


def kind(target):
    """Check the format of the file. Returns what it needs of the system (str). Raises Failure."""
    described = inside(f"file --brief {path(target)}", f"{target.triple}-file").strip()
    if KINDS[target.system] not in described:
        raise Failure(f"{target.triple}: not {KINDS[target.system]}, but {described}")
    if target.system != "linux":
        return target.needs
    read = inside(f"readelf --wide --segments --version-info {path(target)}", f"{target.triple}-readelf")
    if target.needs == "musl":
        if "INTERP" in read or "NEEDED" in read:
            raise Failure(f"{target.triple}: not static: {described}")
        return "nothing"
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([\d.]+)", read)}
    if not versions or max(versions) > NEWEST_GLIBC:
        raise Failure(f"{target.triple}: needs glibc {max(versions, default='?')}, and not {NEWEST_GLIBC}")
    return target.needs


def conformance(target):
    """Replay the fixtures. Returns how many checks there were. Raises Failure.

    The kernel can't start emulated programs, so they are told how to start dstok. Wine can.
    """
    served = f"-- {command(target)} serve" if target.how == "qemu-user" else ""
    output = inside(f"{command(target)} conformance {served}", f"{target.triple}-conformance", timeout=3600)
    found = re.search(r"^all +\d+ +(\d+) +0\s*$", output, re.MULTILINE)
    if not found or "all answers are those of real Datasette" not in output:
        raise Failure(f"{target.triple}: no 'all answers are those of real Datasette'")
    return int(found[1])


def compile_tests():
    """Compile the test programs for this machine. Returns {name: path inside the chroot}."""
    named = " ".join(f"--test {name}" for name in (*PROTOCOL_TESTS, *SYSTEM_TESTS))
    script = f"cargo test --no-run --locked --target-dir /build/tests --message-format json {named}"
    output = inside(script, "tests-build", "/build/dstok", CARGO_PROFILE_TEST_DEBUG="0", CARGO_PROFILE_DEV_DEBUG="0")
    messages = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    built = [message for message in messages if message.get("executable") and "test" in message["target"]["kind"]]
    return {message["target"]["name"]: message["executable"] for message in built}


def tests(target, programs):
    """Run test programs against the program of a target. Returns how many tests passed. Raises Failure."""
    TESTED.unlink(missing_ok=True)
    names, options = PROTOCOL_TESTS, ""
    if target.how == "natively":
        TESTED.write_bytes((ARTEFACTS / target.triple / target.file).read_bytes())
        names += SYSTEM_TESTS
    else:
        options = EMULATED_OPTIONS
        TESTED.write_text(SHIM.format(command=command(target)))
    TESTED.chmod(0o755)
    script = "\n".join(f'{programs[name]} --quiet {options} || failed="$failed {name}"' for name in names)
    script = f'cd /build/dstok; failed=\n{script}\n[ -z "$failed" ] || {{ echo "failed:$failed"; exit 1; }}'
    output = inside(script, f"{target.triple}-tests", timeout=3600)
    return sum(map(int, re.findall(r"^test result: ok\. (\d+) passed", output, re.MULTILINE)))
