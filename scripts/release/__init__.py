"""What the scripts that build packages share: archives that are the same whenever they are built."""
