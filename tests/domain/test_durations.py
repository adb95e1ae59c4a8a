"""Durations as texts."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.durations import GO_UNITS, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("250ms", timedelta(milliseconds=250)),
        ("90s", timedelta(seconds=90)),
        ("30min", timedelta(minutes=30)),
        ("3d", timedelta(days=3)),
        ("1w2d", timedelta(days=9)),
    ],
)
def test_a_duration_is_parsed(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "5", "h", "5 y", "1h soon", "2 h", "-1h", "٣h", "1..5h", "9" * 400 + "w"])
def test_another_text_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is unreadable"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["1d", "2w", "30min"])
def test_argo_cd_has_fewer_units(text: str) -> None:
    with pytest.raises(ValueError, match="is unreadable"):
        parse_duration(text, GO_UNITS)


@given(st.text(max_size=20) | st.from_regex(r"[0-9.]{1,12}[smhdw]", fullmatch=True))
def test_any_text_is_a_duration_or_an_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= timedelta()
