"""Durations as arguments: `90s`, `20m`, `1h30m`, or a plain number of seconds."""

from __future__ import annotations

import argparse

MAX_DURATION_S = 7 * 24 * 3600.0


def parse_duration_s(text: str) -> float:
    """Return a duration in seconds. Raises argparse.ArgumentTypeError."""
    from anchor_tui.domain.inspection.sync_windows import parse_duration

    try:
        duration_s = float(text) if text.isascii() and text.isdecimal() else parse_duration(text).total_seconds()
    except (ValueError, OverflowError):
        duration_s = 0.0
    if not 0 < duration_s <= MAX_DURATION_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration up to a week; write it as 90s, 20m or 1h30m")
    return duration_s
