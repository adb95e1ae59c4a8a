"""The line of tabs: the names of the panes with their numbers of items."""

from __future__ import annotations

from textual import on
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.tui.style import MUTED, join_parts, muted_text
from anchor_tui.tui.widgets.clickable_line import LabelLine, LineLabel
from anchor_tui.tui.widgets.failure_guard import FailureGuard

WIDE_TABS_MIN_WIDTH = 118
NOTE_MIN_WIDTH = 16
"""The width of an age and the blanks before it."""
SHORT_PANE_NAMES = {"Applications": "Apps", "Pull requests": "PRs"}


class PaneTabs(FailureGuard, Widget):
    """The names of the panes, with the number of items in each. A click on a name posts `Clicked`."""

    panes: reactive[tuple[tuple[str, int | None], ...]] = reactive(())
    """The names with their numbers of items; None for a pane that is not counted."""
    active: reactive[str] = reactive("")
    note: reactive[str] = reactive("")

    class Clicked(Message):
        """The operator clicked on the name of a pane."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def render(self) -> Content:
        """Draw one line. The active pane differs by more than colour.

        Narrow terminals get short names. Bars between the names are left out if there is too little room for the note.
        """
        line = self._build_line().content
        return join_parts(line, muted_text(self.note)) if self.note else line

    def _build_line(self) -> LabelLine[str]:
        narrow = self.size.width < WIDE_TABS_MIN_WIDTH
        labels = []
        for name, count in self.panes:
            title = SHORT_PANE_NAMES.get(name, name) if narrow else name
            number = "" if count is None or (narrow and not count) else f" {count}"
            style = "bold reverse" if name == self.active else MUTED
            labels.append(LineLabel(Content.styled(f" {title}{number} ", style), name))
        line = LabelLine(labels, gap="│")
        is_crowded = line.content.cell_length + NOTE_MIN_WIDTH > self.size.width
        return LabelLine(labels, gap="") if is_crowded else line

    @on(Click)
    def report_click(self, event: Click) -> None:
        """Post `Clicked`."""
        if (pane := self._build_line().find_value(event.x)) is not None:
            event.stop()
            self.post_message(self.Clicked(pane))
