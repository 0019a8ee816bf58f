"""Runs programs with PySpark, and looks for the secret in all that a run leaves."""

import contextlib
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

from oracle import environments, processes

EXAMPLE = environments.REPOSITORY / "examples" / "spark" / "mint_tokens.py"
ENVIRONMENT = "spark"
PYSPARK = "pyspark==4.3.0"
OLDEST_JAVA = 17
PARTITION = 96 << 10
"""Bytes of a file in one partition."""
# So little that Spark moves broadcasts to disk: without encryption, the search finds the secret there.
LITTLE_MEMORY = {
    "spark.testing.memory": "2000000", "spark.testing.reservedMemory": "1", "spark.buffer.pageSize": "64k",
}


def has_java():
    """Return whether Spark would find a Java that is new enough."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(Path(home) / "bin" / "java" if home else "java")
    if java is None:
        return False
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', done.stderr)
    return version is not None and int(version[1]) >= OLDEST_JAVA


def install():
    """Install PySpark into its environment if it isn't there. Raises EnvironmentFailure."""
    environments.ensure_packages(ENVIRONMENT, [PYSPARK])


class Spark:
    """Spark in a folder of its own. `logs` gets everything that it writes besides the output."""

    def __init__(self, folder, secret):
        self.folder = folder
        self.secret = secret
        self.secret_file = folder / "secret"
        self.secret_file.touch(mode=0o600)
        self.secret_file.write_text(secret + "\n")
        self.records = folder / "records"
        self.logs = folder / "logs"
        for name in ("tmp", "events", "home"):
            (self.logs / name).mkdir(parents=True)
        # A cluster on one machine puts the executors' folders into SPARK_HOME.
        (installed,) = environments.python(ENVIRONMENT).parents[1].glob("lib/python*/site-packages/pyspark")
        for path in installed.iterdir():
            (self.logs / "home" / path.name).symlink_to(path)

    def write_records(self, lines, compressed=None):
        """Write the folder of records: a file of `lines`, and one that Spark can't split."""
        self.records.mkdir()
        with open(self.records / "records.jsonl", "wb") as file:
            file.writelines(lines)
        if compressed is not None:
            (self.records / "more.jsonl.gz").write_bytes(gzip.compress(compressed, 1))

    def mint(self, master, program, now, output, meanwhile=None, options=None):
        """Run the example and return what it prints. Raises ProcessFailure, also if it prints no counts."""
        arguments = ["--secret-file", self.secret_file, "--dstok", program, "--now", now]
        printed, code = self.submit(master, EXAMPLE, self.records, self.folder / output, *arguments,
                                    meanwhile=meanwhile, options=options)
        # spark-submit prints what the program writes to stderr among it.
        counts = re.search(r"^\d+ records: \d+ tokens, (\d+) failed$", printed, re.MULTILINE)
        if counts is None or code != (counts[1] != "0"):
            raise processes.ProcessFailure(f"{EXAMPLE.name} in {master}: exit code {code}, printed {printed!r}")
        return counts[0]

    def submit(self, master, script, *arguments, meanwhile=None, options=None):
        """Run a script with spark-submit; return (stdout, exit code). `meanwhile` gets the process."""
        temporary = self.logs / "tmp"
        java_options = f"-Djava.io.tmpdir={temporary}"
        configuration = {
            "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
            "spark.eventLog.enabled": "true", "spark.eventLog.dir": (self.logs / "events").as_uri(),
            # Compressed text could hide the secret from the search.
            "spark.eventLog.compress": "false", "spark.broadcast.compress": "false",
            # A small file has several partitions.
            "spark.sql.files.maxPartitionBytes": str(PARTITION),
            "spark.driver.extraJavaOptions": java_options, "spark.executor.extraJavaOptions": java_options,
            **(options or {}),
        }
        command = [environments.python(ENVIRONMENT).parent / "spark-submit", "--master", master]
        for name, value in configuration.items():
            command += ["--conf", f"{name}={value}"]
        environ = environments.clean_environ(
            SPARK_HOME=str(self.logs / "home"), PYSPARK_PYTHON=str(environments.python(ENVIRONMENT)),
            SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_DIRS=str(temporary), TMPDIR=str(temporary),
        )
        with open(self.logs / "stdout", "w+") as stdout, open(self.logs / "stderr", "w") as stderr:
            process = subprocess.Popen([str(word) for word in (*command, script, *arguments)],
                                       stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environ)
            try:
                if meanwhile:
                    meanwhile(process)
                process.wait()
            finally:
                process.terminate()
                process.wait()
            stdout.seek(0)
            return stdout.read(), process.returncode

    def rows(self, *outputs):
        """Return a list of (key, token, code, error) for each output. Raises ProcessFailure."""
        folders = [self.folder / output for output in outputs]
        found = [[] for _ in outputs]
        printed = processes.run_in_environment(ENVIRONMENT, "spark_rows.py", *folders)
        for line in printed.split("\n")[:-1]:
            number, *row = json.loads(line)
            found[number].append(tuple(row))
        return found

    def failures(self):
        """Return the exceptions that ended tasks, in all runs so far."""
        lines = [line for path in self.logs.glob("events/*/events_*") for line in path.read_text().splitlines()]
        reasons = [event["Task End Reason"] for event in map(json.loads, lines) if event["Event"] == "SparkListenerTaskEnd"]
        return [reason["Description"] for reason in reasons if reason["Reason"] == "ExceptionFailure"]

    def check_secret(self):
        """Return how many files, command lines and environments do not hold the secret. Raises ProcessFailure."""
        places, seen = self._search(self.secret)
        for name in (name for names in places.values() for name in names):
            raise processes.ProcessFailure(f"{name} holds the secret")
        return seen

    def check_search(self):
        """Raise ProcessFailure unless the search finds what is in each kind of place while a program runs."""
        for kind, names in self._search(str(self.logs))[0].items():
            if not names:
                raise processes.ProcessFailure(f"the search misses {self.logs} in every {kind}")

    def _search(self, text):
        """Return what holds `text`, as lists of names by kind, and how many were read."""
        places = {"file": self._files(self.logs)}
        if Path("/proc/self/environ").exists():  # not on macOS
            places["command line"] = Path("/proc").glob("[0-9]*/cmdline")
            places["environment"] = Path("/proc").glob("[0-9]*/environ")
        found, seen = {kind: [] for kind in places}, 0
        for kind, paths in places.items():
            for path in paths:
                with contextlib.suppress(OSError):  # it is gone, or another user's
                    data = path.read_bytes()
                    seen += 1
                    if text.encode() in data:
                        found[kind].append(path)
        return found, seen

    def _files(self, folder):
        return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


