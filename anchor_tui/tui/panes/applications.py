"""The applications pane: sync, health, revision and operation of each application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from textual.content import Content

from anchor_tui.domain.formatting import format_age, get_first_line, shorten_revision
from anchor_tui.domain.identity import is_same
from anchor_tui.domain.identity_cache import ElementCache, ElementIndex, ValueCounter
from anchor_tui.domain.model import Application, Environment, Operation, Snapshot
from anchor_tui.domain.status_marks import (
    UNHEALTHY_MARKS,
    WORST_FIRST,
    StatusMark,
    get_application_mark,
    get_health_mark,
    get_operation_mark,
    get_sync_mark,
)
from anchor_tui.tui.diagnosis_view import describe_diagnosis
from anchor_tui.tui.panes.application_order import BY_SEVERITY, GROUP_FIELDS, OrderedRow, SortedRows, sort_rows
from anchor_tui.tui.since_view import draw_health, draw_sync, list_since
from anchor_tui.tui.source_states import LOADING, is_loading, is_stale
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent

FILTER_FIELDS = ("env", "health", "label", "project", "sync")
_MARKS = ElementCache[Application, StatusMark]()


class ApplicationRows:
    """Builds the applications pane. A row is built once for each application, its environment and its freshness."""

    def __init__(self) -> None:
        self._rows = ElementCache[Application, OrderedRow]()
        self._sorted = SortedRows()
        self._key: tuple[object, ...] = ()
        self._inputs: tuple[object, ...] = ()
        self._content = PaneContent((), (), "")

    def build(self, snapshot: Snapshot, environments: Sequence[Environment], order: str = BY_SEVERITY) -> PaneContent:
        """Return one row per application of these environments; the same object if nothing in it has changed."""
        loading = any(is_loading(snapshot, environment.source) for environment in environments)
        several = len(snapshot.environments) > 1 and len(environments) > 1 and order != "environment"
        rows = tuple(self._sort_environment(environment, snapshot) for environment in environments)
        if (order, several, loading) != self._key or not is_same(rows, self._inputs):
            self._key, self._inputs = (order, several, loading), rows
            self._content = PaneContent(
                _make_columns(with_environment=several),
                sort_rows(rows, order),
                LOADING if loading else "no application is known",
                filter_fields=FILTER_FIELDS,
                grouped_by=GROUP_FIELDS.get(order, ""),
            )
        return self._content

    def _sort_environment(self, environment: Environment, snapshot: Snapshot) -> tuple[OrderedRow, ...]:
        """Return the rows of an environment, the worst first."""
        stale = is_stale(snapshot, environment.source)
        name = (environment.name, stale)
        rows = self._rows.get(
            name,
            environment.applications,
            lambda app: _build_ordered_row(app, environment.name, is_stale=stale),
        )
        return self._sorted.get(name, rows)


def _make_columns(*, with_environment: bool) -> tuple[ListColumn, ...]:
    titles = ("ENV", "APPLICATION", "SYNC", "HEALTH", "COMPARED", "OPERATION")
    return tuple(
        ListColumn(
            title,
            is_flexible=title in {"APPLICATION", "OPERATION"},
            is_hidden=title == "ENV" and not with_environment,
        )
        for title in titles
    )


def _build_ordered_row(app: Application, environment: str, *, is_stale: bool) -> OrderedRow:
    row = _build_application_row(app, environment, is_stale=is_stale)
    severity = WORST_FIRST.index(row.mark) if row.mark is not None else len(WORST_FIRST)
    return OrderedRow(severity, app.name, app.namespace, app, row)


def _build_application_row(app: Application, environment: str, *, is_stale: bool) -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        cells = _draw_application(app, now)
        if is_stale:
            cells = tuple(Content.styled(cell.plain, "dim") for cell in cells)
        return (safe_text(environment), *cells)

    phase = app.operation.phase if app.operation else ""
    unhealthy = " ".join(f"{resource.kind}/{resource.name} {resource.message or ''}" for resource in app.unhealthy)
    return ListRow(
        key=_make_row_key(environment, app),
        draw_cells=draw,
        draw_detail=partial(_describe_application, app),
        search_text=f"{environment} {app.id} {app.sync} {app.health} {app.compared_revision} {phase} {unhealthy}",
        url=app.url,
        clipboard_text=str(app.id),
        subject=app,
        mark=get_application_mark(app),
        field_values=partial(get_field_values, app, environment),
        is_static=not (app.health_since or app.operation or app.sync_seen or app.health_seen),
    )


def get_field_values(app: Application, environment: str, field: str) -> tuple[str, ...]:
    """Return the values of a field of the filter. A missing value has the word that the screen shows."""
    match field:
        case "env":
            return (environment,)
        case "health":
            return (get_health_mark(app)[1],)
        case "sync":
            return (get_sync_mark(app)[1],)
        case "project":
            return (app.project,) if app.project else ()
        case "label":
            return tuple(f"{key}={value}" for key, value in app.labels)
        case _:
            return ()


def count_applications(environments: Sequence[Environment]) -> tuple[int, tuple[tuple[StatusMark, int], ...]]:
    """Return the number of applications; if there are several, also of those with each mark that needs attention."""
    number = sum(len(environment.applications) for environment in environments)
    counted = Counter[StatusMark]()
    for environment in environments if number > 1 else ():
        counted.update(_count_marks(environment))
    return number, tuple((mark, counted[mark]) for mark in UNHEALTHY_MARKS if counted[mark])


_MARK_COUNTS = ValueCounter[StatusMark]()


def _count_marks(environment: Environment) -> Counter[StatusMark]:
    marks = _MARKS.get(environment.name, environment.applications, get_application_mark)
    return _MARK_COUNTS.get(environment.name, marks)


def get_row_application(snapshot: Snapshot, row: ListRow) -> tuple[Environment, Application] | None:
    """Return the application that a row shows with its environment; None for a row of another pane."""
    if not isinstance(row.subject, Application):
        return None
    environment = snapshot.find_environment(next(iter(row.field_values("env")), ""))
    return (environment, row.subject) if environment is not None else None


def find_row_application(snapshot: Snapshot, key: str) -> tuple[Environment, Application] | None:
    """Return the application of a row with its environment; None for a row of another pane."""
    for environment in snapshot.environments:
        name = environment.name
        if key.startswith(f"{name} "):
            application = _ROW_KEYS.get(name, environment.applications).get(key.removeprefix(f"{name} "))
            if application is not None:
                return environment, application
    return None


def _make_row_key(environment: str, app: Application) -> str:
    """Return the key of an application's row."""
    return f"{environment} {_make_key(app)}"


def _make_key(app: Application) -> str:
    return f"{app.source} {app.id}"


_ROW_KEYS = ElementIndex[str, Application](_make_key)


def _draw_application(application: Application, now: datetime) -> tuple[Content, ...]:
    return (
        safe_text(application.id),
        draw_sync(application, now),
        draw_health(application, now),
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
        *list_since(application, now),
        f"compared with {shorten_revision(application.compared_revision)}" if application.compared_revision else "",
        _describe_last_sync(application, now),
        f"follows {application.target_revision}" if application.target_revision else "",
        f"reconciled {format_age(application.reconciled_at, now)} ago" if application.reconciled_at else "",
    ]
    lines.append(muted_text(" · ".join(fact for fact in facts if fact)))
    lines += [muted_text(image) for image in application.images]
    return Content("\n").join(line for line in lines if line)
