"""From a runtime context to a running screen. The first requests are sent before anything slow is imported."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.services.observe.prefetch import start_prefetch
from anchor_tui.tui.errors import ReaderDiedError, ScreenCrashedError

if TYPE_CHECKING:
    from anchor_tui.services.runtime_context import RuntimeContext

SWITCH_INTERVAL_S = 0.001
"""The longest time that a thread keeps the interpreter while another one waits for it, in seconds.

Python's own 5 ms are noticed: a frame needs the interpreter several times while the background thread decodes.
"""


def run_tui(context: RuntimeContext, *, environment: str, theme: str, no_color: bool) -> int:
    """Run the screen until the operator quits; return the exit code.

    Raises UnknownThemeError, ReaderDiedError if the background thread died, ScreenCrashedError after an internal error.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.disable()  # until the application enables it: the start creates what lasts
    prefetched = start_prefetch(context.config, context.environ, context.home)
    from anchor_tui.services.observe.background import BackgroundThread

    reader = BackgroundThread(
        context.config,
        context.environ,
        context.home,
        prefetched,
        context.state,
        waits_for_frame=True,
        records_history=True,
    )
    reader.start()
    if no_color:
        os.environ["NO_COLOR"] = "1"  # Textual reads it when the application is created
    from anchor_tui.services.clock import utc_now
    from anchor_tui.tui.app import AnchorApp
    from anchor_tui.tui.terminal import TerminalGuard

    try:
        app = AnchorApp(context.config, reader, utc_now, environment=environment, theme=theme)
        if context.config.notify.is_enabled:
            from anchor_tui.tui.outside_notifier import OutsideNotifier

            app.outside_notifier = OutsideNotifier(app, context.config.notify, context.environ)
        with TerminalGuard():
            app.run()
            if app.crash is not None:
                raise ScreenCrashedError(app.crash) from None
    finally:
        gc.enable()
        reader.stop()
    if reader.error is not None:
        raise ReaderDiedError(format_internal_error(reader.error)) from reader.error
    return app.return_code or 0
