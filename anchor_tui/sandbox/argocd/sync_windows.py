"""The sync windows of a project, which allow or deny syncs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal
from zoneinfo import ZoneInfo

SECONDS_BY_UNIT = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
SCHEDULE_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
"""Limits of a schedule's minute, hour, day of the month, month and day of the week."""


def parse_duration(duration: str) -> float:
    """Return the seconds of a Go duration such as `24h` or `1m30s`; a bare number is in seconds."""
    if duration.isdigit():
        return float(duration)
    return sum(float(number) * SECONDS_BY_UNIT[unit] for number, unit in re.findall(r"([\d.]+)(ms|h|m|s)", duration))


@dataclass(frozen=True, slots=True)
class ProjectSyncWindow:
    """A sync window of a project. `applications` are globs."""

    kind: Literal["allow", "deny"]
    schedule: str
    duration: str
    applications: tuple[str, ...]
    manual_sync: bool = False
    time_zone: str = "UTC"

    @classmethod
    def deny_all(cls, *applications: str) -> ProjectSyncWindow:
        """Return a window that always denies all syncs."""
        return cls("deny", "0 0 * * *", "24h", applications)

    def applies_to(self, application: str) -> bool:
        """Report whether the window applies to an application."""
        return any(fnmatchcase(application, pattern) for pattern in self.applications)

    def is_active(self, at: datetime) -> bool:
        """Report whether the window is open at a time."""
        minutes, hours, days, months, weekdays = (
            _parse_schedule_field(field, *limits)
            for field, limits in zip(self.schedule.split(), SCHEDULE_LIMITS, strict=True)
        )
        local_time = at.astimezone(ZoneInfo(self.time_zone)).replace(second=0, microsecond=0)
        for back in range(int(parse_duration(self.duration) // 60)):
            begin = local_time - timedelta(minutes=back)
            if (
                begin.minute in minutes
                and begin.hour in hours
                and begin.day in days
                and begin.month in months
                and begin.isoweekday() % 7 in weekdays
            ):
                return True
        return False

    @property
    def summary(self) -> dict[str, Any]:
        """The window in an application's syncwindows: without time zone and applications."""
        return {
            "kind": self.kind,
            "schedule": self.schedule,
            "duration": self.duration,
            "manualSync": self.manual_sync,
        }


def _parse_schedule_field(field: str, low: int, high: int) -> set[int]:
    """Return the numbers that a field of a schedule allows: `*`, `6`, `1-5`, `*/15`, and lists of them."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin, end = (low, high) if span == "*" else (int(first), int(last or (high if step else first)))
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def is_sync_allowed(windows: Iterable[ProjectSyncWindow], at: datetime, *, manual: bool) -> bool:
    """Report whether windows allow a sync. An active denial wins. If there are allowances, one must be active."""
    assigned = list(windows)
    active = [window for window in assigned if window.is_active(at)]
    denials = [window for window in active if window.kind == "deny"]
    if denials:
        return manual and all(window.manual_sync for window in denials)
    allowances = [window for window in assigned if window.kind == "allow"]
    if not allowances or any(window in active for window in allowances):
        return True
    return manual and all(window.manual_sync for window in allowances)


def serialize_sync_windows(windows: Iterable[ProjectSyncWindow], at: datetime) -> dict[str, Any]:
    """GET …/syncwindows."""
    assigned = list(windows)
    active = [window.summary for window in assigned if window.is_active(at)]
    return {
        **({"activeWindows": active} if active else {}),
        **({"assignedWindows": [window.summary for window in assigned]} if assigned else {}),
        **({"canSync": True} if is_sync_allowed(assigned, at, manual=True) else {"canSync": False}),
    }


def serialize_project(name: str, windows: Iterable[ProjectSyncWindow]) -> dict[str, Any]:
    """GET /api/v1/projects/{name}: a project with its sync windows."""
    described = [
        window.summary | {"applications": list(window.applications), "timeZone": window.time_zone} for window in windows
    ]
    return {"metadata": {"name": name}, "spec": {"syncWindows": described} if described else {}}
