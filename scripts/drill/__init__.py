"""Rotations of the secret on real Datasettes, with people who use them and an attacker."""


class DrillFailure(Exception):
    """The drill could not be done; the message is one line."""
