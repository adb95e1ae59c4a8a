"""Reads the delivery metrics for a single command, if there is a history. It never creates or changes a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from anchor_tui.config.model import Config
from anchor_tui.domain.model import DeliveryWindow
from anchor_tui.services.history.location import find_history_file


def read_estate_delivery(config: Config, state_folder: Path, now: datetime) -> Mapping[str, tuple[DeliveryWindow, ...]]:
    """Return the metrics of each environment; none if the history is off or cannot be read."""
    path = find_history_file(config, state_folder)
    if not config.history.is_on or not path.exists():
        return {}
    # SQLite is loaded only if there is a file.
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.delivery import read_delivery

    try:
        return read_delivery(path, config.environments, now)
    except HistoryError:
        return {}
