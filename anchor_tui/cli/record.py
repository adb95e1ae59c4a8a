"""`--record DIR`: the screen, and a recording of its snapshots."""

from __future__ import annotations

import argparse
from datetime import timedelta

from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error
from anchor_tui.cli.screen import ScreenOptions, run_screen
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.recorder import RecordingLimits, SnapshotRecorder
from anchor_tui.services.runtime_context import RuntimeContext


def run(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    """Show the live screen and record its snapshots."""
    limits = RecordingLimits(arguments.record_max_mb * 1024 * 1024, timedelta(days=arguments.record_max_days))
    try:
        recorder = SnapshotRecorder(arguments.record, limits)
    except RecordingError as error:
        print_error(str(error))
        return ExitCode.USAGE
    from anchor_tui.tui.launch import run_tui

    options = ScreenOptions.of(arguments)
    try:
        return run_screen(
            lambda: run_tui(
                context,
                environment=options.environment,
                theme=options.theme,
                no_color=options.no_color,
                recorder=recorder,
            )
        )
    finally:
        recorder.close()
