"""`--record DIR`: a recording of the snapshots of a screen."""

from __future__ import annotations

import argparse
from datetime import timedelta

from anchor_tui.services.recording.writer import RecordingLimits, RecordingWriter


def open_recording(arguments: argparse.Namespace) -> RecordingWriter:
    """Create and lock the folder that `--record` names. Raises `services.recording.errors.RecordingError`."""
    limits = RecordingLimits(arguments.record_max_mb * 1024 * 1024, timedelta(days=arguments.record_max_days))
    return RecordingWriter(arguments.record, limits)
