"""How long one thing takes: a request and its answer, and a whole process."""

import os
import statistics
import subprocess
import time

from measure.children import Child
from measure.payloads import PAYLOADS, SECRET
from oracle import environments, processes


class Peer(Child):
    """A child process that answers a line with a line."""

    def __init__(self, command, core):
        super().__init__(command, core, bufsize=0)
        self._stdin = self.process.stdin.fileno()
        self._stdout = self.process.stdout.fileno()

    def seconds(self, line):
        """Return the seconds from sending a line to having its answer."""
        begin = time.perf_counter()
        os.write(self._stdin, line)
        answer = os.read(self._stdout, 1 << 16)
        elapsed = time.perf_counter() - begin
        if not answer.endswith(b"\n"):
            raise processes.ProcessFailure("a peer answered a part of a line")
        return elapsed


def round_trips(dstok, count):
    """Return seconds of single round trips through dstok, and of the same through `cat`.

    `cat` is sent the same lines. The two take turns, so that both meet the same
    machine, and share a core that the client is not on: left alone, the kernel
    puts either of them on the client's core, where a round trip takes a tenth.
    """
    cores = sorted(os.sched_getaffinity(0))
    request = processes.request_line(1, PAYLOADS[0].create()).encode()
    with Peer([dstok, "serve"], cores[-1]) as ours, Peer(["cat"], cores[-1]) as cat:
        os.sched_setaffinity(0, {cores[0]})
        try:
            pairs = [(ours.seconds(request), cat.seconds(request)) for _ in range(count + count // 10)]
        finally:
            os.sched_setaffinity(0, cores)
    warm = pairs[count // 10 :]
    return [our for our, _ in warm], [their for _, their in warm]


def whole_processes(dstok, count):
    """Return the ratios of `datasette create-token` to `dstok create-token`, start to end.

    Raises ProcessFailure unless both end well.
    """
    ours = [str(dstok), "create-token", "root"]
    theirs = [str(environments.python(environments.NEWEST).with_name("datasette")), "create-token", "root"]
    environ = environments.clean_environ(DATASETTE_SECRET=SECRET)
    ratios = []
    for _ in range(count):
        # Ours is too short for one reading.
        each = statistics.median(_seconds(ours, environ) for _ in range(11))
        ratios.append(_seconds([*theirs, "--secret", SECRET], environ) / each)
    return ratios


def _seconds(command, environ):
    begin = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, check=False)
    elapsed = time.perf_counter() - begin
    if done.returncode or not done.stdout.startswith(b"dstok_"):
        raise processes.ProcessFailure(f"{os.path.basename(command[0])} create-token: exit code {done.returncode}")
    return elapsed


def percentile(seconds, share):
    """Return what the given share (0 to 1) of the values does not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
