"""Python source as `ruff format` lays it out."""

import textwrap

WIDTH = 100


def bracketed(head, parts, tail, indent=0):
    """Return `head`, `parts` with commas and `tail` in one line, or with a line for each part."""
    margin = " " * indent
    line = f"{margin}{head}{', '.join(parts)}{tail}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{margin}{head}", *(f"{margin}    {part}," for part in parts), f"{margin}{tail}"])


def union(name, parts):
    """Return an alias for the union of `parts`."""
    line = f"{name}: TypeAlias = {' | '.join(parts)}"
    if len(line) <= WIDTH:
        return line
    return "\n    | ".join([f"{name}: TypeAlias = (\n    {parts[0]}", *parts[1:]]) + "\n)"


def docstring(text, indent=0):
    """Return a docstring with lines that are short enough."""
    margin = " " * indent
    text = text.replace("\\", r"\\")
    if text.endswith('"'):
        text += "."
    line = f'{margin}"""{text}"""'
    if len(line) <= WIDTH:
        return line
    lines = textwrap.wrap(text, WIDTH - indent - 3, break_on_hyphens=False)
    if len(lines) == 1:
        return f'{margin}"""{lines[0]}\n{margin}"""'
    return f'{margin}"""' + f"\n{margin}".join(lines) + f'\n{margin}"""'
