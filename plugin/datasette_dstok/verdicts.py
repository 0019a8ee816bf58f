"""Verdicts on whether an old secret can be removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .times import DAY, HOUR, MINUTE, away, count

UNITS = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", 1))


@dataclass(frozen=True)
class Verdict:
    """Whether an old secret can be removed, and why, in plain words.

    `keep`: it was used. `watch`: it was not, but for too short a time, or as far as one process
    knows. `safe`: it can go.
    """

    level: Literal["keep", "safe", "watch"]
    text: str


ALONE = Verdict(
    "watch",
    "The internal database cannot be written to now, so this page may lack uses that other "
    "processes have seen. See Datasette's log.",
)
"""Instead of `safe`, while processes cannot share what they see."""


def judge(
    now: float,
    *,
    last_seen: float | None,
    last_actor: str | None,
    since: float,
    unused: float,
    safe_after_days: int,
) -> Verdict:
    """Return the Verdict on an old secret.

    `now`, `last_seen` and `since`, when observation began, are in Unix seconds. `unused` are the
    seconds in which a use would have been seen, since the last one and since the secret last
    signed. They alone make it safe: while Datasette does not run, nobody can use a secret, but
    may still mean to.
    """
    idle = max(now - (since if last_seen is None else last_seen), unused)
    if unused >= safe_after_days * DAY:
        text = f"Not used for {span(idle)} (observed for {span(unused)}): safe to remove."
        return Verdict("safe", text)
    if last_seen is None:
        return Verdict(
            "watch",
            f"Not used in {span(unused)} of observation. "
            f"Wait until it has been unused for {span(safe_after_days * DAY)}.",
        )
    used = f"Last used {away(last_seen - now)}{f' by {last_actor}' if last_actor else ''}"
    if idle >= safe_after_days * DAY:
        used += f", but watched as an old secret for only {span(unused)} since"
    return Verdict("keep", f"{used}. Keep it.")


def span(seconds: float) -> str:
    """Return how long something was observed, in the largest unit that fits, rounded down."""
    for unit, size in UNITS:
        if number := int(seconds // size):
            return count(number, unit)
    return "0 seconds"
