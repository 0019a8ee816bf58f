"""SVG plots, made with the standard library only."""

import math
from html import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 50, 60
COLOURS = ("#1f5fa8", "#c4501b", "#3b7d3a")


class Axis:
    """A logarithmic axis over the range of the values, widened to 1, 2 or 5 times a power of ten."""

    def __init__(self, values, start, end):
        self._ticks = list(_ticks(min(values), max(values)))
        self._start, self._end = start, end

    def place(self, value):
        """Return the position of a value, in pixels."""
        low, high = math.log(self._ticks[0]), math.log(self._ticks[-1])
        return self._start + (math.log(value) - low) / (high - low) * (self._end - self._start)

    def ticks(self):
        """Return the labelled values."""
        return self._ticks


def _ticks(minimum, maximum):
    exponent = math.floor(math.log10(minimum))
    steps = [digit * 10.0**power for power in range(exponent, exponent + 12) for digit in (1, 2, 5)]
    first = max(n for n, step in enumerate(steps) if step <= minimum)
    last = min(n for n, step in enumerate(steps) if step >= maximum)
    return steps[first : max(last, first + 1) + 1]


def lines(title, x_label, y_label, series, label_x, label_y):
    """Return an SVG with a line for each entry of `series`, a dict from name to points (x, y).

    Both axes are logarithmic. `label_x` and `label_y` format values as labels.
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
    """Format a number with k or M: 2000 as 2k."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
