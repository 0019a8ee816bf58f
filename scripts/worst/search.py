"""Measuring one input, and climbing from bad inputs to worse ones."""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from worst import launcher, shapes, texts

MOST_MEMORY = 256 << 20  # bytes
MOST_CPU = 1.0  # seconds per MiB
SMALLEST = 64 << 10  # bytes: a shorter input counts as this long, as CPU time has ticks and noise
PATIENCE = 12  # changes in a row that make nothing worse
SECONDS, SECONDS_PER_MIB = 15, 3  # until a process is killed, which is over the limit too
LAUNCH = [sys.executable, "-I", "-S", launcher.__file__]


@dataclass(frozen=True)
class Measurement:
    """What one input took."""

    memory: int  # bytes
    cpu: float  # seconds per MiB of input and inflated payloads
    size: int
    code: int
    outcome: str

    def score(self, objective):
        return self.memory / MOST_MEMORY if objective == "memory" else self.cpu / MOST_CPU

    def is_over(self):
        """Say whether it breaks the promise. A process that was killed took too long."""
        return self.memory > MOST_MEMORY or self.cpu > MOST_CPU or self.code != 0


class Measurer:
    """Runs inputs, one at a time."""

    def __init__(self, binary, folder):
        self._binary, self._folder = str(binary), Path(folder)
        self.count = 0

    def __enter__(self):
        self._launcher = subprocess.Popen(LAUNCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        nothing = shapes.Session(b"", 1)
        self._start = statistics.median(self._run(nothing)[1] for _ in range(5))
        return self

    def __exit__(self, *_):
        self._launcher.stdin.close()
        self._launcher.wait()
        self._launcher.stdout.close()

    def measure(self, session):
        """Return a Measurement. A little too slow is measured again: other work may be to blame."""
        found = self._measure(session)
        for _ in range(2):
            if 0.8 * MOST_CPU < found.cpu < 2 * MOST_CPU:
                found = min(found, self._measure(session), key=lambda one: one.cpu)
        return found

    def _measure(self, session):
        peak, cpu, code, head = self._run(session)
        per_mib = max(cpu - self._start, 0) / (max(session.size, SMALLEST) / shapes.MIB)
        return Measurement(peak << 10, per_mib, session.size, code, outcome(head))

    def _run(self, session):
        self.count += 1
        path = self._folder / "input"
        session.write(path)
        options = {"--secret": texts.SECRET, "--now": str(shapes.NOW)} | session.options
        argv = [self._binary, "serve", *(word for option in options.items() for word in option if word is not None)]
        order = {"argv": argv, "path": str(path), "delivery": session.delivery,
                 "patience": SECONDS + SECONDS_PER_MIB * session.size / shapes.MIB}
        self._launcher.stdin.write(json.dumps(order) + "\n")
        self._launcher.stdin.flush()
        return json.loads(self._launcher.stdout.readline())


def outcome(head):
    """Return what the first answer is, in a word or two."""
    if '"error"' not in head:
        return "result" if head else "no answer"
    kind = head.partition('"message":"')[2][:60].partition('"')[0]
    return f"error: {kind}"


class Search:
    """Climbs by both objectives in turn, until time is up."""

    def __init__(self, found, measurer, rng, seconds):
        self._shapes, self._measurer, self._rng = {shape.name: shape for shape in found}, measurer, rng
        self._end = time.monotonic() + seconds
        self.worst = {}  # (objective, shape's name) to (Measurement, parameters)

    def run(self):
        for shape in self._shapes.values():
            for parameters in shape.first():
                self._try(shape, parameters)
        while not self._is_over():
            for objective in ("memory", "cpu"):
                self._climb(objective)

    def _is_over(self):
        return time.monotonic() > self._end

    def _climb(self, objective):
        """From the worst of a shape, or from anywhere, to worse: until it is over the limit, or PATIENCE is at its end."""
        shape = self._shape(objective)
        at = self.worst[objective, shape.name]
        if at[0].is_over() or self._rng.random() < 0.4:
            parameters = shape.choose(self._rng)
            at = self._try(shape, parameters), parameters
        left = PATIENCE
        while left and not at[0].is_over() and not self._is_over():
            parameters = shape.change(at[1], self._rng)
            measurement = self._try(shape, parameters)
            left -= 1
            if measurement.score(objective) > at[0].score(objective) * 1.01:
                at, left = (measurement, parameters), PATIENCE

    def _shape(self, objective):
        """Return one of the five worst shapes that are within the limit, or any."""
        ranked = [name for name, (measurement, _) in self._ranked(objective) if not measurement.is_over()][:5]
        if not ranked or self._rng.random() < 0.5:
            return self._rng.choice(list(self._shapes.values()))
        return self._shapes[self._rng.choice(ranked)]

    def _ranked(self, objective):
        """Return (shape's name, (Measurement, parameters)), the worst first."""
        those = [(name, found) for (of, name), found in self.worst.items() if of == objective]
        return sorted(those, key=lambda one: -one[1][0].score(objective))

    def _try(self, shape, parameters):
        measurement = self._measurer.measure(shape.make(parameters))
        for objective in ("memory", "cpu"):
            before = self.worst.get((objective, shape.name))
            if not before or measurement.score(objective) > before[0].score(objective):
                self.worst[objective, shape.name] = measurement, parameters
                if measurement.score(objective) > 1 and (not before or before[0].score(objective) <= 1):
                    print(row(shape.name, measurement, parameters), flush=True)
        return measurement

    def is_over(self):
        return any(measurement.is_over() for measurement, _ in self.worst.values())

    def report(self, seed, minutes):
        """Return the tables, in Markdown."""
        parts = [f"{self._measurer.count:,} inputs in {minutes:g} minutes, seed {seed}."]
        for objective, title in (("memory", "Peak resident memory"), ("cpu", "CPU time")):
            rows = [row(name, *found) for name, found in self._ranked(objective)]
            parts += [f"## {title}, the worst of each shape", "\n".join([*HEADER, *rows])]
        return "\n\n".join(parts)


HEADER = ("| shape | peak, MiB | CPU, s per MiB | size, MiB | first answer | parameters |",
          "| --- | ---: | ---: | ---: | --- | --- |")


def row(name, measurement, parameters):
    """Return a row of the table."""
    told = ", ".join(f"{key} {value}" for key, value in parameters.items() if not str(value).startswith(os.sep))
    answer = measurement.outcome if measurement.code == 0 else f"exit {measurement.code}"
    return (f"| {name} | {measurement.memory / shapes.MIB:,.0f} | {measurement.cpu:.3f} "
            f"| {measurement.size / shapes.MIB:,.1f} | {answer.replace('|', ' ')} | {told} |")
