"""The base of the screens whose keys apply to the highlighted row of a pane."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.reactive import reactive

from anchor_tui.domain.model import Environment
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.key_actions import APP_OWNERS, KeyAction
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.panes.applications import get_row_application
from anchor_tui.tui.screens.key_screen import KeyScreen
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.list_rows import ListRow
from anchor_tui.tui.widgets.pane_tabs import PaneTabs
from anchor_tui.tui.widgets.pane_view import PaneView
from anchor_tui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job


class RowScreen(KeyScreen):
    """Tabs with a pane of rows, and the details of the highlighted row. A subclass builds the panes."""

    AUTO_FOCUS = "#rows"

    now: reactive[datetime | None] = reactive(None, repaint=False)
    jobs: reactive[tuple[Job, ...]] = reactive((), repaint=False)
    environment: reactive[str] = reactive("", init=False)
    """Name of the environment that the rows belong to, or that is highlighted above them."""
    pane: reactive[str] = reactive("", init=False)

    def __init__(
        self,
        environment: str,
        pane: str,
        key_actions: tuple[KeyAction, ...],
        read_only_keys: Mapping[str, KeyAction] | None = None,
    ) -> None:
        super().__init__(read_only_keys)
        self.key_actions = key_actions
        self.set_reactive(RowScreen.environment, environment)
        self.set_reactive(RowScreen.pane, pane)

    # --- what a subclass shows -----------------------------------------------------------------------

    @property
    def pane_names(self) -> tuple[str, ...]:
        """The panes, in the order of their tabs."""
        raise NotImplementedError

    def show_rows(self) -> None:
        """Show the rows of the pane, if there is data."""
        raise NotImplementedError

    def show_details(self) -> None:
        """Show the details of the highlighted row."""
        raise NotImplementedError

    # --- highlighted row and available keys ----------------------------------------------------------

    @property
    def present_environment(self) -> Environment | None:
        """The environment as it is now; None if it is not configured any more."""
        return self.snapshot.find_environment(self.environment) if self.snapshot else None

    @property
    def active_list(self) -> RowList:
        """The list with the cursor."""
        return self.query_one("#rows", RowList)

    @property
    def highlighted_row(self) -> ListRow | None:
        """The row that the keys apply to."""
        return self.active_list.highlighted_row

    @property
    def row_details(self) -> Content:
        """The details of the highlighted row."""
        row = self.highlighted_row
        return row.detail_at(self.now) if row is not None and self.now is not None else Content("")

    @property
    def command_subject(self) -> object:
        """The value of the highlighted row, which the shell commands are about."""
        row = self.highlighted_row
        return row.subject if row is not None else None

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        row = self.highlighted_row
        match action_id:
            case "browser" if row is None or not row.url:
                return "it has no web address"
            case "open" | "copy" if row is None:
                return "nothing is highlighted"
            case "copy" if row is not None and not row.clipboard_text:
                return "it has no name or address"
            case _:
                return super().explain_unavailable(action_id)

    async def run_key_action(self, action: KeyAction) -> None:
        """Run a registered action as if its key was pressed."""
        owners = {**dict.fromkeys(APP_OWNERS, self.app), "list": self.active_list}
        await self.app.run_action(action.call, owners.get(action.owner, self))

    # --- data changes and messages from the widgets --------------------------------------------------

    def watch_jobs(self) -> None:
        """Show the progress of actions."""
        self.show_rows()

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the details of the highlighted row."""
        message.stop()
        self.show_details()
        self.show_footer()

    @on(PaneTabs.Clicked)
    def show_clicked_pane(self, message: PaneTabs.Clicked) -> None:
        """Show the pane whose tab was clicked."""
        self.pane = message.pane

    # --- keys ----------------------------------------------------------------------------------------

    def action_move_pane(self, step: int) -> None:
        """Move to another pane; after the last pane comes the first."""
        names = self.pane_names
        self.pane = names[(names.index(self.pane) + step) % len(names)]

    async def action_filter(self) -> None:
        """Open the filter line."""
        await self.query_one(PaneView).open_filter()

    async def clear_filter(self) -> None:
        """Show every row again."""
        self.set_focus(self.active_list)
        await self.query_one(PaneView).clear_filter()

    def action_browser(self) -> None:
        """Open the address of the highlighted row."""
        row = self.highlighted_row
        if self.can_act("browser") and row is not None:
            open_web_address(self.app, row.url)

    def action_copy(self) -> None:
        """Copy the name, place, version or address of the highlighted row."""
        row = self.highlighted_row
        if self.can_act("copy") and row is not None:
            copy_text(self.app, row.clipboard_text)

    def action_commands(self) -> None:
        """List the shell commands about the highlighted row, or about the environment."""
        self.live_app.open_commands(self.command_subject, self.environment)

    def open_row(self, row: ListRow) -> None:
        """Open the application or pull request of a row, or show another row in full."""
        found = get_row_application(self.snapshot, row) if self.snapshot else None
        if found is not None and found[1].presence == "found":
            environment, application = found
            self.live_app.open_application(environment.name, application)
        elif row.pull_request is not None:
            self.live_app.open_pull_request(row.pull_request)
        else:
            self.show_whole_row(row)

    def show_whole_row(self, row: ListRow) -> None:
        """Show the details of a row in full."""
        from anchor_tui.tui.screens.detail import DetailScreen

        row_list = self.active_list
        screen = DetailScreen(row, lambda: row_list.find_row(row.key))
        self.app.push_screen(screen.data_bind(LiveApp.now))
