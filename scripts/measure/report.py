"""The tables and plots of `scripts/bench`: printed, and on request recorded in docs/explanation/benchmarks.md."""

import os
import platform
import subprocess
from datetime import date
from pathlib import Path

from oracle import environments

DOCS = environments.REPOSITORY / "docs"
PLOTS = DOCS / "explanation" / "benchmarks"
MAIN, PYTHON = "<!-- scripts/bench --write: begin -->", "<!-- scripts/bench --python --write: begin -->"
GATEWAY = "<!-- scripts/gateway_load --write: begin -->"
END = "<!-- end -->"


class Report:
    """Collects tables and plots. Prints each row of a table as soon as it is measured."""

    def __init__(self):
        self._parts = []
        self._plots = {}

    def table(self, title, text, head, rows):
        """Add a table: a title, an introduction, the column headings, and an iterable of rows."""
        lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
        print(f"\n{title}\n{text}\n" + "\n".join(lines), flush=True)
        for row in rows:
            lines.append(f"| {' | '.join(row)} |")
            print(lines[-1], flush=True)
        self._parts.append(f"## {title}\n\n{text}\n\n" + "\n".join(lines) + "\n")

    def note(self, text):
        """Add a paragraph."""
        print(f"\n{text}", flush=True)
        self._parts.append(f"{text}\n")

    def plot(self, name, title, svg):
        """Add a plot, given as SVG text."""
        self._plots[name] = svg
        self._parts.append(f"![{title}](benchmarks/{name})\n")

    def write(self, versions_text, begin):
        """Replace the plots, and the section of docs/explanation/benchmarks.md from `begin` (MAIN, PYTHON or GATEWAY) to the next END."""
        write_section("explanation/benchmarks.md", begin, "\n".join([versions_text, *self._parts]))
        PLOTS.mkdir(exist_ok=True)
        for name, svg in self._plots.items():
            (PLOTS / name).write_text(svg, encoding="utf-8")


def write_section(name, begin, text):
    """Replace the section of a file in docs/ from `begin` to the next END."""
    path = DOCS / name
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{begin}\n\n{text}\n{END}{after}", encoding="utf-8")


def machine():
    """Return the date and what this machine is."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{date.today()}: {model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def versions(dstok):
    """Return a paragraph with the date, the machine, and the versions of all programs."""
    theirs = subprocess.run(
        [environments.python(environments.NEWEST), "-c",
         "import sys, zlib, importlib.metadata as m; print(f'Python {sys.version.split()[0]}, zlib "
         "{zlib.ZLIB_RUNTIME_VERSION}, itsdangerous', m.version('itsdangerous'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()
    ours, rustc = (subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
                   for program in (str(dstok), "rustc"))
    return (
        f"Measured on {machine()}; "
        f"{ours}, {' '.join(rustc.split()[:2])}; Datasette {environments.NEWEST}, {theirs}.\n"
    )
