"""The times that an operator types: `03:12`, `2026-11-30 03:12`, `-20m`. Without a zone they are in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

EXAMPLES = "03:12, 2026-11-30 03:12 or -20m"
_STEP = re.compile(r"(?P<sign>[+-])(?P<parts>(?:\d{1,9}[smhd])+)")
_PART = re.compile(r"(\d+)([smhd])")
_CLOCK = re.compile(r"(\d\d?):(\d\d)(?::(\d\d))?Z?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class MomentError(ValueError):
    """A text is not a time. The message contains the text, the reason and what to do."""


def parse_moment(text: str, shown: datetime) -> datetime:
    """Return the time that a text means, in UTC. Raises MomentError.

    `shown` is the time on the screen: a time of day is on its day, and a step with a sign begins there.
    """
    stripped = text.strip()
    try:
        if step := _STEP.fullmatch(stripped):
            return _add_step(shown, step["sign"], step["parts"])
        if clock := _CLOCK.fullmatch(stripped):
            hour, minute, second = (int(digits or 0) for digits in clock.groups())
            return datetime.combine(shown.astimezone(UTC).date(), time(hour, minute, second), UTC)
        moment = datetime.fromisoformat(stripped.replace(" ", "T", 1))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MomentError(f"cannot find the time {stripped[:40]!r}: it is not a time: type {EXAMPLES}") from error


def _add_step(shown: datetime, sign: str, parts: str) -> datetime:
    span = timedelta()
    for number, unit in _PART.findall(parts):
        span += timedelta(**{_UNITS[unit]: int(number)})
    return shown + span if sign == "+" else shown - span
