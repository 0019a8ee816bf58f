#!/usr/bin/env python3
"""The man pages and completions of dstok, as the program prints them.

As a command, `pages.py PROGRAM FOLDER` writes them to FOLDER/man and FOLDER/completions.
"""

import re
import subprocess
import sys
from pathlib import Path

COMPLETIONS = {"bash": "dstok.bash", "zsh": "_dstok", "fish": "dstok.fish"}


def man_pages(program):
    """Return {name: bytes} of the man pages of dstok and its subcommands."""
    commands = output(program, "--help").decode().split("\nCommands:\n")[1].split("\n\n")[0]
    pages = {"dstok.1": output(program, "man")}
    for name in re.findall(r"^  ([a-z-]+) ", commands, re.MULTILINE):
        if name != "help":
            pages[f"dstok-{name}.1"] = output(program, "man", name)
    return pages


def completions(program):
    """Return {name: bytes} of the completions for bash, zsh and fish."""
    return {file: output(program, "completions", shell) for shell, file in COMPLETIONS.items()}


def output(program, *arguments):
    """Return what the program prints (bytes). Raises CalledProcessError."""
    return subprocess.run([program, *arguments], stdout=subprocess.PIPE, check=True).stdout


def main():
    program, folder = (Path(argument).resolve() for argument in sys.argv[1:])
    for name, files in (("man", man_pages(program)), ("completions", completions(program))):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            (folder / name / file).write_bytes(data)


if __name__ == "__main__":
    main()
