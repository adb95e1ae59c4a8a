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
    from collections.abc import Mapping

    from anchor_tui.services.recording.named_snapshots import NamedSeries
    from anchor_tui.services.recording.writer import RecordingWriter
    from anchor_tui.services.runtime_context import RuntimeContext
    from anchor_tui.tui.app import AnchorApp

SWITCH_INTERVAL_S = 0.001
"""The longest time that a thread keeps the interpreter while another one waits for it, in seconds.

Python's own 5 ms are noticed: a frame needs the interpreter several times while the background thread decodes.
"""


def run_tui(
    context: RuntimeContext,
    *,
    environment: str,
    theme: str,
    no_color: bool,
    recorder: RecordingWriter | None = None,
) -> int:
    """Run the screen until the operator quits; return the exit code. The recorder gets every snapshot.

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
        record_snapshot=recorder.record if recorder is not None else None,
    )
    reader.start()
    if no_color:
        os.environ["NO_COLOR"] = "1"  # Textual reads it when the application is created
    from anchor_tui.services.clock import utc_now
    from anchor_tui.tui.app import AnchorApp

    try:
        app = AnchorApp(context.config, reader, utc_now, environment=environment, theme=theme)
        if context.config.notify.is_enabled:
            from anchor_tui.tui.outside_notifier import OutsideNotifier

            app.outside_notifier = OutsideNotifier(app, context.config.notify, context.environ)
        if recorder is not None:
            recorder.listen(app.show_warning)
        _run_app(app)
    finally:
        gc.enable()
        reader.stop()
    if reader.error is not None:
        raise ReaderDiedError(format_internal_error(reader.error)) from reader.error
    return app.return_code or 0


def run_replay(named: NamedSeries, keys: Mapping[str, str], *, environment: str, theme: str, no_color: bool) -> int:
    """Show a recording until the operator quits; return the exit code. `keys` are the operator's own.

    Raises RecordingError if the first snapshot cannot be read, UnknownThemeError, and ScreenCrashedError.
    """
    from anchor_tui.services.recording.replay import ReplayThread, load_for_replay, make_replay_config

    first = load_for_replay(named.series, named.place)
    if no_color:
        os.environ["NO_COLOR"] = "1"
    from anchor_tui.services.clock import utc_now
    from anchor_tui.tui.replay.app import ReplayApp

    config = make_replay_config(named.series, first, keys)
    thread = ReplayThread(named.series)
    try:
        app = ReplayApp(config, thread, first, named.place, utc_now, environment=environment, theme=theme)
        _run_app(app)
    finally:
        thread.stop()
    return app.return_code or 0


def _run_app(app: AnchorApp) -> None:
    """Run an application on the terminal. Raises ScreenCrashedError."""
    from anchor_tui.tui.terminal import TerminalGuard

    with TerminalGuard():
        app.run()
        if app.crash is not None:
            raise ScreenCrashedError(app.crash) from None
