"""Runs `dstok …` for `python -m dstok …`."""

import os
import sys

from dstok import BinaryNotFound, find_binary


def main() -> None:
    """Replace this process with the binary, with the same arguments."""
    try:
        binary = find_binary()
    except BinaryNotFound as error:
        sys.exit(f"dstok: {error}")
    os.execv(binary, [binary, *sys.argv[1:]])


if __name__ == "__main__":
    main()
