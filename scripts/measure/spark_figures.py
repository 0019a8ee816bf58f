"""What examples/spark/mint_tokens.py costs, beside one process of dstok and beside Spark alone."""

import os
import resource
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass

from measure.report import machine
from oracle import environments, processes, spark_cases
from oracle.spark import PYSPARK, Spark

BEGIN = "<!-- scripts/spark_example --write: begin -->"
CAT = environments.REPOSITORY / "scripts" / "oracle" / "spark_cat.py"
MASTER = "local[2]"
DEFAULT_PARTITIONS = {"spark.sql.files.maxPartitionBytes": "128m"}
FEW = 1000
BILLION = 1_000_000_000
CLUSTER_CORES = 100


def figures(folder, dstok, count, runs):
    """Measure, in turns, and return a section for docs/how-to/spark.md. Raises ProcessFailure."""
    many, few = (Runs(folder / str(n), dstok, n) for n in (count, FEW))
    measured = {
        "one process: `dstok create-tokens`": many.create_tokens,
        f"Spark, `{MASTER}`: the example": many.example,
        f"Spark, `{MASTER}`: `pipe` through `cat`": many.cat,
        f"Spark, `{MASTER}`: the example, {FEW:,} records": few.example,
    }
    load = os.getloadavg()[0]
    times = {name: [] for name in measured}
    for _ in range(runs):
        for name, run in measured.items():
            times[name].append(timed(run))
            print(f"{name}: {times[name][-1]}", flush=True)
    cpu = [statistics.median(time.cpu for time in found) for found in times.values()]
    lines = [
        f"Measured on {machine()}; {version(dstok)}, {PYSPARK.replace('==', ' ')}. {count:,} records of "
        f"{many.input_bytes / count:.0f} bytes. Seconds are medians; runs of each, in turns: {runs}. The load average was "
        f"{load:.0f} at the start. On a busy machine, rely on the CPU seconds only.",
        "",
        "| run | CPU seconds | elapsed | shortest | longest |",
        "| --- | --- | --- | --- | --- |",
        *(row(name, found) for name, found in times.items()),
        "",
        *plan(count, cpu[0], cpu[1] - cpu[3], many),
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Time:
    """The CPU seconds of a run, with all its processes, and the elapsed seconds."""

    cpu: float
    elapsed: float


def timed(run):
    """Return the Time of a run."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    elapsed, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Time(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, elapsed)


def row(name, times):
    """Return a row of the table of runs."""
    cpu = statistics.median(time.cpu for time in times)
    elapsed = [time.elapsed for time in times]
    return f"| {name} | {cpu:.1f} | {statistics.median(elapsed):.1f} | {min(elapsed):.1f} | {max(elapsed):.1f} |"


def plan(count, one, spark, many):
    """Return lines that scale CPU seconds to a billion records; those of Spark are without its start."""
    scale = BILLION / count
    return [
        f"A billion such records, from these CPU seconds. The run with {FEW:,} records counts as Spark's start, and is "
        "subtracted:",
        "",
        "| | one process | Spark |",
        "| --- | --- | --- |",
        f"| core hours | {one * scale / 3600:.1f} | {spark * scale / 3600:.1f} |",
        f"| elapsed | {one * scale / 60:.0f} minutes on one core | "
        f"{spark * scale / 60 / CLUSTER_CORES:.0f} minutes on {CLUSTER_CORES} cores |",
        f"| input | {many.input_bytes * scale / 1e9:.0f} GB | {many.input_bytes * scale / 1e9:.0f} GB |",
        f"| output | {many.create_tokens_bytes * scale / 1e9:.0f} GB of JSON lines | "
        f"{many.example_bytes * scale / 1e9:.0f} GB of Parquet |",
        "",
        f"Spark needs {spark / one:.0f} times the core hours of one process. A cluster with fewer cores than that is slower "
        "than one core.",
    ]


class Runs:
    """The measured runs for one number of records."""

    def __init__(self, folder, dstok, count):
        folder.mkdir()
        self.spark = Spark(folder, "a secret to measure with")
        self.spark.write_records(spark_cases.plain(count))
        self.dstok = dstok
        self.output = folder / "output"
        self.records = self.spark.records / "records.jsonl"
        self.input_bytes = self.records.stat().st_size
        self.create_tokens_bytes = self.example_bytes = 0

    def create_tokens(self):
        """Run `create-tokens`."""
        command = [self.dstok, "create-tokens", self.records, "--output", self.output, "--secret-file", self.spark.secret_file]
        if subprocess.run(command, env=environments.clean_environ(), stderr=subprocess.DEVNULL, check=False).returncode:
            raise processes.ProcessFailure("dstok create-tokens failed")
        self.create_tokens_bytes = self.output.stat().st_size
        self.output.unlink()

    def example(self):
        """Run the example."""
        self.spark.mint(MASTER, self.dstok, 1700000000, self.output, options=DEFAULT_PARTITIONS)
        self.example_bytes = self._remove_folder()

    def cat(self):
        """Run a job that pipes the records through `cat`."""
        if self.spark.submit(MASTER, CAT, self.records, self.output, options=DEFAULT_PARTITIONS)[1]:
            raise processes.ProcessFailure(f"{CAT.name} failed")
        self._remove_folder()

    def _remove_folder(self):
        size = sum(path.stat().st_size for path in self.output.glob("*.parquet"))
        shutil.rmtree(self.output)
        return size


def version(dstok):
    return subprocess.run([dstok, "--version"], capture_output=True, text=True, check=True).stdout.strip()
