"""Which resources a sync is limited to: none marked means all of them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from anchor_tui.tui.style import find_styles_folder, muted_text, safe_text


class ResourceChooser(ModalScreen[tuple[str, ...] | None]):
    """A list to mark; enter takes it, esc leaves everything as it was."""

    CSS_PATH = str(find_styles_folder() / "plan.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", priority=True),
        Binding("enter", "take", "Take", priority=True),
    ]

    def __init__(self, names: tuple[str, ...], marked: tuple[str, ...]) -> None:
        super().__init__()
        self._names, self._selected = names, frozenset(marked)

    def compose(self) -> ComposeResult:
        """What differs, each to be marked by space."""
        with Vertical(id="resources") as frame:
            frame.border_title = "Sync only these"
            yield SelectionList[str](
                *(Selection(safe_text(name), name, name in self._selected) for name in self._names)
            )
            yield Static(muted_text("space marks · enter takes it · none marked is all · esc leaves it as it was"))

    def action_take(self) -> None:
        """The marked ones, in the order in which they stand."""
        chosen = set(self.query_one(SelectionList).selected)
        self.dismiss(tuple(name for name in self._names if name in chosen))

    def action_leave(self) -> None:
        """As it was."""
        self.dismiss(None)
