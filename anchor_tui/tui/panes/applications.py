"""The applications pane: sync, health, revision and operation of each application."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from textual.content import Content

from anchor_tui.domain.formatting import format_age, get_first_line, shorten_revision
from anchor_tui.domain.model import Application, Environment, Operation, Snapshot
from anchor_tui.domain.status_marks import StatusMark, get_health_mark, get_operation_mark, get_sync_mark
from anchor_tui.tui.diagnosis_view import describe_diagnosis
from anchor_tui.tui.environment_summary import (
    LOADING,
    dim_if_stale,
    is_loading,
)
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, PaneContent


def build_applications_pane(snapshot: Snapshot, environments: Sequence[Environment]) -> PaneContent:
    """Return one row per application of these environments."""
    several = len(snapshot.environments) > 1 and len(environments) > 1
    titles = [*(["ENV"] if several else []), "APPLICATION", "SYNC", "HEALTH", "COMPARED", "OPERATION"]
    columns = tuple(ListColumn(title, is_flexible=title in {"APPLICATION", "OPERATION"}) for title in titles)
    rows = tuple(
        _build_application_row(application, environment, snapshot, with_environment=several)
        for environment in environments
        for application in environment.applications
    )
    loading = any(is_loading(snapshot, environment.source) for environment in environments)
    return PaneContent(columns, rows, LOADING if loading else "no application is known")


def _build_application_row(
    app: Application, environment: Environment, snapshot: Snapshot, *, with_environment: bool
) -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        cells = tuple(dim_if_stale(cell, snapshot, app.source) for cell in _draw_application(app, now))
        return (safe_text(environment.name), *cells) if with_environment else cells

    phase = app.operation.phase if app.operation else ""
    unhealthy = " ".join(f"{resource.kind}/{resource.name} {resource.message or ''}" for resource in app.unhealthy)
    return ListRow(
        key=application_row_key(environment, app),
        draw_cells=draw,
        draw_detail=partial(_describe_application, app),
        search_text=f"{environment.name} {app.id} {app.sync} {app.health} {app.compared_revision} {phase} {unhealthy}",
        url=app.url,
        clipboard_text=str(app.id),
        subject=app,
    )


def find_row_application(snapshot: Snapshot, key: str) -> tuple[Environment, Application] | None:
    """Return the application of a row with its environment; None for a row of another pane."""
    for environment in snapshot.environments:
        for application in environment.applications:
            if application_row_key(environment, application) == key:
                return environment, application
    return None


def application_row_key(environment: Environment, app: Application) -> str:
    """Return the key of an application's row."""
    return f"{environment.name} {app.source} {app.id}"


def _draw_application(application: Application, now: datetime) -> tuple[Content, ...]:
    span = f" {format_age(application.health_since, now)}" if application.health_since else ""
    mark, word = get_health_mark(application)
    sync_mark, sync = get_sync_mark(application)
    return (
        safe_text(application.id),
        marked_text(sync_mark, sync),
        marked_text(mark, f"{word}{span}"),
        safe_text(shorten_revision(application.compared_revision)),
        _describe_operation(application.operation, now)
        if application.operation
        else muted_text(StatusMark.NONE.glyph()),
    )


def _describe_operation(operation: Operation, now: datetime) -> Content:
    mark = get_operation_mark(operation)
    if operation.is_running:
        return marked_text(mark, f"{operation.phase} {format_age(operation.started_at, now)}")
    return marked_text(mark, f"{operation.phase} {format_age(operation.finished_at, now)} ago")


def _describe_last_sync(application: Application, now: datetime) -> str:
    revision = f" to {shorten_revision(application.synced_revision)}" if application.synced_revision else ""
    age = f" {format_age(application.synced_at, now)} ago" if application.synced_at else ""
    return f"synced{revision}{age}" if revision or age else ""


def _describe_application(application: Application, now: datetime) -> Content:
    """Return the cause of a failure, the application's problems in full, worst first, its revisions and images."""
    lines = describe_diagnosis(application.diagnosis, now)
    lines += [marked_text(StatusMark.FAILING, problem.message) for problem in application.problems]
    for resource in application.unhealthy:
        mark, _ = get_health_mark(Application("", "", "", health=resource.health))
        title = marked_text(mark, f"{resource.kind}/{resource.name} {resource.health}")
        lines.append(join_parts(title, safe_text(resource.message) if resource.message else None))
    lines += [
        join_parts(safe_text(condition.type, "bold"), safe_text(condition.message))
        for condition in application.conditions
    ]
    operation = application.operation
    if operation and operation.message and operation.phase != "Succeeded":
        lines.append(
            join_parts(safe_text(f"operation {operation.phase}", "bold"), safe_text(get_first_line(operation.message)))
        )
    if application.prunable:
        names = ", ".join(f"{resource.kind}/{resource.name}" for resource in application.prunable)
        lines.append(join_parts(marked_text(StatusMark.ATTENTION, "no longer in git"), safe_text(names)))
    facts = [
        f"compared with {shorten_revision(application.compared_revision)}" if application.compared_revision else "",
        _describe_last_sync(application, now),
        f"follows {application.target_revision}" if application.target_revision else "",
        f"reconciled {format_age(application.reconciled_at, now)} ago" if application.reconciled_at else "",
    ]
    lines.append(muted_text(" · ".join(fact for fact in facts if fact)))
    lines += [muted_text(image) for image in application.images]
    return Content("\n").join(line for line in lines if line)
