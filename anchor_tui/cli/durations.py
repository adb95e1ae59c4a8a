"""Durations as arguments: `90s`, `20m`, `1h30m`, or a plain number of seconds."""

from __future__ import annotations

import argparse

MAX_DURATION_S = 7 * 24 * 3600.0


def parse_duration_s(text: str) -> float:
    """Return a duration of at most a week in seconds. Raises argparse.ArgumentTypeError."""
    seconds = float(text) if text.isascii() and text.isdecimal() else _parse_seconds(text)
    if not 0 < seconds <= MAX_DURATION_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration up to a week; write it as 90s, 20m or 1h30m")
    return seconds


def parse_age_s(text: str) -> int:
    """Return an age with its unit in whole seconds. Raises argparse.ArgumentTypeError."""
    seconds = int(_parse_seconds(text))
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a span of time; write it as 30m, 2h or 1d")
    return seconds


def _parse_seconds(text: str) -> float:
    """Return a duration in seconds; 0 if the text is not one."""
    from anchor_tui.domain.durations import parse_duration  # only if a command has such an argument

    try:
        return parse_duration(text).total_seconds()
    except ValueError:
        return 0.0
