"""Every difference between git and the clusters, in all environments."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from anchor_tui.domain.formatting import format_age, format_count
from anchor_tui.domain.inspection.differences import ResourceDifference
from anchor_tui.domain.model import AppId, Application, Snapshot
from anchor_tui.domain.readings import Fresh, get_failure
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.services.observe.estate_differences import (
    DifferencesReading,
    list_compared_applications,
    read_estate_differences,
)
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.inspection.difference_view import describe_unread, draw_change, draw_fields, list_text, show_text
from anchor_tui.tui.inspection.panel import InspectionRequests
from anchor_tui.tui.key_actions import KeyAction
from anchor_tui.tui.style import find_sheets, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.incident_badge import IncidentBadge
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.widgets.rows_and_text import RowsAndText
from anchor_tui.tui.workers import start_worker

_COLUMNS = (
    ListColumn("ENV"),
    ListColumn("APPLICATION", is_optional=True),
    ListColumn("CHANGE"),
    ListColumn("RESOURCE", is_flexible=True),
)
_IN_SYNC = "every application is in sync (w compares them all)"


class _EstateRow(NamedTuple):
    """A row and its text: a difference, or why an application could not be compared."""

    application: Application
    difference: ResourceDifference | None = None
    problem: str = ""


class EstateDiffScreen(FailureGuard, Screen[None]):
    """The applications that are out of sync and their resources that differ. It only reads.

    The comparisons are read when the screen opens, and again on request, a few at a time. What cannot be read is named
    in a row of its own.
    """

    CSS_PATH = find_sheets("inspection.tcss")
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = make_bindings("estate")

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    is_whole: reactive[bool] = reactive(False, init=False)
    """True for whole objects, equal resources and synced applications too."""

    def __init__(self, requests: InspectionRequests, key_actions: tuple[KeyAction, ...]) -> None:
        super().__init__()
        self._requests = requests
        self._key_actions = key_actions
        self._readings: dict[AppId, DifferencesReading] = {}
        self._pending: set[AppId] = set()
        self._has_begun = False
        self._read_at: datetime | None = None
        self._shown: dict[str, _EstateRow] = {}

    def compose(self) -> ComposeResult:
        """Compose title, rows, text and keys."""
        yield Static(classes="screen-title")
        yield RowsAndText()
        yield KeyFooter()
        yield IncidentBadge()

    def on_mount(self) -> None:
        """Read what is out of sync."""
        self.query_one(KeyFooter).actions = tuple(action for action in self._key_actions if action.in_footer)
        self.watch_snapshot()

    def watch_snapshot(self) -> None:
        """Read when the first snapshot is there. A later one changes rows only when they are read again."""
        if self.is_mounted and self.snapshot is not None and not self._has_begun:
            self.action_estate_read_again()

    @property
    def applications(self) -> tuple[Application, ...]:
        """The applications that are compared."""
        return list_compared_applications(self.snapshot, all_of_them=self.is_whole) if self.snapshot else ()

    # --- reading -------------------------------------------------------------------------------------

    def action_estate_read_again(self) -> None:
        """Read every comparison now."""
        self._read(self.applications)

    def _read(self, applications: Sequence[Application]) -> None:
        self._pending = {application.id for application in applications}
        self._has_begun = True
        self._show_rows()
        start_worker(self, partial(self._read_each, applications), group="differences", exclusive=True)

    async def _read_each(self, applications: Sequence[Application]) -> None:
        def request(application: Application) -> Future[DifferencesReading]:
            return self._requests.inspect(application, lambda inspector: inspector.read_differences())

        async with aclosing(read_estate_differences(applications, request)) as results:
            async for id_, reading in results:
                self._readings[id_] = reading
                self._pending.discard(id_)
                self._read_at = self.now
                self._show_rows()

    def watch_is_whole(self) -> None:
        """Compare the synced applications too; those that were read before are not read again."""
        missing = [application for application in self.applications if application.id not in self._readings]
        if missing:
            self._read(missing)
        else:
            self._show_rows()

    # --- rows ----------------------------------------------------------------------------------------

    def _list_rows(self) -> Iterator[_EstateRow]:
        for application in self.applications:
            reading = self._readings.get(application.id)
            if reading is None:
                continue
            if not isinstance(reading, Fresh):
                yield _EstateRow(application, None, describe_unread("not compared", get_failure(reading).message))
                continue
            shown = [one for one in reading.value if self.is_whole or one.kind != "equal"]
            for difference in shown:
                yield _EstateRow(application, difference)
            if not shown and application.sync != "Synced":
                status = f"Argo CD reports {application.sync or 'no sync status'}, but no resource differs"
                yield _EstateRow(application, None, status)

    def _show_rows(self) -> None:
        if not self.is_mounted:
            return
        environments = self._name_environments()
        self._shown, rows = {}, []
        for row in self._list_rows():
            built = _build_row(environments.get(row.application.id, ""), row)
            self._shown[built.key] = row
            rows.append(built)
        empty_text = "… comparing" if self._pending else _IN_SYNC if not self.applications else "nothing differs"
        self.query_one(RowsAndText).rows.content = PaneContent(_COLUMNS, tuple(rows), empty_text)
        self._show_title()
        self._show_text()

    def _name_environments(self) -> dict[AppId, str]:
        environments = self.snapshot.environments if self.snapshot else ()
        return {one.id: environment.name for environment in environments for one in environment.applications}

    def watch_now(self) -> None:
        """Draw the age of the comparison."""
        if self.is_mounted:
            self._show_title()

    def _show_title(self) -> None:
        self.query_one(Static).update(safe_text(self.title_text, "bold"))

    @property
    def title_text(self) -> str:
        """The numbers of applications that differ, are unreadable and are being read, and the age of the data."""
        readings = [self._readings[one.id] for one in self.applications if one.id in self._readings]
        fresh = [reading for reading in readings if isinstance(reading, Fresh)]
        differing = sum(any(one.kind != "equal" for one in reading.value) for reading in fresh)
        ignored = sum(len(one.ignored) for reading in fresh for one in reading.value)
        age = f"read {format_age(self._read_at, self.now)} ago" if self._read_at and self.now else ""
        differ = "differs" if len(readings) == 1 else "differ"
        parts = [
            "Differences",
            f"{differing} of {format_count(len(readings), 'application')} {differ}" if readings else "",
            f"{len(readings) - len(fresh)} not readable" if len(fresh) < len(readings) else "",
            format_count(ignored, "ignored difference") if ignored else "",
            f"{len(self._pending)} being read" if self._pending else age,
        ]
        return " · ".join(filter(None, parts))

    # --- text ----------------------------------------------------------------------------------------

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the difference of the highlighted row."""
        message.stop()
        self._show_text()

    @property
    def highlighted(self) -> _EstateRow | None:
        """The row under the cursor."""
        row = self.query_one(RowsAndText).highlighted_row
        return self._shown.get(row.key) if row else None

    def _show_text(self) -> None:
        start_worker(self, partial(self._write_text, self.highlighted), group="text", exclusive=True)

    async def _write_text(self, row: _EstateRow | None) -> None:
        lines: Sequence[str] = ()
        empty_text = row.problem if row is not None else ""
        if row is not None and row.difference is not None:
            name = f"{self._name_environments().get(row.application.id, '')} · {row.application.id}"
            text = await asyncio.to_thread(list_text, row.difference, whole=self.is_whole)
            lines = [f"#{name}", *text]
        show_text(self.query_one(RowsAndText).text, lines, safe_text(empty_text).plain)

    # --- keys ----------------------------------------------------------------------------------------

    @on(KeyFooter.Clicked)
    async def run_clicked_key(self, message: KeyFooter.Clicked) -> None:
        """Run the action of the key that was clicked."""
        await self.app.run_action(message.action.call, self)

    def action_estate_whole(self) -> None:
        """Show whole objects and synced applications too, or the changes only."""
        self.is_whole = not self.is_whole

    def action_estate_text(self) -> None:
        """Move to the text, or back to the rows."""
        self.query_one(RowsAndText).switch_focus()

    async def action_estate_filter(self) -> None:
        """Open the filter line."""
        await self.query_one(RowsAndText).rows.open_filter()

    def action_estate_copy(self) -> None:
        """Copy the difference of the highlighted row."""
        row = self.highlighted
        if row is None:
            self.notify("nothing is highlighted", title="Copy: not now", severity="warning")
            return
        text = row.problem or "\n".join(row.difference.list_lines(whole=self.is_whole) if row.difference else ())
        copy_text(self.app, text, str(row.application.id))

    async def action_estate_back(self) -> None:
        """End the filter; without one, return to the fleet."""
        rows = self.query_one(RowsAndText).rows
        if rows.is_filtering:
            self.set_focus(rows.row_list)
            await rows.clear_filter()
        else:
            self.dismiss()


def _build_row(environment: str, row: _EstateRow) -> ListRow:
    difference = row.difference
    name = safe_text(row.application.name)
    if difference is None:
        cells = (safe_text(environment), name, marked_text(StatusMark.UNKNOWN, "unknown"), muted_text(row.problem))
        return static_row(str(row.application.id), cells, Content(""))
    key = " ".join((*row.application.id, *difference.resource))
    cells = (safe_text(environment), name, draw_change(difference), safe_text(str(difference.resource)))
    return static_row(key, cells, draw_fields(difference), clipboard_text=str(difference.resource))
