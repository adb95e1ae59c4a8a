"""From an estate to a running screen. The first requests leave before anything that takes time is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.services.observe.prefetch import start_prefetch

if TYPE_CHECKING:
    from anchor_tui.services.runtime_context import RuntimeContext


class ReaderDiedError(RuntimeError):
    """Nothing could be read any more, by a fault of ours; the message names its type, as its text may be foreign."""


class UnknownThemeError(ValueError):
    """There is no theme of this name; the message lists those there are."""


def run_tui(estate: RuntimeContext, *, environment: str, theme: str, no_color: bool) -> int:
    """Shows the screen until it is left; returns the exit code. Raises UnknownThemeError, ReaderDiedError."""
    ahead = start_prefetch(estate.config, estate.environ, estate.home)
    from anchor_tui.services.observe.background import BackgroundThread

    reader = BackgroundThread(estate.config, estate.environ, estate.home, ahead, estate.state)
    reader.start()
    if no_color:
        os.environ["NO_COLOR"] = "1"  # Textual looks for it when the application is made
    from anchor_tui.services.clock import utc_now
    from anchor_tui.tui.app import AnchorApp

    try:
        app = AnchorApp(estate.config, reader, utc_now, environment=environment, theme=theme)
        app.run()
    finally:
        reader.stop()
    if reader.error is not None:
        raise ReaderDiedError(format_internal_error(reader.error))
    return app.return_code or 0
