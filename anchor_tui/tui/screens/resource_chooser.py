"""Chooser for the resources that a sync is limited to."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from anchor_tui.tui.style import find_sheets, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard


class ResourceChooser(FailureGuard, ModalScreen[tuple[str, ...] | None]):
    """A list of resources. The result are the selected ones, none for all, or None if the operator cancels."""

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", priority=True),
        Binding("enter", "apply", "Apply", priority=True),
    ]

    def __init__(self, names: tuple[str, ...], selected: tuple[str, ...]) -> None:
        super().__init__()
        self._names, self._selected = names, frozenset(selected)

    def compose(self) -> ComposeResult:
        """Compose the list of resources that differ."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Sync only these"
            yield SelectionList[str](
                *(Selection(safe_text(name), name, name in self._selected) for name in self._names),
                classes="scrolling",
            )
            yield Static(muted_text("space select · enter Apply · esc Cancel · no selection syncs all"))

    def action_apply(self) -> None:
        """Return the selected resources in the order of the list."""
        selected = set(self.query_one(SelectionList).selected)
        self.dismiss(tuple(name for name in self._names if name in selected))

    def action_cancel(self) -> None:
        """Keep the selection as it was."""
        self.dismiss(None)
