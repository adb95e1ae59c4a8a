"""The dialog that asks for a time."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from anchor_tui.domain.moments import EXAMPLES, MomentError, parse_moment
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import find_sheets, marked_text, muted_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.line_field import LineField


class TimeDialog(FailureGuard, ModalScreen[datetime | None]):
    """A field for a time. The result is the time, or None if the operator cancels."""

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, shown: datetime, first: datetime, last: datetime) -> None:
        super().__init__()
        self._shown, self._first, self._last = shown, first, last

    def compose(self) -> ComposeResult:
        """Compose the field, the recorded span, and the place of an error."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Go to a time (UTC) · enter goes there · esc cancels"
            yield LineField(id="time", placeholder=EXAMPLES)
            yield Static(
                muted_text(f"recorded from {self._first:%Y-%m-%d %H:%M:%S}Z to {self._last:%Y-%m-%d %H:%M:%S}Z")
            )
            yield Static(id="time-error", markup=False)

    @on(Input.Submitted)
    def go(self, message: Input.Submitted) -> None:
        """Return the time, or show why the text is not one."""
        message.stop()
        try:
            self.dismiss(parse_moment(message.value, self._shown))
        except MomentError as error:
            self.query_one("#time-error", Static).update(marked_text(StatusMark.FAILING, str(error)))
