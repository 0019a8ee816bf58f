"""Talk to `dstok serve` on a console, and end it with Ctrl-C, as a person does. Runs inside the chroot.

Usage: console.py COMMAND...; the command starts `dstok serve`.
"""

import os
import pty
import select
import sys
import time

PATIENCE = 60  # seconds


def main(command):
    pid, console = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    expect(console, b"shows more")
    os.write(console, b'{"jsonrpc":"2.0","id":1,"method":"ping"}\r')
    expect(console, b'"pong"')
    os.write(console, b"\x03")
    expect(console, None)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        sys.exit(f"console: exit code {code} after Ctrl-C")
    print("answered, and ended by Ctrl-C")


def expect(console, words):
    """Read until some words (bytes), or until the end if they are None."""
    read, deadline = b"", time.monotonic() + PATIENCE
    while words is None or words not in read:
        left = deadline - time.monotonic()
        if left < 0 or not select.select([console], [], [], left)[0]:
            sys.exit(f"console: no {'end' if words is None else words} after {PATIENCE} s, but {read}")
        try:
            block = os.read(console, 4096)
        except OSError:
            block = b""  # how Linux tells that nobody has the console open any more
        if not block:
            return None if words is None else sys.exit(f"console: ended before {words}, after {read}")
        read += block


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit("usage: console.py COMMAND..."))
