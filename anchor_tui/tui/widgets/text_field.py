"""A field of several lines that contains printable text only, whoever sets it: the program, a key, or a paste."""

from __future__ import annotations

from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from anchor_tui.domain.foreign_text import sanitize_lines


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
