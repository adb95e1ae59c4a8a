"""The Spec pane: where an application comes from, where it goes, how it is synced, and when its sync windows open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from anchor_tui.domain.formatting import format_count, format_duration
from anchor_tui.domain.inspection.application_spec import (
    DesiredState,
    IgnoredFields,
    ManifestSource,
    RetryPolicy,
    read_application_spec,
)
from anchor_tui.domain.inspection.sync_windows import AssignedWindows, SyncWindow, find_window_change
from anchor_tui.domain.model import AutoSyncPolicy, Problem
from anchor_tui.domain.readings import Fresh, Reading, Stale, Unavailable, get_failure
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.inspection.difference_view import describe_unread
from anchor_tui.tui.inspection.panel import InspectionPanel
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.style import marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.widgets.rows_and_text import InspectionRows

if TYPE_CHECKING:
    from anchor_tui.services.observe.inspect import ApplicationInspector

SPEC_POLL_S = 30.0
"""The pause between two readings, in seconds."""
_COLUMNS = (ListColumn("SETTING"), ListColumn("VALUE", is_flexible=True))


class InspectedSpec(NamedTuple):
    """The specification and the sync windows. Without windows, `problem` is why they were not read."""

    spec: DesiredState
    windows: AssignedWindows | None
    problem: str = ""


class SpecPanel(InspectionPanel[InspectedSpec]):
    """One row per setting. The whole text of the highlighted one is below."""

    BINDINGS: ClassVar[list[BindingType]] = []
    poll_s = SPEC_POLL_S

    def compose(self) -> ComposeResult:
        """Compose rows and text."""
        yield InspectionRows()
        yield DetailPanel()

    def on_mount(self) -> None:
        """Show that the specification is being read."""
        self.query_one(InspectionRows).content = PaneContent(_COLUMNS, (), LOADING)

    @property
    def row_count(self) -> None:
        """The tab shows no number."""
        return

    @property
    def inspected(self) -> InspectedSpec | None:
        """The specification that was read last."""
        return self.last_value

    @property
    def summary(self) -> str:
        """The reason why syncs are not allowed now, if there is one."""
        found = self.inspected
        blocked = found is not None and found.windows is not None and not found.windows.can_sync
        return "a sync window blocks syncs now" if blocked else ""

    async def read(self, inspector: ApplicationInspector) -> Reading[InspectedSpec]:
        """Read specification and windows. Windows that cannot be read leave a problem, not a failure."""
        manifest, windows = await inspector.read_application_manifest(), await inspector.read_sync_windows()
        if not isinstance(manifest, Fresh):
            return Unavailable(get_failure(manifest))
        spec = read_application_spec(manifest.value)
        if isinstance(windows, Fresh):
            return Fresh(InspectedSpec(spec, windows.value), manifest.taken_at, manifest.fresh_until)
        message = get_failure(windows).message
        problems = (Problem("sync windows", "part", message),)
        return Fresh(InspectedSpec(spec, None, message), manifest.taken_at, manifest.fresh_until, problems)

    def show_reading(self, reading: Reading[InspectedSpec]) -> None:
        """Show the settings."""
        rows = self.query_one(InspectionRows)
        if isinstance(reading, Unavailable):
            rows.content = PaneContent(_COLUMNS, (), describe_unread("specification", reading.error.message))
            self.query_one(DetailPanel).content = safe_text(rows.content.empty_text)
        elif (found := self.inspected) is not None and isinstance(reading, Fresh | Stale):
            built = _build_rows(found, self.now or reading.taken_at)
            rows.content = PaneContent(_COLUMNS, tuple(built), "")

    def watch_now(self, now: datetime | None) -> None:
        """Keep the clock of the rows. The times of the windows are those of the last reading."""
        if self.is_mounted and now is not None:
            self.query_one(InspectionRows).show_now(now)

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the whole text of the highlighted setting."""
        message.stop()
        if message.row is not None:
            self.query_one(DetailPanel).content = message.row.draw_detail(message.row_list.now)


