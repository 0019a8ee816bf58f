"""That the README says what the code does."""

import json
import os
import re
import subprocess
import sys
import textwrap
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from datasette_dstok import options
from datasette_dstok.events import OldSecretUsedEvent, TokensRefusedEvent
from datasette_dstok.usage import Report, SecretReport, Use
from datasette_dstok.verdicts import Verdict

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_all_options_are_documented():
    section = README.partition("## Configuration")[2].partition("\n## ")[0]
    defaults = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE))
    known = {one.name: one.default for one in fields(options.Options)}
    assert set(defaults) == {*known, *options.SECRETS}
    for name, default in known.items():
        if default is False:
            assert defaults[name] == "`false`"
    assert defaults["timeout"] == f"`{known['timeout']}`"


def test_monitoring_is_documented():
    section = README.partition("### Monitor old secrets")[2].partition("\n### ")[0]
    members = {"ok", "safe_after_days"}
    for kind in (Report, SecretReport, Use, Verdict):
        members |= {one.name for one in fields(kind)}
    example = json.loads(re.search(r"^    \{\n.*?^    \}$", section, re.MULTILINE | re.DOTALL)[0])
    assert names(example) == members
    for name in members - {"ok", "safe_after_days"}:
        assert f"`{name}`" in section.partition("| member")[2], name
    for event in (OldSecretUsedEvent, TokensRefusedEvent):
        (line,) = re.findall(rf"^\* `{event.name}`.*", section, re.MULTILINE)
        for one in fields(event):
            assert one.name in ("created", "actor") or f"`{one.name}`" in line


def names(value):
    """Return the names of all members in JSON."""
    if isinstance(value, list):
        return set().union(*map(names, value))
    if isinstance(value, dict):
        return set(value).union(*map(names, value.values()))
    return set()


def test_claims_name_tests_that_exist():
    section = README.partition("| claim | test |")[2]
    named = re.findall(r"`((?:tests|scripts)/\w+(?:\.py)?)`", section)
    assert len(named) > 15
    root = Path(__file__).parents[1]
    for one in named:
        assert (root / one).exists() or (root.parent / one).exists(), one
    written = {f"tests/{path.name}" for path in (root / "tests").glob("test_*.py")}
    assert written - set(named) <= {"tests/test_readme.py", "tests/test_http_rotation.py"}


def test_one_minute(tmp_path):
    section = README.partition("## One minute")[2].partition("\n## ")[0]
    (commands,) = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    where = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-euc", textwrap.dedent(commands)],
        cwd=tmp_path,
        env=where,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"`{done.stdout.strip()}`" in section


@pytest.mark.parametrize("number", range(4))
def test_examples_are_right(number):
    examples = re.findall(r"^ +plugins:\n(?: .*\n)+", README, re.MULTILINE)
    assert len(examples) == 4
    config = yaml.safe_load(examples[number])["plugins"]["datasette-dstok"]
    for name in options.SECRETS:
        secrets = {name: [str(secret) for secret in config.pop(name, [])]}
        assert options.read_secrets(secrets, "current")[1] == []
    attributes = config.pop("cookie", {})
    parsed = options.parse({**config, "cookie": attributes})
    assert all(getattr(parsed, name) == value for name, value in config.items())
    assert all(getattr(parsed.cookie, name) == value for name, value in attributes.items())
