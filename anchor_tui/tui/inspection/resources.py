"""The resources pane: the tree as Argo CD nests it, and the details of the resource under the cursor."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.message import Message

from anchor_tui.domain.formatting import format_age, format_count
from anchor_tui.domain.inspection.culprit import find_culprit, find_resource
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.inspection.tree_lines import (
    TreeLine,
    TreeOrder,
    expand_to,
    filter_tree,
    flatten_tree,
    get_group_id,
    get_node_id,
)
from anchor_tui.domain.model import Application, Diagnosis, Fresh, Reading, Release, Stale, Unavailable
from anchor_tui.domain.status_marks import StatusMark, get_sync_mark
from anchor_tui.services.observe.inspect import InspectedTree
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.environment_summary import LOADING
from anchor_tui.tui.inspection.panel import InspectionPanel, InspectionRequests
from anchor_tui.tui.inspection.resource_details import ResourceDetails, ResourceSubject, draw_health
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.filtered_rows import FilteredRows
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, PaneContent, RowList

if TYPE_CHECKING:
    from anchor_tui.services.observe.inspect import ApplicationInspector

BESIDE_MIN_WIDTH = 100
"""The width from which the details are beside the tree."""
MAX_INDENT_DEPTH = 12
MESSAGE_MIN_WIDTH = 120
"""The width of the tree from which it has a column for messages. The details contain them in any case."""
_COLUMNS = (
    ListColumn("RESOURCE", is_flexible=True),
    ListColumn("HEALTH"),
    ListColumn("SYNC"),
    ListColumn("AGE"),
)
_MESSAGE_COLUMN = ListColumn("MESSAGE", is_flexible=True)
_NO_RESOURCES = "the application has no resources: nothing was synced yet, or its path in git contains no manifest"


class TreeRows(FilteredRows):
    """The lines of the tree. Keeps what the operator expanded, collapsed and filtered while the tree changes."""

    def __init__(self) -> None:
        super().__init__()
        self.order = TreeOrder(ResourceTree())
        self.lines: dict[str, TreeLine] = {}
        """The visible lines by their id."""
        self._expansion: dict[str, bool] = {}
        self._empty_text = LOADING

    @property
    def line(self) -> TreeLine | None:
        """The line under the cursor."""
        return self.lines.get(self.row_list.cursor or "")

    def show_tree(self, order: TreeOrder, empty_text: str) -> None:
        """Show a newer tree. The cursor stays on its resource."""
        self.order, self._empty_text = order, empty_text
        self.show_lines()

    def show_lines(self) -> None:
        """Show the lines that are visible now."""
        filtered = filter_tree(self.order, self.filter_text) if self.filter_text else None
        lines = flatten_tree(self.order, self._expansion) if filtered is None else filtered
        empty_text = self._empty_text if filtered is None else f"no match for “{self.filter_text}”"
        self.lines = {line.id: line for line in lines}
        rows = tuple(
            ListRow(line.id, partial(_draw_line, line, self.order), _draw_nothing, clipboard_text=str(line.node.key))
            for line in self.lines.values()
        )
        columns = (*_COLUMNS, _MESSAGE_COLUMN) if self.size.width >= MESSAGE_MIN_WIDTH else _COLUMNS
        self.row_list.show_rows(PaneContent(columns, rows, empty_text), self.row_list.now)

    @on(Resize)
    def choose_columns(self) -> None:
        """Show the messages if there is room for them."""
        if bool(self.size.width >= MESSAGE_MIN_WIDTH) != (_MESSAGE_COLUMN in self.row_list.columns):
            self.show_lines()

    def watch_filter_text(self) -> None:
        """Show the matching resources with their owners."""
        self.show_lines()

    def set_expanded(self, line: TreeLine, *, is_expanded: bool) -> None:
        """Expand or collapse a line."""
        if line.is_expandable and not self.filter_text:
            self._expansion[line.id] = is_expanded
            self.show_lines()

    def reveal(self, node: ResourceNode) -> None:
        """Move the cursor to a resource, and expand what hides it."""
        if get_node_id(node) not in self.lines:
            self._expansion |= expand_to(self.order, node)
            self.show_lines()
        self.row_list.cursor = get_node_id(node)

    def move_to_owner(self, line: TreeLine) -> None:
        """Move the cursor to the line above a line in the tree."""
        own = get_node_id(line.node)
        if line.group:
            self.row_list.cursor = own
            return
        owner = self.order.owners.get(own)
        group = get_group_id(owner or "", line.node.key.kind)
        if owner is not None:
            is_in_group = self.order.is_quiet(line.node) and group in self.lines
            self.row_list.cursor = group if is_in_group else owner


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
        match self.reading:
            case Fresh(value=value) | Stale(last_good=value):
                return value.tree
            case _:
                return None

    @property
    def selected_node(self) -> ResourceNode | None:
        """The resource under the cursor."""
        return line.node if (line := self.rows.line) is not None else None

    async def read(self, inspector: ApplicationInspector) -> Reading[InspectedTree]:
        """Read the tree."""
        return await inspector.read_tree()

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
        self.rows.show_tree(TreeOrder(tree), _NO_RESOURCES)
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
            self.notify(f"{name}: not among the resources", severity="warning", timeout=5, markup=False)
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


def _draw_line(line: TreeLine, order: TreeOrder, now: datetime) -> tuple[Content, ...]:
    indent = "  " * min(line.depth, MAX_INDENT_DEPTH)
    sign = ("▾ " if line.is_expanded else "▸ ") if line.is_expandable else "  "
    if line.group:
        return (muted_text(f"{indent}{sign}{line.group}"), Content(""), Content(""), Content(""), Content(""))
    node = line.node
    name = safe_text(f"{indent}{sign}") + muted_text(f"{node.key.kind}/") + safe_text(node.key.name)
    if node.is_orphan:
        name = join_parts(name, marked_text(StatusMark.ATTENTION, "orphan"))
    if line.is_expandable and not line.is_expanded:
        name = join_parts(name, muted_text(order.summarize_below(node)))
    sync_mark, sync = get_sync_mark(Application("", "", "", sync=node.sync))
    return (
        name,
        draw_health(node),
        marked_text(sync_mark, "" if sync_mark is StatusMark.OK else sync) if node.sync else Content(""),
        muted_text(format_age(node.created_at, now) if node.created_at else ""),
        _draw_message(node),
    )


def _draw_message(node: ResourceNode) -> Content:
    """Return the message of an unhealthy resource; of a pod also how many containers are ready."""
    if not node.is_unhealthy:
        return Content("")
    facts = [
        f"{node.ready} ready" if node.ready else "",
        format_count(node.restarts, "restart") if node.restarts else "",
    ]
    return join_parts(safe_text(", ".join(filter(None, facts))), safe_text(node.message))


def _draw_nothing(now: datetime) -> Content:  # noqa: ARG001 - the details are a widget of their own
    return Content("")
