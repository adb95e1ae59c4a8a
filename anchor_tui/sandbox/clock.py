"""The sandbox's time. Everything reads a `Clock`, so that tests can set the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        ...


class WallClock:
    """The system clock, shifted by `shift`."""

    def __init__(self, shift: timedelta = timedelta(0)) -> None:
        self._shift = shift

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC) + self._shift


class ManualClock:
    """A clock that stops until it is advanced."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._now += timedelta(seconds=seconds)


def format_rfc3339(time: datetime) -> str:
    """Format a time in UTC with whole seconds: `2026-11-23T06:27:20Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
