"""The resources pane: the tree as Argo CD nests it, and the details of the resource under the cursor."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Click, Resize
from textual.message import Message

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.culprit import find_culprit, find_resource
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.inspection.tree_lines import (
    TreeOrder,
)
from anchor_tui.domain.model import Application, Diagnosis, Release
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.services.observe.inspect import InspectedTree
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.inspection.panel import InspectionPanel, InspectionRequests
from anchor_tui.tui.inspection.resource_details import ResourceDetails, ResourceSubject
from anchor_tui.tui.inspection.tree_rows import TreeRows
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.services.observe.inspect import ApplicationInspector

BESIDE_MIN_WIDTH = 100
"""The width from which the details are beside the tree."""
_NO_RESOURCES = "the application has no resources: nothing was synced yet, or its path in git contains no manifest"


class ResourcesPanel(InspectionPanel[InspectedTree]):
    """The tree with the details of the selected resource. When it is opened, the culprit is selected."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("resources")

    class Selected(Message):
        """The cursor moved to another resource, or the tree contains a newer state of it."""

        def __init__(self, node: ResourceNode | None) -> None:
            super().__init__()
            self.node = node

    def __init__(self, application: Application, requests: InspectionRequests) -> None:
        super().__init__(application, requests)
        self.wanted = ""
        """The name of the resource that is selected when the tree is read first; empty for the culprit."""
        self._is_revealed = False
        self._order = TreeOrder(ResourceTree())
        self._shown_id: str | None = None

    def compose(self) -> ComposeResult:
        """Compose tree and details."""
        yield TreeRows()
        yield ResourceDetails(self.application, self.requests)

    @property
    def rows(self) -> TreeRows:
        """The lines of the tree."""
        return self.query_one(TreeRows)

    @property
    def resource_tree(self) -> ResourceTree | None:
        """The latest tree; None if none was read."""
        found = self.last_value
        return found.tree if found is not None else None

    @property
    def selected_node(self) -> ResourceNode | None:
        """The resource under the cursor."""
        return line.node if (line := self.rows.line) is not None else None

    class TreeArrived(Message):
        """The background thread has read the tree again."""

        def __init__(self, reading: Reading[InspectedTree], order: TreeOrder | None) -> None:
            super().__init__()
            self.reading = reading
            self.order = order

    async def read(self, inspector: ApplicationInspector) -> Reading[InspectedTree]:
        """Read the tree."""
        return await inspector.read_tree()

    def activate(self) -> None:
        """Follow the tree by its stream. While the stream is not alive, the tree is polled."""
        start_worker(self, self._follow_tree, group="inspection", exclusive=True)

    async def _follow_tree(self) -> None:
        async def follow(inspector: ApplicationInspector) -> None:
            async with aclosing(inspector.follow_tree()) as readings:
                async for reading in readings:
                    tree = reading.value.tree if isinstance(reading, Fresh) else None
                    # On another thread: a tree of 10,000 resources takes longer than a frame.
                    order = await asyncio.to_thread(TreeOrder, tree) if tree is not None else None
                    self.post_message(self.TreeArrived(reading, order))

        following = self.requests.inspect(self.application, follow)
        try:
            await asyncio.wrap_future(following)
        finally:
            following.cancel()

    @on(TreeArrived)
    def take_tree(self, message: TreeArrived) -> None:
        """Show the tree."""
        message.stop()
        if self.is_attached:
            self._order = message.order or self._order
            self._apply(message.reading)

    def deactivate(self) -> None:
        """Stop to read, the details too."""
        super().deactivate()
        for details in self.query(ResourceDetails):  # there are none left when the screen is closed
            details.stop_reading()

    def show_reading(self, reading: Reading[InspectedTree]) -> None:
        """Show a tree, or why there is none."""
        tree = self.resource_tree
        if tree is None:
            self.post_message(self.Selected(None))
            message = reading.error.message if isinstance(reading, Unavailable) else LOADING
            self.rows.show_tree(TreeOrder(ResourceTree()), "the resources cannot be read")
            self.query_one(ResourceDetails).show_failure(message)
            return
        self.rows.show_tree(self._order if self._order.tree is tree else TreeOrder(tree), _NO_RESOURCES)
        if not self._is_revealed:
            self._is_revealed = True
            self.reveal(self.wanted)
        else:
            self._show_selected()

    def reveal(self, name: str) -> None:
        """Select the resource of a name, or the culprit if there is none. Before the first reading, remember it."""
        self.wanted = name
        tree = self.resource_tree
        if tree is None:
            return
        node = (_find_by_part(tree, name) if name else None) or find_culprit(tree)
        if name and _find_by_part(tree, name) is None:
            self.notify(f"{name}: not among the resources", severity="warning", timeout=5)
        if node is not None:
            self.rows.reveal(node)
        self._show_selected()

    @property
    def summary(self) -> str:
        """The number of resources, and of those that are not healthy."""
        nodes = self.resource_tree.nodes if self.resource_tree else ()
        unhealthy = sum(node.is_unhealthy for node in nodes)
        text = format_count(len(nodes), "resource")
        return f"{text}, {unhealthy} not healthy" if unhealthy else text

    def watch_now(self, now: datetime | None) -> None:
        """Draw the ages."""
        if self.is_mounted and now is not None:
            self.rows.row_list.now = now
            self.query_one(ResourceDetails).now = now

    @on(Resize)
    def choose_layout(self, event: Resize) -> None:
        """Show the details beside the tree, or below it in a narrow terminal."""
        self.set_class(event.size.width >= BESIDE_MIN_WIDTH, "-beside")

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the details of the resource under the cursor. A newer state of the same one follows each reading."""
        message.stop()
        if message.row is not None and message.row.key != self._shown_id:
            self._show_selected()

    @on(Click)
    def fold_clicked_line(self, event: Click) -> None:
        """Expand or collapse a line that is clicked twice."""
        if event.chain == 2 and isinstance(event.widget, RowList):
            self.action_fold()

    def _show_selected(self) -> None:
        tree, line = self.resource_tree, self.rows.line
        node = line.node if line else None
        self._shown_id = line.id if line else None
        if self._is_revealed:
            self.post_message(self.Selected(node))
        details = self.query_one(ResourceDetails)
        if tree is None:
            return
        if node is None:
            details.show_subject(None)
            return
        owners = tree.list_owners(node)
        details.show_subject(ResourceSubject(node, owners, self._find_diagnosis(node, owners), self._find_release()))

    def _find_diagnosis(self, node: ResourceNode, owners: tuple[ResourceNode, ...]) -> Diagnosis | None:
        """Return the diagnosis if it is about this resource or one of its owners, and the resource is not healthy."""
        diagnosis = self.application.diagnosis
        if diagnosis is None or not (node.is_unhealthy or not owners):
            return None
        return diagnosis if diagnosis.resource in {str(found.key) for found in (node, *owners)} else None

    def _find_release(self) -> Release | None:
        snapshot = self.app.snapshot if isinstance(self.app, LiveApp) else None
        for environment in snapshot.environments if snapshot else ():
            if any(application.id == self.application.id for application in environment.applications):
                return environment.release
        return None

    # --- keys ----------------------------------------------------------------------------------------

    def action_fold(self) -> None:
        """Expand or collapse the line under the cursor."""
        if (line := self.rows.line) is not None:
            self.rows.set_expanded(line, is_expanded=not line.is_expanded)

    def action_expand(self) -> None:
        """Expand the line under the cursor; move to its first child if it is expanded."""
        if (line := self.rows.line) is None:
            return
        if line.is_expanded:
            self.rows.row_list.action_move_cursor(1)
        else:
            self.rows.set_expanded(line, is_expanded=True)

    def action_collapse(self) -> None:
        """Collapse the line under the cursor; move to its owner if it is collapsed."""
        if (line := self.rows.line) is None:
            return
        if line.is_expanded and not self.rows.filter_text:
            self.rows.set_expanded(line, is_expanded=False)
        else:
            self.rows.move_to_owner(line)

    def action_scroll_details(self, step: int) -> None:
        """Scroll the details by half of their height."""
        details = self.query_one(ResourceDetails)
        details.scroll_relative(y=step * max(1, details.size.height // 2), animate=False)


def _find_by_part(tree: ResourceTree, name: str) -> ResourceNode | None:
    """Return the resource of a name, or one whose name contains it; workloads and unhealthy ones come first."""
    if (found := find_resource(tree, name)) is not None:
        return found
    candidates = [node for node in tree.nodes if name.lower() in node.key.name.lower()]
    return min(candidates, key=lambda node: (len(tree.list_owners(node)), not node.is_unhealthy), default=None)
