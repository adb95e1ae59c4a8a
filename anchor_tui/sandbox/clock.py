"""The sandbox's time. Everything that takes time there asks a `Clock`, so that tests can turn the hands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...


class WallClock:
    """The computer's own clock, moved by `shift`."""

    def __init__(self, shift: timedelta = timedelta(0)) -> None:
        self._shift = shift

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        return datetime.now(UTC) + self._shift


class ManualClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was last set to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the hands forward."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._now += timedelta(seconds=seconds)


def format_rfc3339(time: datetime) -> str:
    """Whole seconds in UTC, as both servers write times: `2026-11-23T06:27:20Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