class Faults:
    """A program for the executors that runs dstok, with two faults in the first attempts of tasks.

    One attempt misses the last record and ends with 0, as dstok does on SIGTERM. One is killed.
    The others keep their answers back until `hold` has searched for the secret.
    """

    SEEN_AS = ("dstok ended before the end of the partition", "PIPE_FUNCTION_EXITED")

    def __init__(self, spark, dstok):
        self.spark = spark
        self.searched = 0
        self.folder = spark.folder / "attempts"
        self.folder.mkdir()
        self.program = spark.folder / "faulty-dstok"
        self.program.write_text(f"""\
#!/bin/bash
PATH=/usr/bin:/bin
set -o pipefail
cd {shlex.quote(str(self.folder))}
number=1
until mkdir $number 2>/dev/null; do number=$((number + 1)); done
case $number in
1) head -n -2 | {shlex.quote(str(dstok))} "$@"; exit 0 ;;
2) kill -KILL $$ ;;
esac
{shlex.quote(str(dstok))} "$@" | {{
    IFS= read -r first
    touch $number/waits
    until [ -e searched ]; do sleep 0.05; done
    printf '%s\\n' "$first"
    cat
}}
""")
        self.program.chmod(0o755)

    def hold(self, process):
        """Search for the secret while two tasks wait. Raises ProcessFailure if it is found."""
        while len(list(self.folder.glob("*/waits"))) < 2:
            if process.poll() is not None:
                raise processes.ProcessFailure(f"{EXAMPLE.name} ended before two tasks waited")
            time.sleep(0.05)
        self.spark.check_search()
        self.searched = self.spark.check_secret()
        (self.folder / "searched").touch()

    def check(self):
        """Raise ProcessFailure unless exactly the two faults made tasks fail."""
        failures = self.spark.failures()
        if len(failures) != len(self.SEEN_AS) or not all(any(text in found for found in failures) for text in self.SEEN_AS):
            raise processes.ProcessFailure(f"tasks failed with {[found[-200:] for found in failures]}, not with {self.SEEN_AS}")
