"""Sync windows of an application, and when they open and close next.

Sources: `GET …/syncwindows`, which has neither time zone nor description, and `GET …/projects/{name}`, which has both.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from anchor_tui.domain.durations import GO_UNITS, parse_duration
from anchor_tui.domain.model import ValueObject

MAX_MERGED_OPENINGS = 400
"""Openings of a window that overlap or touch: more than a year of daily ones does not close."""
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ZONE_PREFIX = re.compile(r"(?:CRON_)?TZ=(?P<zone>\S+)\s+(?P<rest>.*)")


class SyncWindow(ValueObject, frozen=True):
    """One window. `is_active` is as Argo CD reports it; `time_zone` is empty if the project is unreadable."""

    kind: str
    schedule: str
    duration: str
    is_active: bool = False
    allows_manual: bool = False
    time_zone: str = ""
    description: str = ""


class AssignedWindows(ValueObject, frozen=True):
    """The windows of an application. `can_sync` is true if a sync that an operator starts is allowed now."""

    windows: tuple[SyncWindow, ...] = ()
    can_sync: bool = True
    zone_problem: str = ""
    """The reason why the time zones are unknown; empty if they are known."""


class WindowChange(NamedTuple):
    """The state of a window, and when it changes; None if it does not change."""

    is_open: bool
    at: datetime | None


def find_window_change(window: SyncWindow, now: datetime) -> WindowChange:
    """Return when a window opens or closes next. Raises ValueError for an unreadable schedule, duration or zone.

    A schedule is in the window's time zone, by default UTC. Openings that overlap or touch are one.
    """
    from cronsim import CronSim, CronSimError  # used by one pane only

    expression, zone = _split_schedule(window.schedule, window.time_zone)
    duration, local = parse_duration(window.duration, GO_UNITS), now.astimezone(zone)
    try:
        past = next(CronSim(expression, local + timedelta(seconds=1), reverse=True), None)
        openings = CronSim(expression, local)
    except CronSimError as error:
        raise ValueError(f"the schedule “{window.schedule}” is unreadable: {error}") from error
    if past is None or _add(past, duration) <= now:
        opens_at = next(openings, None)
        return WindowChange(False, opens_at.astimezone(now.tzinfo) if opens_at else None)
    closes_at = _add(past, duration)
    for _ in range(MAX_MERGED_OPENINGS):
        opens_at = next(openings, None)
        if opens_at is None or opens_at > closes_at:
            return WindowChange(True, closes_at.astimezone(now.tzinfo))
        closes_at = max(closes_at, _add(opens_at, duration))
    return WindowChange(True, None)


def _add(moment: datetime, duration: timedelta) -> datetime:
    """Return a later time; the clock may be set forward or back in between."""
    return (moment.astimezone(ZoneInfo("UTC")) + duration).astimezone(moment.tzinfo)


def _split_schedule(schedule: str, zone_name: str) -> tuple[str, ZoneInfo]:
    text = schedule.strip()
    if found := _ZONE_PREFIX.fullmatch(text):
        zone_name, text = found["zone"], found["rest"]
    try:
        zone = ZoneInfo(zone_name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"the time zone “{zone_name}” is unknown here") from error
    text = _DESCRIPTORS.get(text, text)
    if len(text.split()) != 5:
        raise ValueError(f"the schedule “{schedule}” does not have five fields")
    return text.replace("?", "*").upper(), zone
