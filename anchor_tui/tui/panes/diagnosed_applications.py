"""The applications of one environment with the cause of each failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from textual.content import Content

from anchor_tui.domain.application_labels import label_environment
from anchor_tui.domain.identity_cache import ElementCache, IdentityCache
from anchor_tui.domain.model import AppId, Application, Environment, Snapshot
from anchor_tui.domain.status_marks import StatusMark, find_worst_mark, get_health_mark, get_sync_mark
from anchor_tui.tui.panes.applications import ApplicationRows
from anchor_tui.tui.since_view import draw_health, draw_sync
from anchor_tui.tui.source_states import is_stale
from anchor_tui.tui.style import marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent

COLUMNS = (
    ListColumn(""),
    ListColumn("APPLICATION", is_flexible=True),
    ListColumn("SYNC"),
    ListColumn("HEALTH"),
    ListColumn("CAUSE", is_flexible=True),
)


class DiagnosedApplicationRows:
    """Builds the pane. A row is built once for each row of the applications pane, and for each change of the labels."""

    def __init__(self) -> None:
        self._applications = ApplicationRows()
        self._rows = ElementCache[ListRow, ListRow]()
        self._contents = IdentityCache[PaneContent]()
        self._labels: Mapping[AppId, str] = {}

    def build(self, snapshot: Snapshot, environment: Environment) -> PaneContent:
        """Return one row per application, with the keys, details and addresses of the applications pane."""
        content = self._applications.build(snapshot, (environment,))
        labels = label_environment(environment.name, environment.applications)
        if labels != self._labels:
            self._labels, self._rows = labels, ElementCache[ListRow, ListRow]()
        stale = is_stale(snapshot, environment.source)
        rows = self._rows.get(
            environment.name, tuple(content.rows), lambda row: _add_cause(row, self._labels, is_stale=stale)
        )
        return self._contents.get(
            environment.name, (content, rows), lambda: replace(content, columns=COLUMNS, rows=rows)
        )


def _add_cause(row: ListRow, labels: Mapping[AppId, str], *, is_stale: bool) -> ListRow:
    application = row.subject
    assert isinstance(application, Application)
    label = labels[application.id]

    def draw(now: datetime) -> tuple[Content, ...]:
        cells = _draw(application, label, now)
        return tuple(Content.styled(cell.plain, "dim") for cell in cells) if is_stale else cells

    cause = application.diagnosis.cause if application.diagnosis else ""
    return replace(row, draw_cells=draw, search_text=f"{row.search_text} {cause}")


def _draw(application: Application, label: str, now: datetime) -> tuple[Content, ...]:
    sync, health = get_sync_mark(application), get_health_mark(application)
    worst, _ = find_worst_mark([sync, health])
    return (
        marked_text(worst),
        safe_text(label, "bold"),
        draw_sync(application, now),
        draw_health(application, now),
        _describe_cause(application),
    )


def _describe_cause(application: Application) -> Content:
    if application.diagnosis is not None:
        return safe_text(application.diagnosis.cause)
    if application.unhealthy:
        worst = application.unhealthy[0]
        return safe_text(f"{worst.kind}/{worst.name}: {worst.message or worst.health}")
    return muted_text(StatusMark.NONE.glyph())
