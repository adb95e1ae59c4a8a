"""Spans of time: those in which anchor-tui was watching, and what they cover."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple


class TimeSpan(NamedTuple):
    """The time from `start` until `end`."""

    start: datetime
    end: datetime


def join_spans(spans: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Return the same time in spans that are in order and do not touch. A span that ends before it starts is empty."""
    joined: list[TimeSpan] = []
    for span in sorted(span for span in spans if span.end > span.start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = TimeSpan(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def subtract_spans(spans: Sequence[TimeSpan], removed: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Return the time of joined spans that is not in `removed`."""
    gaps = join_spans(removed)
    left: list[TimeSpan] = []
    first = 0
    for start, end in spans:
        while first < len(gaps) and gaps[first].end <= start:
            first += 1
        index = first
        while index < len(gaps) and gaps[index].start < end:
            if gaps[index].start > start:
                left.append(TimeSpan(start, gaps[index].start))
            start = max(start, gaps[index].end)
            index += 1
        if start < end:
            left.append(TimeSpan(start, end))
    return tuple(left)


def cover_span(spans: Sequence[TimeSpan], start: datetime, end: datetime) -> bool:
    """Return True if one of the joined spans contains all the time from `start` until `end`."""
    index = bisect_right(spans, start, key=lambda span: span.start) - 1
    return index >= 0 and end <= spans[index].end


def measure_spans(spans: Iterable[TimeSpan], start: datetime, end: datetime) -> timedelta:
    """Return how much of the time from `start` until `end` is in the joined spans."""
    inside = (min(span.end, end) - max(span.start, start) for span in spans if span.end > start and span.start < end)
    return sum(inside, timedelta())
