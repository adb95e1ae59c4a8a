"""The dialog that asks for one line of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import find_sheets, marked_text, muted_text, title_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.line_field import LineField


class LineDialog(FailureGuard, ModalScreen[str | None]):
    """One line of text. The result is the text, or None if the operator cancels.

    `explain_error` returns why a text is not accepted; the dialog then stays open and shows it. An empty text is not
    accepted if the text is required.
    """

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", priority=True)]

    def __init__(
        self,
        title: str,
        placeholder: str,
        hint: str,
        text: str = "",
        *,
        is_required: bool = False,
        explain_error: Callable[[str], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self._title, self._placeholder, self._hint = title, placeholder, hint
        self._text, self._is_required, self._explain_error = text, is_required, explain_error

    def compose(self) -> ComposeResult:
        """Compose the field, the hint with the keys, and the place of an error."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = title_text(self._title)
            yield LineField(self._text, id="line", placeholder=self._placeholder)
            yield Static(muted_text(self._hint))
            yield Static(id="line-error", markup=False)

    def on_mount(self) -> None:
        """Take no line for an error before there is one."""
        self.query_one("#line-error").display = False

    @on(LineField.Submitted)
    def accept_text(self, message: LineField.Submitted) -> None:
        """Return the text, or show why it is not accepted."""
        message.stop()
        text = message.value.strip()
        if self._is_required and not text:
            return
        error = self._explain_error(text)
        place = self.query_one("#line-error", Static)
        place.update(marked_text(StatusMark.FAILING, error))
        place.display = bool(error)
        if not error:
            self.dismiss(text)

    def action_cancel(self) -> None:
        """Discard the text."""
        self.dismiss(None)
