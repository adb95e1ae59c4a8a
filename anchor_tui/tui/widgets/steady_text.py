"""A widget whose text is drawn again only if it has changed."""

from __future__ import annotations

from textual.content import Content
from textual.visual import VisualType
from textual.widget import Widget

from anchor_tui.tui.widgets.failure_guard import FailureGuard


class SteadyText(FailureGuard, Widget):
    """A text that is computed when time passes or data arrives, and drawn if it is another one than before.

    The reactive attributes of a subclass are declared with `repaint=False`; their watchers call `refresh_if_changed`.
    """

    _shown: VisualType | None = None

    def refresh_if_changed(self) -> None:
        """Draw the text if it differs from the one of the last call."""
        if not self.size:
            return  # the first frame draws it
        text = self.render()
        is_same = isinstance(text, Content) and isinstance(self._shown, Content) and text.is_same(self._shown)
        self._shown = text
        if not is_same:
            self.refresh()
