"""The page docs/reference/command-line.md: the help of dstok and of each subcommand."""

import re
import subprocess

from oracle import environments

HEAD = """\
# Command line

This page has the output of `dstok --help` and of `--help` for each subcommand. `scripts/generate_pages` writes it. `dstok man SUBCOMMAND` prints the same as a man page.

The exit codes are:

| code | when |
| --- | --- |
| 0 | All went well. A program that stops reading the output is no error. |
| 1 | The result is negative: an invalid token, a token that a limit refuses, a record that failed, a difference that `conformance` found, or an error that `serve --summary` counted. |
| 2 | An option, a start-up file or the format of the input is wrong. One line on stderr says what. |
| 74 | Reading stdin or writing stdout failed. |
"""


def page(dstok):
    """Return the page."""
    main = help_of(dstok)
    names = re.findall(r"^  (\S+)  ", main.partition("Commands:\n")[2].partition("\n\n")[0], re.MULTILINE)
    sections = [("dstok", main)]
    sections += [(f"dstok {name}", help_of(dstok, name)) for name in names if name != "help"]
    return "\n".join([HEAD, *(f"## {title}\n\n```text\n{text}\n```\n" for title, text in sections)])


def help_of(dstok, *subcommand):
    """Return what `--help` prints, as wide as without a terminal."""
    environ = environments.clean_environ()
    environ.pop("COLUMNS", None)
    command = [dstok, *subcommand, "--help"]
    printed = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())
