"""The first line of every screen of a replay."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.tui.replay.position import ReplayPosition
from anchor_tui.tui.style import safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard


class ReplayBanner(FailureGuard, Widget):
    """The mark that everything below is past: the recorded time, how long ago that was, and the place."""

    DEFAULT_CSS = "ReplayBanner { height: 1; background: $warning; color: auto; text-style: bold; }"

    position: reactive[ReplayPosition | None] = reactive(None)

    def on_mount(self) -> None:
        """Follow the position of the application."""
        self.watch(self.app, "position", self._show_position)

    def _show_position(self, position: ReplayPosition | None) -> None:
        self.position = position

    def render(self) -> Content:
        """Draw one line."""
        return safe_text(f" {self.position.text}" if self.position else "")
