"""Copy a text to the operator's clipboard."""

from __future__ import annotations

from textual.app import App


def copy_text(app: App[object], text: str, name: str = "") -> None:
    """Copy a text. A notification shows its `name`; without a name, the text itself."""
    app.copy_to_clipboard(text)
    app.notify(name or text, title="Copied", timeout=3)
