"""The times that an operator types: `03:12`, `2026-11-30 03:12`, `20m`. Without a zone they are in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from anchor_tui.domain.durations import parse_duration

EXAMPLES = "03:12, 2026-11-30 03:12, 20m or 3d"
_STEP = re.compile(r"([+-]?)([0-9.]+ ?[a-z].*)")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?Z?")


class MomentError(ValueError):
    """A text is not a time. The message contains the text, the reason and what to do."""


def parse_moment(text: str, origin: datetime, latest: datetime | None = None) -> datetime:
    """Return the time that a text means, in UTC. Raises MomentError.

    `origin` is now, or the time on the screen: `20m` and `-20m` are before it, `+20m` is after it, and a time of day is
    on its day. A time of day that would be after `latest` is on the day before.
    """
    stripped = text.strip()
    try:
        if step := _STEP.fullmatch(stripped):
            span = parse_duration(step[2].replace(" ", ""))
            return origin + span if step[1] == "+" else origin - span
        if clock := _CLOCK.fullmatch(stripped):
            hour, minute, second = (int(digits or 0) for digits in clock.groups())
            moment = datetime.combine(origin.astimezone(UTC).date(), time(hour, minute, second), UTC)
            return moment - timedelta(days=1) if latest is not None and moment > latest else moment
        moment = datetime.fromisoformat(stripped.replace(" ", "T", 1))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MomentError(f"{stripped[:40]!r} is not a time: write it as {EXAMPLES}") from error
