"""A field of one line that contains printable text only, whoever sets it: the program, a key, or a paste."""

from __future__ import annotations

from textual.widgets import Input

from anchor_tui.domain.foreign_text import sanitize_text


class LineField(Input):
    """A field of one line. Every `Input` of the screen is one."""

    def __init__(self, value: str = "", *, id: str, placeholder: str = "") -> None:  # noqa: A002 - Textual's parameter
        super().__init__(value, id=id, placeholder=placeholder, compact=True, select_on_focus=False)

    def validate_value(self, value: str) -> str:
        """Return the text without escape sequences and control characters."""
        return sanitize_text(value)
