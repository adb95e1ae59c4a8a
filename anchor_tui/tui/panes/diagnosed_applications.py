"""The applications of one environment with the cause of each failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from textual.content import Content

from anchor_tui.domain.application_labels import label_environment
from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.model import Application, Environment, Snapshot
from anchor_tui.domain.status_marks import StatusMark, find_worst_mark, get_health_mark, get_sync_mark
from anchor_tui.tui.environment_summary import dim_if_stale
from anchor_tui.tui.panes.applications import build_applications_pane
from anchor_tui.tui.style import marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, PaneContent

COLUMNS = (
    ListColumn(""),
    ListColumn("APPLICATION", is_flexible=True),
    ListColumn("SYNC"),
    ListColumn("HEALTH"),
    ListColumn("CAUSE", is_flexible=True),
)


def build_diagnosed_applications_pane(snapshot: Snapshot, environment: Environment) -> PaneContent:
    """Return one row per application, with the keys, details and addresses of the applications pane."""
    content = build_applications_pane(snapshot, (environment,))
    labels = label_environment(environment.name, environment.applications)
    rows = tuple(
        _with_cause(row, application, labels[application.id], snapshot)
        for row, application in zip(content.rows, environment.applications, strict=True)
    )
    return replace(content, columns=COLUMNS, rows=rows)


def _with_cause(row: ListRow, application: Application, label: str, snapshot: Snapshot) -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        return tuple(dim_if_stale(cell, snapshot, application.source) for cell in _draw(application, label, now))

    cause = application.diagnosis.cause if application.diagnosis else ""
    return replace(row, draw_cells=draw, search_text=f"{row.search_text} {cause}")


def _draw(application: Application, label: str, now: datetime) -> tuple[Content, ...]:
    sync, health = get_sync_mark(application), get_health_mark(application)
    worst, _ = find_worst_mark([sync, health])
    span = f" {format_age(application.health_since, now)}" if application.health_since else ""
    return (
        marked_text(worst),
        safe_text(label, "bold"),
        marked_text(*sync),
        marked_text(health[0], f"{health[1]}{span}"),
        _describe_cause(application),
    )


def _describe_cause(application: Application) -> Content:
    if application.diagnosis is not None:
        return safe_text(application.diagnosis.cause)
    if application.unhealthy:
        worst = application.unhealthy[0]
        return safe_text(f"{worst.kind}/{worst.name}: {worst.message or worst.health}")
    return muted_text(StatusMark.NONE.glyph())
