"""Run commands for another program, and report the peak memory and the CPU time of each.

A process of its own, because the peak that wait4 reports for a child includes the peak of its
parent: `ru_maxrss` passes through exec. This one stays below 15 MiB.

Reads a line of JSON for each run on stdin, and writes one on stdout.
"""

import json
import os
import signal
import sys
import threading
import time

PIECE = 64 << 10  # bytes
HEAD = 300  # bytes of the answers to keep
PAUSE = 1.0  # seconds that a slow reader waits


def run(argv, path, delivery, patience):
    """Return (KiB at the peak, seconds of CPU time, exit status, the first bytes of the answers).

    The process is killed after `patience` seconds.
    """
    out_read, out_write = os.pipe()
    in_read, feeder = os.open(path, os.O_RDONLY), None
    if delivery == "pipe":
        source, (in_read, in_write) = in_read, os.pipe()
        os.set_inheritable(in_write, False)
        feeder = threading.Thread(target=feed, args=(source, in_write))
    actions = [
        (os.POSIX_SPAWN_DUP2, in_read, 0),
        (os.POSIX_SPAWN_DUP2, out_write, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    process = os.posix_spawn(argv[0], argv, {}, file_actions=actions)
    os.close(in_read)
    os.close(out_write)
    timer = threading.Timer(patience, os.kill, (process, signal.SIGKILL))
    timer.start()
    if feeder:
        feeder.start()
    if delivery == "slow":
        time.sleep(PAUSE)
    head = drain(out_read)
    _, status, usage = os.wait4(process, 0)
    timer.cancel()
    if feeder:
        feeder.join()
    return usage.ru_maxrss, usage.ru_utime + usage.ru_stime, os.waitstatus_to_exitcode(status), head


def feed(source, pipe):
    """Copy a file into a pipe in pieces."""
    try:
        while piece := os.read(source, PIECE):
            os.write(pipe, piece)
    except BrokenPipeError:
        pass
    finally:
        os.close(source)
        os.close(pipe)


def drain(pipe):
    """Read to the end, and return the first bytes."""
    head = b""
    while piece := os.read(pipe, 1 << 20):
        head += piece[: HEAD - len(head)]
    os.close(pipe)
    return head.decode("utf-8", "replace")


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the search ends it
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
