"""Text fields that contain printable text only, whoever sets it: the program, a key, a paste from the clipboard."""

from __future__ import annotations

from textual.widgets import Input, TextArea
from textual.widgets.text_area import Edit, EditResult

from anchor_tui.domain.foreign_text import sanitize_lines, sanitize_text


class LineField(Input):
    """A field of one line. Every `Input` of the screen is one."""

    def __init__(self, value: str = "", *, id: str, placeholder: str = "") -> None:  # noqa: A002 - Textual's parameter
        super().__init__(value, id=id, placeholder=placeholder, compact=True, select_on_focus=False)

    def validate_value(self, value: str) -> str:
        """Return the text without escape sequences and control characters."""
        return sanitize_text(value)


class TextField(TextArea):
    """A field of several lines. Every `TextArea` of the screen is one."""

    def __init__(self, text: str, *, id: str) -> None:  # noqa: A002 - Textual's parameter
        super().__init__(sanitize_lines(text), id=id, tab_behavior="focus", compact=True)

    def load_text(self, text: str) -> None:
        """Replace the text."""
        super().load_text(sanitize_lines(text))

    def edit(self, edit: Edit) -> EditResult:
        """Apply an edit: a key, a paste, or the program's own."""
        edit.text = sanitize_lines(edit.text)
        return super().edit(edit)
