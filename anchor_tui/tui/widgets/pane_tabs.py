"""The line of tabs: the names of the panes with their numbers of items."""

from __future__ import annotations

from typing import NamedTuple

from textual import on
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.domain.status_marks import UNHEALTHY_MARKS, StatusMark
from anchor_tui.tui.style import MUTED, join_parts, muted_text
from anchor_tui.tui.widgets.clickable_line import LabelLine, LineLabel
from anchor_tui.tui.widgets.failure_guard import FailureGuard

WIDE_TABS_MIN_WIDTH = 118
NOTE_MIN_WIDTH = 16
"""The width of an age and the blanks before it."""
SHORT_PANE_NAMES = {"Applications": "Apps", "Pull requests": "PRs"}


class PaneTab(NamedTuple):
    """A pane with its number of items, None if it is not counted, and the numbers of those that need attention."""

    name: str
    number: int | None = None
    marks: tuple[tuple[StatusMark, int], ...] = ()


class PaneTabs(FailureGuard, Widget):
    """The names of the panes, with the number of items in each. A click on a name posts `Clicked`."""

    panes: reactive[tuple[PaneTab, ...]] = reactive(())
    active: reactive[str] = reactive("")
    note: reactive[str] = reactive("")

    class Clicked(Message):
        """The operator clicked on the name of a pane."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def render(self) -> Content:
        """Draw one line. The active pane differs by more than colour.

        Narrow terminals get short names. If there is too little room for the note, the bars between the names are left
        out, then all numbers of items that need attention except the worst, then that one too.
        """
        line = self._build_line().content
        return join_parts(line, muted_text(self.note)) if self.note else line

    def _build_line(self) -> LabelLine[str]:
        line = LabelLine[str](())
        for mark_limit in (len(UNHEALTHY_MARKS), 1, 0):
            labels = self._build_labels(mark_limit)
            for gap in ("│", ""):
                line = LabelLine(labels, gap=gap)
                if line.content.cell_length + NOTE_MIN_WIDTH <= self.size.width:
                    return line
        return line

    def _build_labels(self, mark_limit: int) -> list[LineLabel[str]]:
        """Return a label for each tab, with so many of its marks."""
        narrow = self.size.width < WIDE_TABS_MIN_WIDTH
        labels = []
        for tab in self.panes:
            title = SHORT_PANE_NAMES.get(tab.name, tab.name) if narrow else tab.name
            numbers = "" if tab.number is None or (narrow and not tab.number) else f" {tab.number:,}"
            numbers += "".join(f" {mark.glyph()}{count:,}" for mark, count in tab.marks[:mark_limit])
            style = "bold reverse" if tab.name == self.active else MUTED
            labels.append(LineLabel(Content.styled(f" {title}{numbers} ", style), tab.name))
        return labels

    @on(Click)
    def report_click(self, event: Click) -> None:
        """Post `Clicked`."""
        if (pane := self._build_line().find_value(event.x)) is not None:
            event.stop()
            self.post_message(self.Clicked(pane))
