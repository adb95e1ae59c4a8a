"""The list of shell commands that show what is highlighted, or do the same as its actions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.shell_commands import ShellCommand
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.style import find_sheets, join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row
from anchor_tui.tui.widgets.row_list import RowList

COLUMNS = (ListColumn("SHOWS"), ListColumn("COMMAND", is_flexible=True))
MAX_TITLE_WIDTH = 32
MAX_VISIBLE_ROWS = 15
NOT_RUN = "Nothing here is run: y copies a command for a shell of your own"


class CommandsScreen(FailureGuard, ModalScreen[None]):
    """The commands, one a row, with the whole highlighted one below. It stays open after a copy."""

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("y,enter", "copy", "Copy"),
    ]

    def __init__(self, commands: Sequence[ShellCommand]) -> None:
        super().__init__()
        self._commands = tuple(commands)

    def compose(self) -> ComposeResult:
        """Compose the list."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Commands"
            yield Static(muted_text(NOT_RUN))
            yield RowList(COLUMNS, id="commands", empty_text="no command: a name is not safe in a shell")
            yield Static("", id="command")
            yield Static(muted_text("↑↓ choose · y Copy · esc Close"), id="hint")

    def on_mount(self) -> None:
        """Fill the list. Its rows do not change with time."""
        rows = tuple(_build_row(index, command) for index, command in enumerate(self._commands))
        row_list = self.query_one(RowList)
        row_list.show_rows(PaneContent(COLUMNS, rows, row_list.empty_text), datetime.fromtimestamp(0, UTC))
        row_list.styles.height = min(MAX_VISIBLE_ROWS, max(1, len(rows))) + 1
        row_list.focus()

    @on(RowList.Highlighted)
    def show_command(self, message: RowList.Highlighted) -> None:
        """Show the whole command, which its row may cut."""
        message.stop()
        line = message.row.clipboard_text if message.row else ""
        self.query_one("#command", Static).update(safe_text(line, "bold"))

    def action_copy(self) -> None:
        """Copy the highlighted command."""
        row = self.query_one(RowList).highlighted_row
        if row is not None:
            copy_text(self.app, row.clipboard_text)


def _build_row(index: int, command: ShellCommand) -> ListRow:
    mark = marked_text(StatusMark.ATTENTION, "changes") if command.changes else None
    title = join_parts(mark, safe_text(command.title)).truncate(MAX_TITLE_WIDTH, ellipsis=True)
    cells = (title, safe_text(command.line))
    return static_row(str(index), cells, safe_text(command.line), clipboard_text=command.line)
