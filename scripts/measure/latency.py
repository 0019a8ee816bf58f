"""The time of a single round trip, and of a whole process."""

import os
import statistics
import subprocess
import time

from measure.children import Child
from measure.payloads import PAYLOADS, SECRET
from measure.throughput import Spread
from oracle import environments, processes


class LineChild(Child):
    """A child process that answers each line with a line."""

    def __init__(self, command, core):
        super().__init__(command, core, bufsize=0)
        self._stdin = self.process.stdin.fileno()
        self._stdout = self.process.stdout.fileno()

    def seconds(self, line):
        """Return the seconds between sending a line and reading its answer. Raises ProcessFailure."""
        begin = time.perf_counter()
        os.write(self._stdin, line)
        answer = os.read(self._stdout, 1 << 16)
        elapsed = time.perf_counter() - begin
        if not answer.endswith(b"\n"):
            raise processes.ProcessFailure("the answer to a request came in several parts")
        return elapsed


def round_trips(dstok, count):
    """Return the seconds of single round trips through dstok, and of the same lines through `cat`.

    The two take turns, so that both run under the same load. They share a core that the client
    does not use. Otherwise the kernel moves one of them to the client's core, where a round trip
    takes a tenth of the time.
    """
    cores = sorted(os.sched_getaffinity(0))
    (request,) = PAYLOADS[0].create().requests(1)
    request = request.encode()
    with LineChild([dstok, "serve"], cores[-1]) as ours, LineChild(["cat"], cores[-1]) as cat:
        os.sched_setaffinity(0, {cores[0]})
        try:
            pairs = [(ours.seconds(request), cat.seconds(request)) for _ in range(count + count // 10)]
        finally:
            os.sched_setaffinity(0, cores)
    warm = pairs[count // 10 :]
    return [our for our, _ in warm], [their for _, their in warm]


def whole_processes(dstok, count):
    """Return the Spread of `datasette create-token`'s time over that of `dstok create-token`.

    Raises ProcessFailure when a process fails.
    """
    ours = [str(dstok), "create-token", "root"]
    theirs = [str(environments.python(environments.NEWEST).with_name("datasette")), "create-token", "root"]
    environ = environments.clean_environ(DATASETTE_SECRET=SECRET)
    our_seconds, their_seconds = [], []
    for _ in range(count):
        # One run of dstok is too short to time alone.
        our_seconds.append(statistics.median(_seconds(ours, environ) for _ in range(11)))
        their_seconds.append(_seconds([*theirs, "--secret", SECRET], environ))
    return Spread.of(their_seconds, our_seconds)


def _seconds(command, environ):
    begin = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, check=False)
    elapsed = time.perf_counter() - begin
    if done.returncode or not done.stdout.startswith(b"dstok_"):
        raise processes.ProcessFailure(f"{os.path.basename(command[0])} create-token: exit code {done.returncode}")
    return elapsed


def percentile(seconds, share):
    """Return the value that the given share (0 to 1) of the values does not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
