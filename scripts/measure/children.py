"""Child processes that are measured."""

import json
import os
import subprocess

from measure.payloads import SECRET
from oracle import environments, processes


class Child:
    """A child process on a core of its own, with pipes to its stdin and from its stdout.

    DATASETTE_SECRET is the secret for measuring. `options` are those of Popen.
    """

    def __init__(self, command, core, **options):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environments.clean_environ(DATASETTE_SECRET=SECRET),
            **options,
        )
        os.sched_setaffinity(self.process.pid, {core})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class JsonChild(Child):
    """A child process that answers a line of JSON with a line of JSON."""

    def __init__(self, command, core):
        super().__init__(command, core, text=True)

    def ask(self, request):
        """Return the answer to a request. Raises ProcessFailure."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise processes.ProcessFailure(f"{self.process.args[0]} ended while it was measured")
        return json.loads(answer)


def cpu_seconds(process):
    """Wait for a process to end and return its CPU seconds, start-up included. Raises ProcessFailure."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise processes.ProcessFailure(f"{process.args[0]}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def piped_seconds(command, core, path):
    """Return the CPU seconds of one run on one core, with the lines of a file through a pipe and
    the answers through another. Raises ProcessFailure."""
    with (
        open(path, "rb") as lines,
        subprocess.Popen(["cat"], stdin=lines, stdout=subprocess.PIPE) as before,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as after,
    ):
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=before.stdout,
            stdout=after.stdin,
            env=environments.clean_environ(DATASETTE_SECRET=SECRET),
        )
        os.sched_setaffinity(process.pid, {core})
        # The ends are the process's alone, so that each sees when the other is done.
        before.stdout.close()
        after.stdin.close()
        return cpu_seconds(process)
