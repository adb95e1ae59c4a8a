"""The strip of the last 24 hours: nothing that was not observed is green."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain import day_strip as module
from anchor_tui.domain.day_strip import DayStrip, DayStrips, build_day_strip, format_long_duration
from anchor_tui.domain.model import VerdictSpan
from anchor_tui.domain.status_marks import convert_to_ascii
from tests.values import NOW

ROUND = NOW.replace(minute=0, second=0)
"""A time at which a cell ends."""


def ago(**span: float) -> datetime:
    return ROUND - timedelta(**span)


def build(*spans: VerdictSpan, now: datetime = ROUND, until: datetime | None = None, cells: int = 24) -> DayStrip:
    strip = build_day_strip(spans, now, until or now, cells)
    assert strip is not None
    return strip


def test_a_cell_shows_its_worst_verdict() -> None:
    strip = build(
        VerdictSpan("ok", ago(hours=30), ago(hours=5)),
        VerdictSpan("failing", ago(hours=5), ago(hours=4, minutes=50)),
        VerdictSpan("attention", ago(hours=4, minutes=50), ago(hours=2)),
        VerdictSpan("ok", ago(hours=2), None),
    )
    assert strip.glyphs == "✓" * 19 + "✗!!" + "✓✓"
    assert strip.text == "last 24 h: ok 21 h, attention 2 h 50 min, failing 10 min"
    assert convert_to_ascii(strip.glyphs) == "+" * 19 + "x!!" + "++"


def test_a_time_without_observation_is_never_green() -> None:
    strip = build(VerdictSpan("ok", ago(hours=3), ago(hours=1, minutes=10)))
    assert strip.glyphs == "–" * 21 + "✓––"
    assert strip.text == "last 24 h: ok 1 h 50 min, not observed 22 h 10 min"


def test_a_failure_is_shown_even_in_a_short_observation() -> None:
    assert build(VerdictSpan("violation", ago(minutes=90), ago(minutes=89))).glyphs == "–" * 22 + "✗–"


def test_a_span_that_lasts_ends_with_the_last_snapshot() -> None:
    strip = build(VerdictSpan("ok", ago(hours=2)), until=ago(minutes=30))
    assert strip.glyphs[-1] == "–"
    assert "ok 1 h 30 min, not observed 22 h 30 min" in strip.text


def test_an_unknown_verdict_is_not_ok() -> None:
    assert build(VerdictSpan("unknown", ago(hours=25))).glyphs == "?" * 24


def test_a_start_of_some_seconds_does_not_hide_the_hour() -> None:
    seconds = VerdictSpan("unknown", ago(hours=1), ago(minutes=59, seconds=20))
    strip = build(seconds, VerdictSpan("ok", ago(minutes=59, seconds=20)))
    assert strip.glyphs[-1] == "✓"
    assert "unknown 40 s" in strip.text


def test_without_an_observation_there_is_no_strip() -> None:
    assert build_day_strip((), ROUND, ROUND) is None
    assert build_day_strip((VerdictSpan("ok", ago(hours=40), ago(hours=30)),), ROUND, ROUND) is None


SPANS = st.lists(
    st.tuples(
        st.sampled_from(["ok", "attention", "unknown", "violation", "failing"]), st.integers(1, 200), st.integers(0, 90)
    ),
    max_size=40,
)


@given(parts=SPANS, seconds=st.integers(0, 86_399), cells=st.sampled_from([24, 48]))
def test_cells_and_text_agree_with_the_spans(parts: list[tuple[str, int, int]], seconds: int, cells: int) -> None:
    now = NOW.replace(hour=0, minute=0, second=0) + timedelta(seconds=seconds)
    spans, end = [], now
    for verdict, minutes, gap in parts:
        start = end - timedelta(minutes=minutes)
        spans.append(VerdictSpan(verdict, start, end))  # type: ignore[arg-type]
        end = start - timedelta(minutes=gap)
    strip = build_day_strip(tuple(reversed(spans)), now, now, cells)
    if strip is None:
        assert not spans
        return
    length = timedelta(hours=24) / cells
    first = module._round_up(now, length) - timedelta(hours=24)
    for place, cell in enumerate(strip.cells):
        start, stop = first + place * length, min(now, first + (place + 1) * length)
        found = [span for span in spans if span.since < stop and (span.until or now) > start]
        if cell is None:
            assert {span.verdict for span in found} <= {"ok", "unknown"}
        else:
            assert cell in {span.verdict for span in found}
        if cell == "ok":
            observed = sum((min(span.until or now, stop) - max(span.since, start) for span in found), timedelta())
            assert observed >= stop - start - timedelta(minutes=1)
    assert len(strip.cells) == cells


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=22, minutes=10), "22 h 10 min"),
        (timedelta(minutes=40, seconds=9), "40 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(seconds=30), "30 s"),
    ],
)
def test_a_duration_has_two_units(span: timedelta, text: str) -> None:
    assert format_long_duration(span) == text


def test_a_strip_is_built_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[datetime] = []
    build_strip = build_day_strip
    monkeypatch.setattr(module, "build_day_strip", lambda *args: built.append(args[1]) or build_strip(*args))
    strips, spans = DayStrips(), (VerdictSpan("ok", ago(hours=30)),)
    for second in range(20):
        assert strips.get("prod", spans, NOW + timedelta(seconds=second), NOW) is not None
    assert len(built) == 1
    strips.get("prod", spans, NOW + timedelta(seconds=40), NOW)
    strips.get("prod", (VerdictSpan("failing", ago(hours=30)),), NOW + timedelta(seconds=40), NOW)
    assert len(built) == 3
