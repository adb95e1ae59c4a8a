"""The lines of the resource tree as rows of a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from textual import on
from textual.content import Content
from textual.events import Resize

from anchor_tui.domain.formatting import format_age, format_count
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
from anchor_tui.domain.model import Application
from anchor_tui.domain.status_marks import StatusMark, get_sync_mark
from anchor_tui.tui.inspection.resource_details import draw_health
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.filtered_rows import FilteredRows
from anchor_tui.tui.widgets.list_rows import LazyRows, ListColumn, ListRow, PaneContent

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
        rows = LazyRows(tuple(self.lines), partial(_make_row, tuple(self.lines.values()), self.order))
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


def _make_row(lines: Sequence[TreeLine], order: TreeOrder, place: int) -> ListRow:
    line = lines[place]
    return ListRow(line.id, partial(_draw_line, line, order), _draw_nothing, clipboard_text=str(line.node.key))


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
