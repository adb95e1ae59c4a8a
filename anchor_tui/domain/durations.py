"""Durations as texts: `90s`, `20m`, `1h30m`, `1.5h`, and with the units of an operator also `3d` and `2w`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

GO_UNITS: Mapping[str, timedelta] = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
}
"""The units that Argo CD accepts, as Go does."""
OPERATOR_UNITS: Mapping[str, timedelta] = {
    **GO_UNITS,
    "min": timedelta(minutes=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([a-z]+)")
_DURATION = re.compile(f"(?:{_PART.pattern})+")


def parse_duration(text: str, units: Mapping[str, timedelta] = OPERATOR_UNITS) -> timedelta:
    """Return a duration of one or more numbers with units. Raises ValueError."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"the duration “{text}” is unreadable")
    try:
        return sum((float(number) * units[unit] for number, unit in _PART.findall(text)), timedelta())
    except (KeyError, OverflowError) as error:
        raise ValueError(f"the duration “{text}” is unreadable") from error
