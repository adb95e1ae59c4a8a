"""Reads the recent past, if there is a history. It never creates or changes a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from anchor_tui.config.model import Config
from anchor_tui.domain.first_seen import RecentPast


def read_recent_past(path: Path, config: Config, now: datetime) -> RecentPast:
    """Return the recent past of a history file; an empty one if the history is off or cannot be read."""
    if not config.history.is_on or not path.exists():
        return RecentPast()
    # SQLite is loaded only if there is a file.
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.recent_past_reader import RecentPastReader

    try:
        with RecentPastReader(path) as reader:
            return reader.read_recent_past(config, now)
    except HistoryError:
        return RecentPast()
