"""The events pane: the events of the selected resource and everything below it, or of the whole application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.reactive import reactive

from anchor_tui.domain.formatting import format_age, get_first_line
from anchor_tui.domain.inspection.describe import describe_repetition
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.readings import Fresh, Reading, Stale, Unavailable
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.services.observe.resource_events import EventReport, read_event_report
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.inspection.panel import InspectionPanel
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.filtered_rows import FilteredRows
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent
from anchor_tui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.services.observe.inspect import ApplicationInspector

_COLUMNS = (
    ListColumn("LAST"),
    ListColumn("TIMES", is_optional=True),
    ListColumn("REASON"),
    ListColumn("RESOURCE", is_optional=True),
    ListColumn("MESSAGE", is_flexible=True),
)
MAX_NAME_LENGTH = 36
"""Characters of a resource's name in its column. The text below the rows contains all of them."""
_NO_EVENTS = "no events: the cluster keeps an event for an hour by default, so that an older failure leaves none"


class EventRows(FilteredRows):
    """The rows of events and the filter."""

    content: reactive[PaneContent] = reactive(PaneContent(_COLUMNS, (), LOADING), init=False)

    def watch_content(self) -> None:
        """Show the matching rows."""
        self.row_list.show_rows(self.filter_content(self.content), self.row_list.now)

    def watch_filter_text(self) -> None:
        """Show the matching rows."""
        self.watch_content()


class EventsPanel(InspectionPanel[EventReport]):
    """The events, newest first, and the whole text of the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("events")

    is_whole: reactive[bool] = reactive(False, init=False)
    """True for the events of the application instead of the selected resource."""
    _failure = ""

    def compose(self) -> ComposeResult:
        """Compose rows and text."""
        yield EventRows()
        yield DetailPanel()

    @property
    def scope(self) -> ResourceNode | None:
        """The resource that the events are about; None for the application."""
        return None if self.is_whole else self.selected

    @property
    def summary(self) -> str:
        """The resource that the events are about, and how many resources were examined."""
        name = str(self.scope.key) if self.scope else "the application"
        match self.reading:
            case Fresh(value=report) | Stale(last_good=report) if report.scope:
                return f"{name}: {report.scope}"
            case _:
                return name

    async def read(self, inspector: ApplicationInspector) -> Reading[EventReport]:
        """Read the events of the resource and of everything below it."""
        return await read_event_report(inspector, self.scope)

    def watch_selected(self, before: ResourceNode | None, after: ResourceNode | None) -> None:
        """Read the events of another resource. A newer state of the same resource changes nothing."""
        if (before.key if before else None) != (after.key if after else None) and not self.is_whole:
            self._read_other_scope()

    def watch_is_whole(self) -> None:
        """Read the events of the application, or of the resource again."""
        self._read_other_scope()

    def _read_other_scope(self) -> None:
        if not self.is_mounted:
            return
        self.reading = None
        self.query_one(EventRows).content = PaneContent(_COLUMNS, (), LOADING)
        if self._is_active:
            self.activate()

    def show_reading(self, reading: Reading[EventReport]) -> None:
        """Show the events, or why there are none."""
        empty_text, self._failure = _NO_EVENTS, ""
        events: tuple[ClusterEvent, ...] = ()
        match reading:
            case Fresh(value=report, problems=problems) | Stale(last_good=report, problems=problems):
                events = report.events
                if problems:
                    empty_text = "some events cannot be read, and there are no others"
                    self._failure = str(problems[0])
            case Unavailable(error=error):
                empty_text = "the events cannot be read"
                self._failure = error.message
        rows = tuple(_build_rows(events))
        self.query_one(EventRows).content = PaneContent(_COLUMNS, rows, empty_text)
        self._show_text()

    def watch_now(self, now: datetime | None) -> None:
        """Draw the ages."""
        if self.is_mounted and now is not None:
            self.query_one(RowList).now = now
            self._show_text()

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the whole text of the highlighted event."""
        message.stop()
        self._show_text()

    def _show_text(self) -> None:
        row = self.query_one(RowList).highlighted_row
        failure = marked_text(StatusMark.UNKNOWN, self._failure) if self._failure else Content("")
        self.query_one(DetailPanel).content = row.draw_detail(self.now) if row and self.now else failure

    def action_toggle_scope(self) -> None:
        """Show the events of the application, or of the selected resource again."""
        self.is_whole = not self.is_whole


def _build_rows(events: Sequence[ClusterEvent]) -> Iterator[ListRow]:
    """Yield one row per event. An event that occurs again keeps its key, so that the cursor stays on it."""
    seen: Counter[str] = Counter()
    for event in events:
        name = _name_resource(event)
        key = f"{event.resource_uid} {name} {event.reason} {event.first_at} {event.message}"
        seen[key] += 1
        yield ListRow(
            key=f"{key} {seen[key]}",
            draw_cells=partial(_draw_event, event),
            draw_detail=partial(_draw_text, event),
            search_text=f"{'warning' if event.is_warning else 'normal'} {event.reason} {name} {event.message}",
            clipboard_text=str(event.resource),
        )


def _name_resource(event: ClusterEvent) -> str:
    return f"{event.resource} ({event.container})" if event.container else str(event.resource)


def _shorten_name(name: str) -> str:
    """Return a name without its middle: its end differs between the pods of a workload."""
    if len(name) <= MAX_NAME_LENGTH:
        return name
    return f"{name[: MAX_NAME_LENGTH // 3]}…{name[-(MAX_NAME_LENGTH - MAX_NAME_LENGTH // 3 - 1) :]}"


def _draw_event(event: ClusterEvent, now: datetime) -> tuple[Content, ...]:
    reason = marked_text(StatusMark.ATTENTION, event.reason) if event.is_warning else safe_text(f"  {event.reason}")
    return (
        muted_text(f"{format_age(event.last_at, now)} ago"),
        safe_text(describe_repetition(event)),
        reason,
        muted_text(_shorten_name(_name_resource(event))),
        safe_text(get_first_line(event.message)),
    )


def _draw_text(event: ClusterEvent, now: datetime) -> Content:
    first = f"first {format_age(event.first_at, now)} ago" if event.count > 1 else ""
    facts = [_name_resource(event), describe_repetition(event), first, event.component]
    title = join_parts(safe_text(event.reason, "bold"), muted_text(" · ".join(fact for fact in facts if fact)))
    return Content("\n").join([title, safe_text(event.message)])
