"""Plots as SVG, with nothing but the standard library."""

import math
from html import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 50, 60
COLOURS = ("#1f5fa8", "#c4501b", "#3b7d3a")


class Axis:
    """A logarithmic axis from the least to the greatest value, widened to 1, 2 or 5 times a power of ten."""

    def __init__(self, values, start, end):
        self._ticks = list(_ticks(min(values), max(values)))
        self._start, self._end = start, end

    def place(self, value):
        """Return where a value stands, in pixels."""
        low, high = math.log(self._ticks[0]), math.log(self._ticks[-1])
        return self._start + (math.log(value) - low) / (high - low) * (self._end - self._start)

    def ticks(self):
        """Return the values that get a label."""
        return self._ticks


def _ticks(least, greatest):
    exponent = math.floor(math.log10(least))
    steps = [digit * 10.0**power for power in range(exponent, exponent + 12) for digit in (1, 2, 5)]
    first = max(n for n, step in enumerate(steps) if step <= least)
    last = min(n for n, step in enumerate(steps) if step >= greatest)
    return steps[first : max(last, first + 1) + 1]


def lines(title, x_label, y_label, series, label_x, label_y):
    """Return an SVG with a line for each of `series`, a dict from name to points (x, y).

    Both axes are logarithmic. `label_x` and `label_y` turn values into labels.
    """
    points = [point for line in series.values() for point in line]
    x = Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    y = Axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="15">{escape(title)}</text>',
    ]
    for value in y.ticks():
        at = y.place(value)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label_y(value)}</text>')
    for value in x.ticks():
        at = x.place(value)
        parts.append(f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/>')
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{label_x(value)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 16}" text-anchor="middle">{escape(x_label)}</text>')
    parts.append(
        f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>'
    )
    for (name, line), colour, n in zip(series.items(), COLOURS, range(len(series))):
        path = " ".join(f"{x.place(a):.1f},{y.place(b):.1f}" for a, b in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        at = LEFT + 10 + 160 * n
        parts.append(f'<path d="M{at} 38h20" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{at + 26}" y="42">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def short(value):
    """Return a number with k or M: 2000 as 2k."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
