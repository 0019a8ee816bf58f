"""What examples/spark/mint_tokens.py costs, beside one process of dstok and beside Spark alone."""

import os
import shutil
import statistics
import subprocess
import time

from measure.report import machine
from oracle import environments, processes, spark_cases
from oracle.spark import PYSPARK, Spark

BEGIN = "<!-- scripts/spark_example --write: begin -->"
CAT = environments.REPOSITORY / "scripts" / "oracle" / "spark_cat.py"
MASTER, CORES = "local[2]", 2
FEW = 1000
BILLION = 1_000_000_000
CLUSTER_CORES = 100


def figures(folder, dstok, count, runs):
    """Measure, in turns, and return a section for docs/spark.md. Raises ProcessFailure."""
    many, few = (Runs(folder / str(n), dstok, n) for n in (count, FEW))
    measured = {
        "one process: `dstok create-tokens`": many.create_tokens,
        f"Spark, `{MASTER}`: the example": many.example,
        f"Spark, `{MASTER}`: `pipe` through `cat`": many.cat,
        f"Spark, `{MASTER}`: the example, {FEW:,} records": few.example,
    }
    seconds = {name: [] for name in measured}
    for _ in range(runs):
        for name, run in measured.items():
            seconds[name].append(run())
            print(f"{name}: {seconds[name][-1]:.1f} s", flush=True)
    one, spark, _, start = (statistics.median(found) for found in seconds.values())
    lines = [
        f"Measured on {machine()}; {version(dstok)}, {PYSPARK.replace('==', ' ')}. {count:,} records of "
        f"{many.input_bytes / count:.0f} bytes; the median of {runs} runs in turns, with the minimum and the maximum.",
        "",
        "| run | seconds | minimum to maximum |",
        "| --- | --- | --- |",
        *(f"| {name} | {statistics.median(found):.1f} | {min(found):.1f} to {max(found):.1f} |"
          for name, found in seconds.items()),
        "",
        *plan(count, one, spark - start, many),
    ]
    return "\n".join(lines) + "\n"


def plan(count, one, spark, many):
    """Return lines that scale the figures to a billion records; `spark` is without its start."""
    scale = BILLION / count
    core_seconds = spark * CORES
    return [
        f"A billion such records, from these figures. The run with {FEW:,} records counts as Spark's start, and is subtracted:",
        "",
        "| | one process | Spark |",
        "| --- | --- | --- |",
        f"| core hours | {one * os.cpu_count() * scale / 3600:.1f} | {core_seconds * scale / 3600:.1f} |",
        f"| elapsed | {one * scale / 60:.0f} minutes on {os.cpu_count()} cores | "
        f"{core_seconds * scale / 60 / CLUSTER_CORES:.0f} minutes on {CLUSTER_CORES} cores |",
        f"| input | {many.input_bytes * scale / 1e9:.0f} GB | {many.input_bytes * scale / 1e9:.0f} GB |",
        f"| output | {many.create_tokens_bytes * scale / 1e9:.0f} GB of JSON lines | "
        f"{many.example_bytes * scale / 1e9:.0f} GB of Parquet |",
        "",
        f"Spark needs {core_seconds / (one * os.cpu_count()):.0f} times the core hours of one process. "
        f"Only a cluster with more than {core_seconds / one:.0f} cores is faster than this machine.",
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
        """Return the elapsed seconds of `create-tokens`."""
        command = [self.dstok, "create-tokens", self.records, "--output", self.output, "--secret-file", self.spark.secret_file]
        begin = time.perf_counter()
        if subprocess.run(command, env=environments.clean_environ(), stderr=subprocess.DEVNULL, check=False).returncode:
            raise processes.ProcessFailure("dstok create-tokens failed")
        seconds = time.perf_counter() - begin
        self.create_tokens_bytes = self.output.stat().st_size
        self.output.unlink()
        return seconds

    def example(self):
        """Return the elapsed seconds of the example."""
        begin = time.perf_counter()
        self.spark.mint(MASTER, self.dstok, 1700000000, self.output)
        seconds = time.perf_counter() - begin
        self.example_bytes = self._remove_folder()
        return seconds

    def cat(self):
        """Return the elapsed seconds of a job that pipes the records through `cat`."""
        begin = time.perf_counter()
        if self.spark.submit(MASTER, CAT, self.records, self.output)[1]:
            raise processes.ProcessFailure(f"{CAT.name} failed")
        seconds = time.perf_counter() - begin
        self._remove_folder()
        return seconds

    def _remove_folder(self):
        size = sum(path.stat().st_size for path in self.output.glob("*.parquet"))
        shutil.rmtree(self.output)
        return size


def version(dstok):
    return subprocess.run([dstok, "--version"], capture_output=True, text=True, check=True).stdout.strip()
