"""The timeline as text: one line for each change, newest first; times in UTC."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.cli.output.history.report import HistoryReport, format_note
from anchor_tui.domain.history.gaps import ObservationGap, describe_gap
from anchor_tui.domain.history.timeline import TimelineEntry, TimelineLine
from anchor_tui.domain.status_marks import StatusMark

_MAX_ENVIRONMENT_WIDTH = 20


def render(report: HistoryReport) -> str:
    """Render the lines."""
    return format_lines(_render_lines(report))


def _render_lines(report: HistoryReport) -> Iterator[str]:
    widths = (len(entry.change.environment) for entry in report.entries)
    width = min(_MAX_ENVIRONMENT_WIDTH, max(widths, default=0))
    for line in report.lines:
        yield _render_line(line, width)


def _render_line(line: TimelineLine, width: int) -> str:
    if isinstance(line, ObservationGap):
        end = line.until or line.since
        return f"{end:%Y-%m-%d %H:%M:%S}Z  {StatusMark.NONE.glyph()} {'':{width}}  {describe_gap(line)}"
    return f"{_render_entry(line, width)}"


def _render_entry(entry: TimelineEntry, width: int) -> str:
    environment = entry.change.environment or StatusMark.NONE.glyph()
    note = f"  ({note})" if (note := format_note(entry)) else ""
    cause = f"  {entry.cause_text}" if entry.causes else ""
    text = f"{entry.subject}  {entry.full_sentence}{cause}{note}"
    return f"{entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.mark.glyph()} {environment:{width}}  {text}"
