"""Spans of time."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.history.time_spans import TimeSpan, cover_span, join_spans, measure_spans, subtract_spans
from tests.values import NOW

HOURS = st.integers(0, 30)
SPANS = st.lists(st.tuples(HOURS, HOURS), max_size=6)


def span(start: int, end: int) -> TimeSpan:
    return TimeSpan(NOW + timedelta(hours=start), NOW + timedelta(hours=end))


def list_hours(spans: tuple[TimeSpan, ...]) -> set[int]:
    return {hour for hour in range(30) if cover_span(spans, *span(hour, hour + 1))}


def test_spans_that_touch_are_joined():
    assert join_spans([span(2, 3), span(0, 1), span(1, 2), span(5, 6)]) == (span(0, 3), span(5, 6))


def test_a_gap_divides_a_span():
    assert subtract_spans((span(0, 10),), [span(2, 3), span(9, 12)]) == (span(0, 2), span(3, 9))


def test_a_span_is_covered_by_one_span_only():
    spans = (span(0, 2), span(3, 5))
    assert cover_span(spans, *span(3, 5))
    assert not cover_span(spans, *span(1, 4))
    assert not cover_span((), *span(1, 2))


def test_only_the_part_inside_is_measured():
    assert measure_spans((span(0, 2), span(3, 9)), *span(1, 4)) == timedelta(hours=2)


@given(SPANS, SPANS)
def test_spans_contain_the_hours_of_their_parts(kept: list[tuple[int, int]], removed: list[tuple[int, int]]):
    left = subtract_spans(join_spans(span(*ends) for ends in kept), [span(*ends) for ends in removed])
    hours = {hour for start, end in kept for hour in range(start, end)}
    hours -= {hour for start, end in removed for hour in range(start, end)}
    assert list_hours(left) == hours
    assert measure_spans(left, *span(0, 30)) == timedelta(hours=len(hours))
