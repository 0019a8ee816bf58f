"""That the README says what the code does."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from datasette_dstok import options

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_all_options_are_documented():
    section = README.partition("## Configuration")[2].partition("\n## ")[0]
    defaults = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE))
    known = {one.name: one.default for one in fields(options.Options)}
    assert set(defaults) == set(known) - {"missing_secrets"}
    for name, default in known.items():
        if default is False:
            assert defaults[name] == "`false`"
    assert defaults["timeout"] == f"`{known['timeout']}`"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_examples_are_right(number):
    examples = re.findall(r"^ +plugins:\n(?: .*\n)+", README, re.MULTILINE)
    assert len(examples) == 3
    config = yaml.safe_load(examples[number])["plugins"]["datasette-dstok"]
    secrets = [str(secret) for secret in config.pop("old_secrets", [])]
    parsed = options.parse({**config, "old_secrets": secrets})
    assert all(getattr(parsed, name) == value for name, value in config.items())
