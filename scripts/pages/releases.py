"""The page docs/reference/releases.md: what changed in each release of Datasette.

It is made from crates/datasette-tokens/src/release.rs: from the doc comments that begin with
`Changed in`, and from the table of actions.
"""

import re

from oracle import environments
from pages import PageFailure

SOURCE = environments.REPOSITORY / "crates" / "datasette-tokens" / "src" / "release.rs"
HEAD = f"""\
# Releases of Datasette

dstok reproduces every release of Datasette from 0.44 to 0.65.5 and from 1.0a0 to {environments.NEWEST}, pre-releases included. Choose one with `--datasette-version`, or with `datasette_version` in `configure`. The default is the newest.

These releases changed how tokens, cookies or signed values are made or verified. A release that isn't listed behaves like the one before it. `scripts/generate_pages` writes this page from `crates/datasette-tokens/src/release.rs`, the only place in dstok that compares releases.

| release | what changed |
| --- | --- |
"""


def page():
    """Return the page."""
    source = SOURCE.read_text(encoding="utf-8").partition("#[cfg(test)]")[0]
    changes = {}
    for paragraph in paragraphs(source):
        if found := re.fullmatch(r"Changed in ([\w.]+): (.+)", paragraph):
            release, change = found.groups()
            changes.setdefault(release, []).append(f"{change[0].upper()}{change[1:]}" if change[0].isalpha() else change)
    for alpha, actions in actions_by_alpha(source).items():
        listed = ", ".join(f"`{name}` (`{abbreviation}`)" for name, abbreviation in actions)
        changes.setdefault(f"1.0a{alpha}", []).append(f"New actions, with their abbreviations: {listed}.")
    compared = {f"1.0a{number}" for found in re.findall(r'is_since\((\d+)\)|\((\d+), "', source) for number in found if number}
    if missing := compared - set(changes):
        raise PageFailure(f"{SOURCE.name} compares releases without `Changed in`: {', '.join(sorted(missing))}")
    rows = sorted(changes.items(), key=lambda row: environments.ALL.index(row[0]))
    return HEAD + "".join(f"| {release} | {' '.join(texts)} |\n" for release, texts in rows)


def paragraphs(source):
    """Yield each paragraph of the doc comments, on one line."""
    for comment in re.findall(r"(?:^ *//[/!].*\n)+", source, re.MULTILINE):
        for paragraph in re.sub(r"^ *//[/!] ?", "", comment, flags=re.MULTILINE).split("\n\n"):
            yield " ".join(paragraph.split())


def actions_by_alpha(source):
    """Return the names and abbreviations of the actions that each alpha of 1.0 added."""
    added = {}
    for alpha, name, abbreviation in re.findall(r'\((\d+), "([\w-]+)", "(\w+)", (?:true|false)\)', source):
        added.setdefault(int(alpha), []).append((name, abbreviation))
    return added
