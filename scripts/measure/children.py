"""Child processes to measure."""

import json
import os
import subprocess

from measure.payloads import SECRET
from oracle import environments, processes


class Child:
    """A child process pinned to one core, with pipes to its stdin and from its stdout.

    DATASETTE_SECRET holds the secret for measuring. `options` are those of Popen.
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
    """A child process that answers each line of JSON with a line of JSON."""

    def __init__(self, command, core):
        super().__init__(command, core, text=True)

    def ask(self, request):
        """Return the answer to a request. Raises ProcessFailure."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise processes.ProcessFailure(f"{self.process.args[0]} exited during the measurement")
        return json.loads(answer)


def cpu_seconds(process):
    """Wait for a process to exit and return its CPU seconds, start-up included. Raises ProcessFailure."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise processes.ProcessFailure(f"{process.args[0]}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def piped_seconds(command, core, path):
    """Return the CPU seconds of one run on one core. Raises ProcessFailure.

    The process reads the file from a pipe and writes to another pipe.
    """
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
        # Only the process may hold these ends: a pipe closes with its last holder.
        before.stdout.close()
        after.stdin.close()
        return cpu_seconds(process)
