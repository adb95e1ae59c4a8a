"""The error of recordings."""

from __future__ import annotations


class RecordingError(Exception):
    """A recording cannot be written or read. The message contains what failed, the reason and what to do."""
