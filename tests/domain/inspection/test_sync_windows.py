"""When sync windows open and close: schedules, durations, time zones and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.domain.inspection.sync_windows import SyncWindow, WindowChange, find_window_change
from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow

NOW = datetime(2026, 11, 23, 14, 2, 31, tzinfo=UTC)  # a Monday


def change(schedule: str, duration: str, zone: str = "", now: datetime = NOW) -> WindowChange:
    return find_window_change(SyncWindow("allow", schedule, duration, time_zone=zone), now)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "duration", "zone", "expected"),
    [
        ("0 6 * * 1-5", "12h", "", WindowChange(True, at(23, 18))),
        ("0 6 * * 1-5", "12h", "Europe/Berlin", WindowChange(True, at(23, 17))),
        ("0 6 * * 1-5", "2h", "Europe/Berlin", WindowChange(False, at(24, 5))),
        ("0 0 * * *", "24h", "", WindowChange(True, None)),
        ("0 22 * * SAT", "1h30m", "", WindowChange(False, at(28, 22))),
        ("*/10 14 * * *", "10m", "", WindowChange(True, at(23, 15))),
        ("0 14 23 11 ?", "3m", "", WindowChange(True, at(23, 14, 3))),
        ("@daily", "1h", "", WindowChange(False, at(24, 0))),
        ("CRON_TZ=Asia/Tokyo 0 0 * * *", "1h", "UTC", WindowChange(False, at(23, 15))),
        ("2 14 * * *", "1m", "", WindowChange(True, at(23, 14, 3))),
        ("0 0 29 2 *", "1h", "", WindowChange(False, datetime(2028, 2, 29, tzinfo=UTC))),
    ],
)
def test_the_next_change_of_a_window(schedule, duration, zone, expected):
    assert change(schedule, duration, zone) == expected


def test_a_window_opens_exactly_at_its_minute():
    assert change("0 6 * * *", "1h", now=at(23, 6)) == WindowChange(True, at(23, 7))
    assert change("0 6 * * *", "1h", now=at(23, 7)) == WindowChange(False, at(24, 6))


def test_a_window_keeps_its_length_when_the_clock_changes():
    saturday = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin, one hour more until 6 o'clock
    assert change("0 0 * * 0", "6h", "Europe/Berlin", saturday) == WindowChange(True, at(25, 4, month=10))


def test_a_daily_window_closes_on_a_day_of_25_hours():
    assert change("0 0 * * *", "24h", "Europe/Berlin").at == datetime(2027, 10, 31, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "duration", "zone"),
    [
        ("0 0 30 2 *", "1h", ""),
        ("never", "1h", ""),
        ("61 * * * *", "1h", ""),
        ("0 0 * * *", "soon", ""),
        ("0 0 * * *", "1d", ""),
        ("0 0 * * *", "1h", "Mars/Olympus"),
        ("0 0 * * *", "1h", "../../etc/passwd"),
    ],
)
def test_an_unreadable_window_is_an_error_with_its_text(schedule, duration, zone):
    with pytest.raises(ValueError, match=r"unreadable|unknown here|five fields"):
        change(schedule, duration, zone)


@settings(max_examples=60, deadline=None)
@given(
    minute=st.integers(0, 59),
    hours=st.sampled_from(["*", "6", "*/4", "8-16"]),
    days=st.sampled_from(["*", "1-5", "0,6"]),
    length=st.integers(1, 30),
    offset=st.integers(0, 7 * 24 * 60),
)
def test_a_window_is_open_as_the_sandbox_reports(minute, hours, days, length, offset):
    schedule, now = f"{minute} {hours} * * {days}", NOW + timedelta(minutes=offset)
    expected = ProjectSyncWindow("allow", schedule, f"{length}h", ("*",), time_zone="Europe/Berlin").is_active(now)
    assert change(schedule, f"{length}h", "Europe/Berlin", now).is_open == expected
