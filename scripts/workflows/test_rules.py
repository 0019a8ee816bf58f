"""Each rule for workflows finds what it forbids."""

import pytest
import rules

GOOD = """
on: push
jobs:
  one:
    runs-on: ${{ matrix.runner }}
    timeout-minutes: 5
    strategy:
      matrix:
        runner: [ubuntu-24.04, macos-15]
        include:
          - runner: windows-2025
    steps:
      - uses: actions/checkout@0123456789012345678901234567890123456789 # v7.0.1
      - run: rustup target add "$TARGET"
      - run: scripts/test 10
  two:
    uses: $/.github/workflows/test.yml
"""


def test_a_good_workflow_has_no_problems():
    assert list(rules.problems(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (" # v7.0.1", "", "pin it"),
        (" # v7.0.1", " # v7", "pin it"),
        ("@0123", "@123", "pin it"),
        ("@0123456789012345678901234567890123456789", "@v7.0.1", "pin it"),
        ("uses: $/", "uses: ./", "pin it"),
        ("workflows/test.yml", "workflows/none.yml", "there is no such file"),
        ("    timeout-minutes: 5\n", "", "job one: add timeout-minutes"),
        ("macos-15]", "macos-13]", "no runner 'macos-13'"),
        ("windows-2025", "windows-2016", "no runner 'windows-2016'"),
        ("scripts/test 10", "scripts/test ${{ github.ref_name }}", "environment variables"),
        ("scripts/test 10", "scripts/test && scripts/fuzz", "one command"),
        ("scripts/test 10", "|\n          scripts/test\n          scripts/fuzz", "one command"),
        ("scripts/test 10", "scripts/test $(cat x)", "one command"),
        ("scripts/test 10", "scripts/missing", "no executable file"),
        ("scripts/test 10", "scripts/release_flags", "no executable file"),
        ("scripts/test 10", "scripts/measure", "no executable file"),
        ("scripts/test 10", "cargo test", "expected a script"),
    ],
)
def test_a_workflow_that_breaks_a_rule_is_refused(old, new, message):
    assert old in GOOD
    found = list(rules.problems(GOOD.replace(old, new)))
    assert any(message in line for line in found), found
