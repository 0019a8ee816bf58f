"""Checking a program that was built: its format, its answers, and tests that drive it."""

import json
import re
from functools import cache

from platforms import build
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
# Test programs that need a real kernel.
SYSTEM_TESTS = ("audit_log", "create_tokens_output", "life", "memory", "records_recovery", "sandbox", "threads")
# They replace both on Windows.
WINDOWS_TESTS = ("windows",)
# One test would measure the memory of the emulator. Another needs an event that Wine doesn't deliver.
SKIPPED = {
    "natively": "",
    "qemu-user": "--skip a_gibibyte_without_a_newline",
    "wine": "--skip ctrl_break_ends_it_with_success",
}

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


@cache
def compile_tests(target=None):
    """Compile the test programs, for this machine or for Windows.

    Returns ({name: path inside the chroot}, where they look for dstok (Path)).
    """
    folder, names, chosen, variables = BUILD / "tests", (*PROTOCOL_TESTS, *SYSTEM_TESTS), "", {}
    if target:
        folder, names = folder / target.triple, WINDOWS_TESTS
        chosen, variables = f"--target {target.triple} {build.options(target)}", build.environment(target)
    named = " ".join(f"--test {name}" for name in names)
    script = f"cargo test --no-run --locked --target-dir /build/tests --message-format json {chosen} {named}"
    variables |= {"CARGO_PROFILE_TEST_DEBUG": "0", "CARGO_PROFILE_DEV_DEBUG": "0"}
    output = inside(script, "tests-build", "/build/dstok", **variables)
    messages = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    built = [message for message in messages if message.get("executable") and "test" in message["target"]["kind"]]
    programs = {message["target"]["name"]: message["executable"] for message in built}
    return programs, folder / "debug" / ("dstok.exe" if target else "dstok")


def tests(target):
    """Run test programs against the program of a target. Returns how many tests passed. Raises Failure."""
    programs, tested = compile_tests(target if target.system == "windows" else None)
    names, runner = programs, ""
    # A new file: the old one may be linked to what cargo built.
    tested.unlink(missing_ok=True)
    if target.how == "qemu-user":
        names = PROTOCOL_TESTS
        tested.write_text(SHIM.format(command=command(target)))
    else:
        runner = " ".join(target.runner)
        tested.write_bytes((build.ARTEFACTS / target.triple / target.file).read_bytes())
    tested.chmod(0o755)
    options = f"--quiet {SKIPPED[target.how]}"
    runs = "\n".join(f'{runner} {programs[name]} {options} || failed="$failed {name}"' for name in names)
    # The test programs are of this machine and can't tell.
    bits = "export DSTOK_HAS_32_BITS=1; " if target.has_32_bits else ""
    script = f'cd /build/dstok; {bits}failed=\n{runs}\n[ -z "$failed" ] || {{ echo "failed:$failed"; exit 1; }}'
    output = inside(script, f"{target.triple}-tests", timeout=3600)
    passed = sum(map(int, re.findall(r"^test result: ok\. (\d+) passed", output, re.MULTILINE)))
    if not passed:
        raise Failure(f"{target.triple}: no test ran")
    return passed


def console(target):
    """Type a request on a console, and Ctrl-C. Raises Failure."""
    script = f"python3 /build/dstok/scripts/platforms/console.py {command(target)} serve --secret not-a-secret"
    inside(script, f"{target.triple}-console", timeout=600)
