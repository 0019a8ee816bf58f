"""Tables for the terminal."""


def lines(header, rows):
    """Return the lines of a table: texts in columns as wide as their longest."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    for row in (header, ["-" * width for width in widths], *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
