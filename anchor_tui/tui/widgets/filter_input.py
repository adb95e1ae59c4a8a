"""The filter line above the rows of a pane."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from anchor_tui.tui.widgets.line_field import LineField
from anchor_tui.tui.widgets.row_list import RowList


class FilterInput(LineField):
    """A text field. Its cursor keys move the cursor of the list that had the focus before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move_cursor(1)", "Next row", id="next-row", show=False),
        Binding("up", "move_cursor(-1)", "Previous row", id="previous-row", show=False),
        Binding("pagedown", "move_page(1)", "Next page", id="next-page", show=False),
        Binding("pageup", "move_page(-1)", "Previous page", id="previous-page", show=False),
    ]

    def __init__(self, filter_text: str, active_list: RowList) -> None:
        super().__init__(filter_text, id="filter", placeholder="filter")
        self.active_list = active_list

    def action_move_cursor(self, step: int) -> None:
        """Move the cursor of the list."""
        self.active_list.action_move_cursor(step)

    def action_move_page(self, step: int) -> None:
        """Move the cursor of the list by pages."""
        self.active_list.action_move_page(step)
