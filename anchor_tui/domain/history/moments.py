"""Times as the operator writes them: a span before now, a day, or a day with a time. Without a zone they are UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_SPAN = re.compile(r"(\d{1,6})\s?(s|min|m|h|d|w)")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
EXAMPLES = "2h, 3d, 2026-11-29 or 2026-11-29T02:00"


class MomentError(ValueError):
    """A text is not a time."""


def parse_moment(text: str, now: datetime) -> datetime:
    """Return the time that a text means. Raises MomentError."""
    try:
        if (found := _SPAN.fullmatch(text.strip())) is not None:
            return now - int(found[1]) * _UNITS[found[2]]
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MomentError(f"{text!r} is not a time: write it as {EXAMPLES}, in UTC without a zone") from None