def _build_rows(found: InspectedSpec, now: datetime) -> Iterator[ListRow]:
    spec = found.spec
    for number, source in enumerate(spec.sources, 1):
        name = f"source {number}" if len(spec.sources) > 1 else "source"
        yield _build_row(name, _describe_source(source))
        if source.value_files:
            yield _build_row("  values", ", ".join(source.value_files))
        if source.parameters:
            yield _build_row("  parameters", ", ".join(source.parameters))
    yield _build_row("destination", f"{spec.destination or 'not set'}, namespace {spec.namespace or 'not set'}")
    yield _build_row("project", spec.project or "not set")
    yield _build_row("sync policy", _describe_automation(spec.automated))
    yield _build_row("sync options", ", ".join(spec.sync_options) or "none")
    yield _build_row("retry", _describe_retry(spec.retry))
    yield _build_row("ignored fields", _describe_ignored(spec.ignored))
    yield from _build_window_rows(found, now)


def _build_row(name: str, value: str, content: Content | None = None, key: str = "") -> ListRow:
    cells = (muted_text(name), content or safe_text(value))
    detail = safe_text(f"{name.strip()}: ", "bold") + safe_text(value)
    return static_row(key or name, cells, detail, clipboard_text=value)


def _describe_source(source: ManifestSource) -> str:
    what = f"chart {source.chart}" if source.chart else source.path or "value files only"
    reference = f", as ${source.name}" if source.name else ""
    return f"{source.repository} at {source.revision or 'HEAD'}, {what}{reference}"


def _describe_automation(automated: AutoSyncPolicy | None) -> str:
    if automated is None:
        return "manual: an operator starts every sync"
    if not automated.enabled:
        return "automated, but switched off: an operator starts every sync"
    prune = "prune deletes what git does not have" if automated.prune else "without prune"
    heal = "self-heal reverts manual changes" if automated.self_heal else "without self-heal"
    return f"automated; {prune}; {heal}"


def _describe_retry(retry: RetryPolicy | None) -> str:
    if retry is None:
        return "the default of Argo CD"
    if not retry.limit:
        return "off: a failed sync is not tried again"
    times = "without end" if retry.limit < 0 else f"{format_count(retry.limit, 'time')} at most"
    factor = f", then {retry.factor} times as long" if retry.factor and retry.factor > 1 else ""
    pause = f"; {retry.first_pause} later{factor}" if retry.first_pause else ""
    longest = f", {retry.longest_pause} at most" if retry.longest_pause else ""
    return f"{times}{pause}{longest}"


def _describe_ignored(rules: tuple[IgnoredFields, ...]) -> str:
    if not rules:
        return "none: every field is compared"
    listed = []
    for rule in rules:
        place = "/".join(filter(None, (rule.group, rule.kind, rule.namespace, rule.name)))
        listed.append(f"{place} {', '.join(rule.fields)}")
    return f"{format_count(len(rules), 'rule')}: {'; '.join(listed)}"


# --- sync windows ------------------------------------------------------------------------------------


def _build_window_rows(found: InspectedSpec, now: datetime) -> Iterator[ListRow]:
    windows = found.windows
    if windows is None:
        text = describe_unread("sync windows", found.problem)
        yield _build_row("sync windows", text, marked_text(StatusMark.UNKNOWN, found.problem))
        return
    if not windows.windows:
        yield _build_row("sync windows", "none: syncs are always allowed")
        return
    count = format_count(len(windows.windows), "window")
    if windows.can_sync:
        allowed = f"{count}; a manual sync is allowed now"
        yield _build_row("sync windows", allowed, marked_text(StatusMark.OK, allowed))
    else:
        blocked = f"{count}; a sync is blocked now"
        yield _build_row("sync windows", blocked, marked_text(StatusMark.ATTENTION, blocked))
    for number, window in enumerate(windows.windows, 1):
        yield _build_row(f"  {window.kind}", _describe_window(window, windows, now), key=f"window {number}")


def _describe_window(window: SyncWindow, windows: AssignedWindows, now: datetime) -> str:
    zone = window.time_zone or f"UTC assumed, {windows.zone_problem or 'its zone is unknown'}"
    parts = [
        "active" if window.is_active else "not active",
        _describe_change(window, now),
        f"{window.schedule} for {window.duration}, {zone}",
        "manual syncs pass" if window.allows_manual else "",
        window.description,
    ]
    return "; ".join(filter(None, parts))


def _describe_change(window: SyncWindow, now: datetime) -> str:
    """Return when the window opens or closes next."""
    try:
        change = find_window_change(window, now)
    except ValueError as error:
        return str(error)
    if change.at is None:
        return "it does not close" if change.is_open else "it does not open"
    verb = "closes" if change.is_open else "opens"
    return f"{verb} in {format_duration(change.at - now)} ({change.at:%a %d %b %H:%M}Z)"
