"""What was built and checked: a JSON file for each target, and the tables of docs/reference/platforms.md."""

import json
import os
import re
from datetime import datetime, timezone

from platforms.steps import FOLDER, ROOT, Failure

RESULTS = FOLDER / "results"
PAGE = ROOT / "docs" / "reference" / "platforms.md"
GENERATED = re.compile(r"(<!-- begin: scripts/cross --write -->\n).*(<!-- end -->)", re.DOTALL)


class Results:
    """What is known of one target. A step that has a result for the same sources is not done again."""

    def __init__(self, name, commit, sources):
        changed = sorted(key for key in os.environ if key.startswith("CARGO_PROFILE_RELEASE"))
        self.path = RESULTS / f"{name}.json"
        self.known = {"sources": sources, "profile": " ".join(f"{key}={os.environ[key]}" for key in changed)}
        if self.path.exists():
            known = json.loads(self.path.read_text())
            if {key: known.get(key) for key in self.known} == self.known:
                self.known = known
        self.known.setdefault("commit", commit)

    def get(self, key):
        """Return a result, or None."""
        return self.known.get(key)

    def set(self, **results):
        """Keep results, with the date."""
        self.known |= results | {"date": datetime.now(timezone.utc).date().isoformat()}
        RESULTS.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.known, indent=1) + "\n")


def row(cells):
    """Return a line of a Markdown table (str)."""
    return "| " + " | ".join(map(str, cells)) + " |"


def tested(target, results):
    """Return how the program was tested (str)."""
    if not target.how:
        return "linked only"
    parts = [f"{results['conformance']:,} fixture checks"] if "conformance" in results else ["conformance FAILED"]
    parts.append(f"{results['tests']} tests" if "tests" in results else "tests FAILED")
    if target.system == "windows":
        parts.append("Ctrl-C on a console" if "console" in results else "console FAILED")
    return f"{', '.join(parts)}, {target.how}"


def table(pairs):
    """Return the Markdown table (str) of pairs of a Target and its Results."""
    head = ("Target", "Needs", "Tested", "Builds compared", "MB", "SHA-256 of the program")
    lines = [row(head), row(["---"] * len(head))]
    for target, results in pairs:
        known = results.known
        if "sha256" not in known:
            lines.append(row((f"`{target.triple}`", target.needs, "does not build", "", "", "")))
            continue
        compared = "same" if known.get("reproducible") else ""
        size = f"{known['size'] / 1e6:.1f}"
        lines.append(
            row((f"`{target.triple}`", known["needs"], tested(target, known), compared, size, f"`{known['sha256']}`"))
        )
    return "\n".join(lines)


def tables(pairs, machine, versions):
    """Return the whole record (str): `machine` has the Results of the arm64 kernel."""
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    profile = machine.get("profile")
    settings = f"NOT as released: built with {profile}." if profile else "Built as released."
    lines = [f"Commit {machine.get('commit')[:12]}. {settings} {listed}.", "", table(pairs), ""]
    checks = machine.get("checks")
    lines.append(f"On an emulated arm64 kernel: {f'{checks} checks passed.' if checks else 'not checked.'}")
    for target, results in pairs:
        if results.get("installed"):
            seconds, wheel = results.get("installed"), results.get("wheel")
            how = "" if target.how == "natively" else f" under {target.how}"
            lines += ["", f"`pip install` of `{wheel}` to a verified token, without Rust: {seconds} s{how}."]
    dates = sorted({results.get("date") for _, results in pairs if results.get("date")})
    period = " to ".join(dict.fromkeys((*dates[:1], *dates[-1:])))
    return "\n".join([*lines, *(["", f"Checked: {period}."] if period else [])])


def write(text):
    """Put the generated part into the page. Raises Failure."""
    page = PAGE.read_text()
    if not GENERATED.search(page):
        raise Failure(f"{PAGE.relative_to(ROOT)} has no place for the tables")
    PAGE.write_text(GENERATED.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page))
