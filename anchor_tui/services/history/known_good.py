"""Reads what a single command needs of the history, if there is one. It never creates or changes a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from anchor_tui.config.model import Config
from anchor_tui.domain.model import LastKnownGood
from anchor_tui.services.history.location import find_history_file


def read_last_known_good(config: Config, state_folder: Path) -> Mapping[str, LastKnownGood]:
    """Return the last known good release of each environment; none if the history is off or cannot be read."""
    path = find_history_file(config, state_folder)
    if not config.history.is_on or not path.exists():
        return {}
    # SQLite is loaded only if there is a file.
    from anchor_tui.domain.history.last_known_good import select_last_known_good
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.queries import HistoryReader

    try:
        with HistoryReader(path) as reader:
            return select_last_known_good(reader.read_good_releases())
    except HistoryError:
        return {}
