"""The timeline as a table in Markdown, for a report after an incident. Foreign text is escaped."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.cli.output.history.report import HistoryReport, format_note
from anchor_tui.cli.output.snapshot.markdown import escape_markdown
from anchor_tui.domain.history.gaps import ObservationGap, describe_gap
from anchor_tui.domain.history.timeline import TimelineLine


def render(report: HistoryReport) -> str:
    """Render GitHub's Markdown."""
    return "\n".join(_render_lines(report)) + "\n"


def _render_lines(report: HistoryReport) -> Iterator[str]:
    yield f"# History of {escape_markdown(report.engine_id)}"
    yield ""
    if not report.lines:
        yield "No change is recorded."
        return
    yield "| time (UTC) | environment | subject | change | cause |"
    yield "|---|---|---|---|---|"
    for line in report.lines:
        yield f"| {' | '.join(_list_cells(line))} |"
    if not report.is_complete:
        yield ""
        yield "There are older changes that match."


def _list_cells(line: TimelineLine) -> tuple[str, ...]:
    if isinstance(line, ObservationGap):
        return f"{line.until or line.since:%Y-%m-%d %H:%M:%S}", "", "", describe_gap(line), ""
    note = f" ({note})" if (note := format_note(line)) else ""
    return (
        f"{line.at:%Y-%m-%d %H:%M:%S}",
        escape_markdown(line.change.environment),
        escape_markdown(line.subject),
        f"{line.mark.glyph()} {escape_markdown(line.full_sentence)}{note}",
        escape_markdown(line.cause_text),
    )
