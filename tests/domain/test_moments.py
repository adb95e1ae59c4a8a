"""The times that an operator types."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.moments import MomentError, parse_moment

SHOWN = datetime(2026, 11, 30, 14, 2, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("03:12", datetime(2026, 11, 30, 3, 12, tzinfo=UTC)),
        ("3:12:05", datetime(2026, 11, 30, 3, 12, 5, tzinfo=UTC)),
        (" 03:12Z ", datetime(2026, 11, 30, 3, 12, tzinfo=UTC)),
        ("2026-11-29", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2026-11-29 03:12", datetime(2026, 11, 29, 3, 12, tzinfo=UTC)),
        ("2026-11-29T03:12:05Z", datetime(2026, 11, 29, 3, 12, 5, tzinfo=UTC)),
        ("2026-11-29 03:12+02:00", datetime(2026, 11, 29, 1, 12, tzinfo=UTC)),
        ("-20m", SHOWN - timedelta(minutes=20)),
        ("+1h30m", SHOWN + timedelta(minutes=90)),
        ("-2d", SHOWN - timedelta(days=2)),
        ("20m", SHOWN - timedelta(minutes=20)),
        ("30min", SHOWN - timedelta(minutes=30)),
        ("2 h", SHOWN - timedelta(hours=2)),
        ("3d", SHOWN - timedelta(days=3)),
        ("1w", SHOWN - timedelta(days=7)),
        ("-45s", SHOWN - timedelta(seconds=45)),
    ],
)
def test_a_time_is_parsed(text: str, moment: datetime) -> None:
    assert parse_moment(text, SHOWN) == moment


@pytest.mark.parametrize(
    "text", ["", "25:00", "yesterday", "20", "20x", "-20x", "٣h", "-", "2026-13-01", "-999999999d"]
)
def test_another_text_is_explained_with_examples(text: str) -> None:
    with pytest.raises(MomentError, match="is not a time: write it as 03:12, 2026-11-30 03:12, 20m or 3d"):
        parse_moment(text, SHOWN)


def test_a_time_of_day_is_not_after_the_latest_time() -> None:
    assert parse_moment("14:02", SHOWN, latest=SHOWN) == datetime(2026, 11, 30, 14, 2, tzinfo=UTC)
    assert parse_moment("22:00", SHOWN, latest=SHOWN) == datetime(2026, 11, 29, 22, tzinfo=UTC)


@given(st.text(max_size=30) | st.from_regex(r"[+-]?[0-9]{1,12}[a-z]{1,3}", fullmatch=True))
def test_any_text_is_a_time_in_utc_or_an_error(text: str) -> None:
    with contextlib.suppress(MomentError):
        assert parse_moment(text, SHOWN).utcoffset() == timedelta()
