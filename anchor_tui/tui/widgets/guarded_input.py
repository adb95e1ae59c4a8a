"""A text field that ignores input typed before its screen was readable."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Key, Paste

from anchor_tui.tui.widgets.line_field import LineField


class GuardedInput(LineField):
    """A text field. `accepts_key_at` takes the time of an event and returns False if the event must be dropped."""

    def __init__(self, accepts_key_at: Callable[[float], bool], *, id: str, placeholder: str = "") -> None:  # noqa: A002 - Textual's parameter
        super().__init__(id=id, placeholder=placeholder)
        self._accepts_key_at = accepts_key_at

    # Textual calls the handlers of every base class, unless `prevent_default` is called: no call of `super()` here.

    def on_key(self, event: Key) -> None:
        """Drop early keys."""
        self._drop_early(event)

    def on_paste(self, event: Paste) -> None:
        """Drop early text from the clipboard, and join the lines of the other."""
        self._drop_early(event)
        event.text = " ".join(line for line in map(str.strip, event.text.splitlines()) if line)

    def _drop_early(self, event: Key | Paste) -> None:
        if not self._accepts_key_at(event.time):
            event.stop()
            event.prevent_default()
