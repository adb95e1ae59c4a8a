"""The field below the logs: the pattern of the filter, or the file to save to."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from anchor_tui.tui.widgets.line_field import LineField


class LogField(LineField):
    """A field of one line. Escape posts `Closed`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", id="back", show=False)]

    class Closed(Message):
        """The operator ended the input without accepting it."""

        def __init__(self, field: LogField) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> LogField:
            """The field that posted the message, for Textual's selectors."""
            return self.field

    def action_close(self) -> None:
        """Post `Closed`."""
        self.post_message(self.Closed(self))
