"""Building and checking dstok for other platforms; `scripts/cross` is the program."""
