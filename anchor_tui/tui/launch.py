"""From an estate to a running screen. The first request leaves before Textual is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anchor_tui.services.background import Background

if TYPE_CHECKING:
    from anchor_tui.services.estate import Estate


def show(estate: Estate, *, environment: str, theme: str, no_color: bool) -> int:
    """Shows the screen until it is left; returns the exit code."""
    reader = Background(estate.config, estate.environ, estate.home)
    reader.start()
    if no_color:
        os.environ["NO_COLOR"] = "1"  # Textual looks for it when the application is made
    from anchor_tui.services.clock import utc_now
    from anchor_tui.tui.app import AnchorApp

    try:
        app = AnchorApp(estate.config, reader, utc_now, environment=environment, theme=theme)
        app.run()
        return app.return_code or 0
    finally:
        reader.stop()
