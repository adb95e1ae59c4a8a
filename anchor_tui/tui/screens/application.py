"""The application screen: why one application is as it is, in panes about its resources, events, logs and history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize, ScreenResume, ScreenSuspend
from textual.reactive import reactive

from anchor_tui.domain.inspection.culprit import LOG_KINDS
from anchor_tui.domain.inspection.resource_tree import ResourceNode
from anchor_tui.domain.model import Application, Environment, Snapshot
from anchor_tui.domain.readings import Stale
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.inspection.compared_commit import ComparedCommitReader
from anchor_tui.tui.inspection.panel import InspectionPanel
from anchor_tui.tui.inspection.panels import InspectionPanels
from anchor_tui.tui.inspection.registry import LOGS, PANELS, RESOURCES
from anchor_tui.tui.inspection.resources import ResourcesPanel
from anchor_tui.tui.key_actions import APP_OWNERS, KeyAction
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.screens.key_screen import KeyScreen
from anchor_tui.tui.style import find_sheets
from anchor_tui.tui.targets import get_release_pull_request
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.application_title import TALL_MIN_HEIGHT, ApplicationTitle
from anchor_tui.tui.widgets.bars import SourceBar
from anchor_tui.tui.widgets.filtered_rows import FilteredRows
from anchor_tui.tui.widgets.incident_badge import IncidentBadge
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.pane_tabs import PaneTab, PaneTabs
from anchor_tui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.deployments import RevisionMetadata

_COVERED_IN_LOGS = frozenset({"incident"})
"""Actions of the screen whose keys are those of another action while the Logs pane is visible."""
_COMMON_OWNERS = APP_OWNERS | {"list", "screen", "operator", "application", "resource"}


class ApplicationScreen(KeyScreen):
    """The title, the tabs and one pane of one application. It has the keys that only read.

    A panel is mounted when its pane is shown first. It reads while it is visible, and its requests are cancelled when
    it is hidden or the screen is left. `selected` is the resource under the cursor of the tree; all panes follow it.
    """

    CSS_PATH = find_sheets("application.tcss", "inspection.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        *make_bindings("screen", "application"),
        # The key that quits the program leaves this screen first, also if it is configured.
        Binding("q", "leave", "Back", id="quit", show=False),
    ]

    now: reactive[datetime | None] = reactive(None, repaint=False)
    selected: reactive[ResourceNode | None] = reactive(None, init=False)
    pane: reactive[str] = reactive("", init=False)

    def __init__(
        self,
        environment_name: str,
        application: Application,
        key_actions: tuple[KeyAction, ...],
        read_only_keys: Mapping[str, KeyAction] | None = None,
    ) -> None:
        super().__init__(read_only_keys)
        self.environment_name = environment_name
        self.application = application
        self.key_actions = tuple(
            replace(action, title="Back", tooltip="Close the application") if action.id == "quit" else action
            for action in key_actions
        )
        self._first_pane = RESOURCES
        self._panels = InspectionPanels()
        self._revision = ComparedCommitReader(self, self._show_revision)

    def open_at(self, pane: str, resource: str) -> None:
        """Choose the first pane, and the resource (by its name) that is selected in the tree. Both may be empty."""
        self._first_pane, self._panels.wanted_resource = pane or RESOURCES, resource

    def compose(self) -> ComposeResult:
        """Compose title, tabs and the place of the panels."""
        yield ApplicationTitle()
        yield SourceBar().data_bind(ApplicationScreen.snapshot, ApplicationScreen.now)
        yield PaneTabs()
        yield self._panels
        yield KeyFooter()
        yield IncidentBadge()

    async def on_mount(self) -> None:
        """Show the resources: the other panes are about the one that is selected there."""
        self.watch_snapshot(self.snapshot)
        await self.show_pane(RESOURCES)

    def on_unmount(self) -> None:
        """Cancel the requests in flight."""
        self._stop_reading()

    @on(Resize)
    def choose_layout(self, event: Resize) -> None:
        """Leave out the sources in a low terminal. The panes show the age of their data."""
        self.query_one(SourceBar).display = event.size.height >= TALL_MIN_HEIGHT

    @property
    def panel(self) -> InspectionPanel[Any] | None:
        """The visible panel."""
        return self._panels.get(self.pane)

    @property
    def environment(self) -> Environment | None:
        """The environment as it is now."""
        return self.snapshot.find_environment(self.environment_name) if self.snapshot else None

    # --- panes ---------------------------------------------------------------------------------------

    async def show_pane(self, name: str) -> None:
        """Show a pane, and hide the one before. Its panel is mounted when it is shown first."""
        if name == self.pane:
            return
        self._panels.hide(self.pane)
        self.pane = name
        panel = await self._panels.show(name, self.application, self.live_app, self.now, self.selected)
        focusable = (widget for widget in (panel, *panel.query("*")) if widget.focusable)
        self.set_focus(next(focusable, None))
        self._show_tabs()

    @property
    def workload_names(self) -> tuple[str, ...]:
        """The resources that have pods, and the pods, as `Kind/name`."""
        tree = resources.resource_tree if (resources := self._panels.resources) is not None else None
        return tuple(str(node.key) for node in tree.nodes if node.key.kind in LOG_KINDS) if tree else ()

    async def show_resource(self, pane: str, name: str) -> None:
        """Select a resource by its name, and show a pane about it."""
        if (resources := self._panels.resources) is not None:
            resources.reveal(name)
            self.selected = resources.selected_node
        await self.show_pane(pane)

    @on(ResourcesPanel.Selected)
    async def follow_selection(self, message: ResourcesPanel.Selected) -> None:
        """Keep the selected resource for all panes; show the pane that was asked for when the tree is read."""
        message.stop()
        self.selected = message.node
        self._show_tabs()
        if self._first_pane != RESOURCES:
            first, self._first_pane = self._first_pane, RESOURCES
            await self.show_pane(first)

    @on(InspectionPanel.ReadingArrived)
    def show_reading_age(self, message: InspectionPanel.ReadingArrived) -> None:
        """Show the age of what a panel has just read."""
        message.stop()
        self._show_tabs()

    @on(InspectionPanel.RowOpened)
    def show_row(self, message: InspectionPanel.RowOpened) -> None:
        """Show the details of a row of a pane."""
        from anchor_tui.tui.screens.detail import DetailScreen

        self.app.push_screen(DetailScreen(message.row, lambda: message.row).data_bind(LiveApp.now))

    @on(PaneTabs.Clicked)
    async def show_clicked_pane(self, message: PaneTabs.Clicked) -> None:
        """Show the pane whose tab was clicked."""
        await self.show_pane(message.pane.partition(" ")[2])

    @on(ScreenSuspend)
    def pause_reading(self) -> None:
        """Stop to read when another screen hides this one. Behind a dialog the panes stay current."""
        if not self.app.screen.is_modal:
            self._stop_reading()

    @on(ScreenResume)
    def resume_reading(self) -> None:
        """Read the visible pane again."""
        if self.panel is not None and self.panel.is_mounted:
            self.panel.activate()

    def _stop_reading(self) -> None:
        self._panels.deactivate()
        self._revision.cancel()

    # --- data changes --------------------------------------------------------------------------------

    def watch_snapshot(self, snapshot: Snapshot | None) -> None:
        """Show the present state of the application in the title. If it is not listed any more, its last one stays."""
        environment = self.environment
        if not self.is_mounted or snapshot is None or environment is None:
            return
        found = (application for application in environment.applications if application.id == self.application.id)
        self.application = next(found, self.application)
        self._panels.set_application(self.application)
        source = snapshot.find_source(environment.source)
        title = self.query_one(ApplicationTitle)
        title.environment, title.application = environment, self.application
        title.is_stale = source is not None and source.state in {"stale", "missing"}
        self._revision.read(self.application, self.live_app)
        self.show_footer()

    def watch_now(self, now: datetime | None) -> None:
        """Draw the ages."""
        if not self.is_mounted:
            return
        self.query_one(ApplicationTitle).now = now
        if (panel := self.panel) is not None and panel.is_mounted:
            panel.now = now
        self._show_tabs()

    def watch_selected(self, selected: ResourceNode | None) -> None:
        """Pass the selected resource to the panels."""
        self._panels.select(selected)
        self.show_footer()

    def _show_revision(self, revision: RevisionMetadata | None) -> None:
        self.query_one(ApplicationTitle).revision = revision

    # --- tabs and keys -------------------------------------------------------------------------------

    def _show_tabs(self) -> None:
        names = [f"{number} {name}" for number, name in enumerate(PANELS, 1)]
        tabs = self.query_one(PaneTabs)
        tabs.panes = tuple(map(PaneTab, names))
        tabs.active = next((name for name in names if name.partition(" ")[2] == self.pane), "")
        tabs.note = self.panel.describe(self.now) if self.panel is not None else ""
        if self.panel is not None:
            self.panel.set_class(isinstance(self.panel.reading, Stale), "-stale")
        self.show_footer()

    def has_key(self, action: KeyAction) -> bool:
        """Return True if an action belongs to the screen or to the visible panel."""
        if action.id in _COVERED_IN_LOGS and self.pane == LOGS:
            return False
        return action.owner in _COMMON_OWNERS or action.id in self._pane_action_ids

    @property
    def _pane_action_ids(self) -> set[str | None]:
        """The actions of the visible panel. It can have one of the screen's too, as the Logs pane has its filter."""
        bindings = self.panel.BINDINGS if self.panel is not None else []
        return {binding.id for binding in bindings if isinstance(binding, Binding)}

    @property
    def pull_request(self) -> int | None:
        """The pull request of the highlighted deployment; in the other panes the one in the title."""
        if isinstance(self.panel, InspectionPanel) and self.panel.has_own_pull_requests:
            return self.panel.pull_request
        return get_release_pull_request(self.environment)

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        match action_id:
            case "browser" if not self.application.url:
                return "it has no web address"
            case "copy" if not self._clipboard_text:
                return "nothing is selected"
            case "filter" if self._filtered_rows is None and "filter" not in self._pane_action_ids:
                return "this pane cannot be filtered"
            case _:
                return super().explain_unavailable(action_id)

    async def run_key_action(self, action: KeyAction) -> None:
        """Run a registered action as if its key was pressed."""
        if action.id == "quit":
            self.action_leave()
            return
        row_list = self.panel.query(RowList) if self.panel else None
        owner = self.app if action.owner in APP_OWNERS else self.panel if action.id in self._pane_action_ids else self
        await self.app.run_action(action.call, row_list.first() if action.owner == "list" and row_list else owner)

    @property
    def _filtered_rows(self) -> FilteredRows | None:
        found = self.panel.query(FilteredRows) if self.panel is not None else None
        return found.first() if found else None

    @property
    def _clipboard_text(self) -> str:
        """The resource under the cursor of the visible pane, or the selected one, as `Kind/name`."""
        row = rows.row_list.highlighted_row if (rows := self._filtered_rows) is not None else None
        return (row.clipboard_text if row else "") or (str(self.selected.key) if self.selected else "")

    async def action_choose_pane(self, number: int) -> None:
        """Show a pane by its number, counted from 1."""
        names = tuple(PANELS)
        if number <= len(names):
            await self.show_pane(names[number - 1])

    async def action_move_pane(self, step: int) -> None:
        """Move to another pane; after the last pane comes the first."""
        names = tuple(PANELS)
        await self.show_pane(names[(names.index(self.pane) + step) % len(names)])

    async def action_filter(self) -> None:
        """Open the filter line."""
        if self.can_act("filter") and (rows := self._filtered_rows) is not None:
            await rows.open_filter()

    def action_browser(self) -> None:
        """Open the application in Argo CD."""
        if self.can_act("browser"):
            open_web_address(self.app, self.application.url)

    def action_commands(self) -> None:
        """List the shell commands about the selected resource, or about the application."""
        subject = (self.application, self.selected) if self.selected is not None else self.application
        self.live_app.open_commands(subject, self.environment_name)

    def action_copy(self) -> None:
        """Copy the selected resource as `Kind/name`."""
        if self.can_act("copy"):
            copy_text(self.app, self._clipboard_text)

    async def action_back(self) -> None:
        """End the filter; without one, leave the screen."""
        rows = self._filtered_rows
        if rows is not None and rows.is_filtering:
            self.set_focus(rows.row_list)
            await rows.clear_filter()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Return to the fleet."""
        self._stop_reading()
        self.dismiss()
