"""Reads what the history knows about releases, if there is one. It never creates or changes a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from anchor_tui.domain.history.release_runs import CONDITION, ReleaseRecord, measure_release_runs


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
