"""The verdicts of the last 24 hours as a strip of cells, and as text.

A cell shows the worst verdict that was observed in it. It is ok only if all of it was observed and known, except for a
minute: a time without observation is never green.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from anchor_tui.domain.model import Level, VerdictSpan, VerdictWord
from anchor_tui.domain.status_marks import StatusMark, get_level_mark

DAY = timedelta(hours=24)
TOLERANCE = timedelta(minutes=1)
"""The part of a cell that need not be observed: a restart of the screen takes some seconds."""
NOT_OBSERVED = "not observed"
_ORDER: tuple[VerdictWord, ...] = ("ok", "attention", "unknown", "violation", "failing")
"""The verdicts, the worst last."""


class DayStrip(NamedTuple):
    """The cells, oldest first: a verdict, or None if it was not observed. `text` contains the same as durations."""

    cells: tuple[VerdictWord | None, ...]
    text: str

    @property
    def marks(self) -> tuple[StatusMark, ...]:
        """The mark of each cell."""
        return tuple(get_cell_mark(cell) for cell in self.cells)

    @property
    def glyphs(self) -> str:
        """The cells as one word."""
        return "".join(mark.glyph() for mark in self.marks)


def get_cell_mark(cell: VerdictWord | None) -> StatusMark:
    """Return the mark of a cell."""
    if cell is None:
        return StatusMark.NONE
    return get_level_mark(Level.FAILING if cell == "violation" else Level(cell))


def build_day_strip(
    spans: Sequence[VerdictSpan], now: datetime, observed_until: datetime, cell_count: int = 24
) -> DayStrip | None:
    """Return the strip of the 24 hours before `now`; None if nothing of them was observed. A cell ends at a round time.

    A span that lasts ends with `observed_until`, the time of the last snapshot. `cell_count` is 24 or 48.
    """
    length = DAY / cell_count
    end = _round_up(now, length)
    cells: list[VerdictWord | None] = [None] * cell_count
    observed = [timedelta()] * cell_count
    totals = dict.fromkeys(_ORDER, timedelta())
    start = end - DAY
    for span in spans:
        first, last = max(span.since, start), min(span.until or observed_until, now)
        if last <= first:
            continue
        totals[span.verdict] += max(timedelta(), last - max(first, now - DAY))
        for place in range((first - start) // length, min(cell_count, (last - start) // length + 1)):
            part = min(last, start + (place + 1) * length) - max(first, start + place * length)
            is_brief = span.verdict == "unknown" and part < TOLERANCE  # as at a start, before all has been read
            if part > timedelta() and not is_brief:
                observed[place] += part
                cells[place] = _choose_worst(cells[place], span.verdict)
    for place, cell in enumerate(cells):
        whole = min(now, start + (place + 1) * length) - (start + place * length)
        if cell == "ok" and observed[place] < whole - TOLERANCE:
            cells[place] = None
    if not any(totals.values()):
        return None
    return DayStrip(tuple(cells), _describe_totals(totals))


def format_long_duration(span: timedelta) -> str:
    """Return a duration with its second unit: "22 h 10 min", "40 min", "30 s"."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def _describe_totals(totals: dict[VerdictWord, timedelta]) -> str:
    parts: dict[str, timedelta] = {word: span for word, span in totals.items() if span >= timedelta(seconds=1)}
    unobserved = DAY - sum(totals.values(), timedelta())
    if unobserved >= TOLERANCE:
        parts[NOT_OBSERVED] = unobserved
    return "last 24 h: " + ", ".join(f"{word} {format_long_duration(span)}" for word, span in parts.items())


def _choose_worst(one: VerdictWord | None, other: VerdictWord) -> VerdictWord:
    return other if one is None else max(one, other, key=_ORDER.index)


def _round_up(moment: datetime, length: timedelta) -> datetime:
    origin = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return origin + -((origin - moment) // length) * length


class DayStrips:
    """The strips of environments. One is built again when its spans are others, or when another minute begins."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[tuple[VerdictSpan, ...], tuple[datetime, ...], DayStrip | None]] = {}

    def get(
        self,
        environment: str,
        spans: tuple[VerdictSpan, ...],
        now: datetime,
        observed_until: datetime,
        cell_count: int = 24,
    ) -> DayStrip | None:
        """Return the strip of an environment."""
        minutes = tuple(moment.replace(second=0, microsecond=0) for moment in (now, observed_until))
        known = self._known.get((environment, cell_count))
        if known is not None and known[0] is spans and known[1] == minutes:
            return known[2]
        strip = build_day_strip(spans, now, observed_until, cell_count) if spans else None
        self._known[environment, cell_count] = spans, minutes, strip
        return strip
