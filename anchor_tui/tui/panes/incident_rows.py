"""The rows of the incident screen: timeline, notes, actions, pull requests and open items, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from textual.content import Content

from anchor_tui.domain.history.incident_words import (
    describe_action,
    describe_entry,
    describe_open_item,
    describe_pull_request,
    get_entry_mark,
)
from anchor_tui.domain.history.incidents import IncidentEntry, IncidentReport, MarkName, OpenItem
from anchor_tui.tui.style import marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent

TIMELINE, NOTES, ACTIONS, PULL_REQUESTS, OPEN_ITEMS = "Timeline", "Notes", "Actions", "Pull requests", "Open items"
PANES = (TIMELINE, NOTES, ACTIONS, PULL_REQUESTS, OPEN_ITEMS)
_READING = "reading the history…"
_EMPTY = {
    TIMELINE: "nothing was recorded",
    NOTES: "no notes: n takes one",
    ACTIONS: "no action was recorded on this machine",
    PULL_REQUESTS: "no pull request was opened, checked, merged or closed",
    OPEN_ITEMS: "everything is ok and observed",
}
_COLUMNS = (ListColumn("TIME"), ListColumn("ENV"), ListColumn("WHAT", is_flexible=True))


class IncidentLine(NamedTuple):
    """One row in words. `key` identifies it while others are added."""

    key: str
    at: datetime | None
    environment: str
    text: str
    mark: MarkName = "none"
    url: str = ""
    pull_request: int | None = None


def build_incident_pane(pane: str, report: IncidentReport | None) -> PaneContent:
    """Return the rows of a pane. Without a report, they are being read."""
    lines = _LINES[pane](report) if report is not None else ()
    rows = tuple(_build_row(line, with_date=_has_days(report)) for line in lines)
    return PaneContent(_COLUMNS, rows, _EMPTY[pane] if report is not None else _READING)


def count_lines(pane: str, report: IncidentReport | None) -> int | None:
    """Return the number of rows of a pane; None if it is not known yet."""
    return len(_LINES[pane](report)) if report is not None else None


def _has_days(report: IncidentReport | None) -> bool:
    """Return True if the incident takes longer than a day, so that times need their dates."""
    return report is not None and report.facts.until.date() != report.incident.started_at.date()


def _list_timeline(report: IncidentReport) -> Sequence[IncidentLine]:
    entries = report.list_timeline()
    return [_to_line(f"{entry.at}{entry.text}{index}", entry) for index, entry in enumerate(entries)][::-1]


def _to_line(key: str, entry: IncidentEntry) -> IncidentLine:
    return IncidentLine(
        key, entry.at, entry.environment, describe_entry(entry), entry.mark, entry.url, entry.pull_request
    )


def _list_notes(report: IncidentReport) -> Sequence[IncidentLine]:
    return [IncidentLine(str(note.id), note.at, "", f"{note.text}, by {note.author}") for note in report.notes][::-1]


def _list_actions(report: IncidentReport) -> Sequence[IncidentLine]:
    return [
        IncidentLine(f"{action.at}{index}", action.at, action.environment, describe_action(action), url=action.url)
        for index, action in enumerate(report.facts.actions)
    ][::-1]


def _list_pull_requests(report: IncidentReport) -> Sequence[IncidentLine]:
    return [
        IncidentLine(
            str(pull.number),
            pull.merged_at or pull.opened_at,
            "",
            f"#{pull.number} {describe_pull_request(pull)}",
            url=pull.url,
            pull_request=pull.number,
        )
        for pull in report.facts.pull_requests
    ][::-1]


def _list_open_items(report: IncidentReport) -> Sequence[IncidentLine]:
    return [_to_open_line(index, item) for index, item in enumerate(report.facts.open_items)]


def _to_open_line(index: int, item: OpenItem) -> IncidentLine:
    text = describe_open_item(OpenItem(item.kind, item.text))
    return IncidentLine(f"{item.kind}{index}", None, item.environment, text, url=item.url)


_LINES: Mapping[str, Callable[[IncidentReport], Sequence[IncidentLine]]] = {
    TIMELINE: _list_timeline,
    NOTES: _list_notes,
    ACTIONS: _list_actions,
    PULL_REQUESTS: _list_pull_requests,
    OPEN_ITEMS: _list_open_items,
}


def _build_row(line: IncidentLine, *, with_date: bool) -> ListRow:
    at = "" if line.at is None else f"{line.at:%m-%d %H:%M:%S}" if with_date else f"{line.at:%H:%M:%S}"
    style_mark = get_entry_mark(line.mark)
    text = safe_text(line.text) if line.mark == "none" else marked_text(style_mark, line.text)
    cells = (muted_text(at), safe_text(line.environment), text)
    detail = text

    def draw_cells(_now: datetime) -> tuple[Content, ...]:
        return cells

    return ListRow(
        line.key,
        draw_cells,
        lambda _now: detail,
        f"{at} {line.environment} {line.text}",
        line.url or None,
        line.url or line.text,
        line,
        line.pull_request,
        mark=style_mark,
        is_static=True,
    )
