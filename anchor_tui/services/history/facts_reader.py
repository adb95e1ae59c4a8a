"""Reads what a start needs of the history, if there is one. It never creates or changes a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from anchor_tui.config.model import Config
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.services.history.location import find_history_file


def read_history_facts(config: Config, state_folder: Path, now: datetime) -> HistoryFacts:
    """Return the facts about each environment; none if the history is off or cannot be read."""
    path = find_history_file(config, state_folder)
    if not config.history.is_on or not path.exists():
        return HistoryFacts()
    # SQLite is loaded only if there is a file.
    from anchor_tui.domain.history.last_known_good import select_last_known_good
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.delivery import read_delivery
    from anchor_tui.services.history.queries import HistoryReader
    from anchor_tui.services.history.recent_past import read_recent_past

    try:
        with HistoryReader(path) as reader:
            good = select_last_known_good(reader.read_good_releases())
        return HistoryFacts(good, read_delivery(path, config.environments, now), read_recent_past(path, config, now))
    except HistoryError:
        return HistoryFacts()


def needs_past_syncs(path: Path) -> bool:
    """Return True if the past syncs of no application were imported yet. A command may have made the file."""
    if not path.exists():
        return True
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.queries import HistoryReader

    try:
        with HistoryReader(path) as reader:
            return not reader.has_past_syncs()
    except HistoryError:  # the recorder sets it aside
        return True
