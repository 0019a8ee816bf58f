"""Times and spans of time in plain words."""

import time
from dataclasses import dataclass
from datetime import datetime, timezone

MINUTE, HOUR, DAY = 60, 3_600, 86_400

# Spans of this many days or more are rounded to days.
MANY_DAYS = 7


@dataclass(frozen=True)
class Moment:
    """A point in time as text: the date, and how far away it is.

    `iso` is the same for machines. It and `away` are None beyond the calendar.
    """

    at: str
    away: str | None = None
    iso: str | None = None

    def __str__(self) -> str:
        return f"{self.at}, {self.away}" if self.away else self.at


def moment(timestamp: float, now: float | None = None) -> Moment:
    """Return the Moment of Unix seconds, as seen from `now` (Unix seconds; the clock)."""
    try:
        at = datetime.fromtimestamp(timestamp, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return Moment(f"{timestamp} seconds after 1970")
    return Moment(
        at=f"{at:%Y-%m-%d %H:%M:%S} UTC",
        away=away(timestamp - (time.time() if now is None else now)),
        iso=at.isoformat(timespec="seconds"),
    )


def away(seconds: float) -> str:
    """Return how far away a time is: "3 days ago", "in 1 hour 20 minutes", "now"."""
    if abs(seconds) < 1:
        return "now"
    return f"in {span(seconds)}" if seconds > 0 else f"{span(-seconds)} ago"


def span(seconds: float) -> str:
    """Return a length of time, rounded so that a day that has just begun is "1 day".

    Below a minute to seconds, below a day to minutes, below a week to hours, then to days.
    """
    if seconds < MINUTE:
        return count(int(seconds), "second")
    minutes = round(seconds / MINUTE)
    if minutes < HOUR // MINUTE:
        return count(minutes, "minute")
    if minutes < DAY // MINUTE:
        return both(minutes, 60, "hour", "minute")
    hours = round(seconds / HOUR)
    if hours < MANY_DAYS * 24:
        return both(hours, 24, "day", "hour")
    return count(round(seconds / DAY), "day")


def both(number: int, size: int, larger: str, smaller: str) -> str:
    """Return a number of the smaller unit in both units. `size` smaller ones make a larger one."""
    whole, rest = divmod(number, size)
    return f"{count(whole, larger)} {count(rest, smaller)}" if rest else count(whole, larger)


def count(number: int, unit: str) -> str:
    """Return a number with its unit: "1 day", "2 days"."""
    return f"{number} {unit}{'' if number == 1 else 's'}"


def in_days_and_hours(seconds: int) -> str:
    """Return a length of time exactly: "30 days (720 hours)", "1 hour 30 minutes"."""
    parts, rest = [], seconds
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", 1)):
        number, rest = divmod(rest, size)
        if number:
            parts.append(count(number, unit))
    in_hours = f" ({seconds // HOUR:,} hours)" if seconds >= DAY and seconds % HOUR == 0 else ""
    return " ".join(parts) + in_hours
