"""Reads what the history knows about releases, if there is one. It never creates or changes a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from anchor_tui.config.model import Config
from anchor_tui.domain.history.release_runs import CONDITION, ReleaseRecord, measure_release_runs
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


def read_release_record(path: Path, environment: str, now: datetime) -> ReleaseRecord:
    """Return what is recorded about the releases of an environment; nothing without a readable history."""
    from anchor_tui.domain.history.records import HistoryFilter
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.queries import HistoryReader

    if not path.exists():
        return ReleaseRecord()
    try:
        with HistoryReader(path) as reader:
            releases, conditions = (
                reader.read_changes(HistoryFilter(environments=(environment,), kinds=(kind,)))
                for kind in ("release", CONDITION)
            )
            runs = measure_release_runs(releases, conditions, reader.read_sessions(), now)
            return ReleaseRecord(runs, reader.read_good_releases(environment))
    except HistoryError:
        return ReleaseRecord()
