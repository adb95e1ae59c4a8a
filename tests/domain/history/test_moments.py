"""Times as the operator writes them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.history.moments import MomentError, parse_moment
from tests.values import NOW, ago


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", ago(hours=2)),
        ("3d", ago(days=3)),
        ("30min", ago(minutes=30)),
        ("30m", ago(minutes=30)),
        ("1w", ago(days=7)),
        ("2026-11-29", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2026-11-29T02:00", datetime(2026, 11, 29, 2, tzinfo=UTC)),
        ("2026-11-29T02:00Z", datetime(2026, 11, 29, 2, tzinfo=UTC)),
        ("2026-11-29 02:00+02:00", datetime(2026, 11, 29, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_span_or_a_date(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "2", "yesterday", "2x", "-2h", "2026-13-01", "999999w", "٣h!"])
def test_another_text_is_an_error_with_examples(text: str) -> None:
    with pytest.raises(MomentError, match="write it as 2h, 3d"):
        parse_moment(text, NOW)


@given(st.text())
def test_any_text_is_a_time_or_an_error(text: str) -> None:
    with contextlib.suppress(MomentError):
        assert parse_moment(text, NOW).tzinfo is not None
