"""The mark of a running incident, at the right end of the first line of every screen."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.style import safe_text
from anchor_tui.tui.widgets.steady_text import SteadyText

if TYPE_CHECKING:
    from anchor_tui.domain.history.incidents import IncidentStatus

_STYLE = "bold reverse"


def draw_badge(widget: Widget) -> Content:
    """Return the mark, as the application of a widget shows it now; empty if no incident is running."""
    app = widget.app
    if not isinstance(app, LiveApp) or app.incident is None or app.incident.incident is None or app.now is None:
        return Content("")
    return safe_text(f" {app.incident.incident.format_badge(app.now)} ", _STYLE)


def reserve_end(content: Content, width: int, reserved: int) -> Content:
    """Return a text whose first line leaves cells free at the end of a width, for the mark that covers them."""
    if not reserved or width <= reserved:
        return content
    first, *rest = content.split("\n", allow_blank=True)
    beginning, *wrapped = first.wrap(width - reserved)
    remainder = [Content(" ").join([line.rstrip() for line in wrapped])] if wrapped else []
    return Content("\n").join([beginning.rstrip(), *remainder, *rest])


class IncidentBadge(SteadyText):
    """The mark of the running incident. It covers the right end of the first line, and is hidden without one.

    A widget below it leaves that end free: `draw_badge` returns what covers it.
    """

    auto_links = reactive(False)

    def on_mount(self) -> None:
        """Follow the application."""
        self.display = False
        self.watch(self.app, "incident", self._show)
        self.watch(self.app, "now", self._show_age)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - of Textual
        """Return the width of the mark."""
        return draw_badge(self).cell_length

    def render(self) -> Content:
        """Draw the mark."""
        return draw_badge(self)

    def _show(self, _status: IncidentStatus | None) -> None:
        self.display = draw_badge(self).cell_length > 0
        self._refresh_size()

    def _show_age(self, _now: datetime | None) -> None:
        if self.display:
            self._refresh_size()

    def _refresh_size(self) -> None:
        if draw_badge(self).cell_length != self.size.width:
            self.refresh(layout=True)
        self.refresh_if_changed()
