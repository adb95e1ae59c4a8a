"""Opens the subject of a recorded change: an application, a pull request or an environment."""

from __future__ import annotations

from anchor_tui.domain.changes import PULL_REQUEST_KINDS
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.history.timeline import TimelineEntry
from anchor_tui.domain.model import Application, Environment, Snapshot
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.widgets.list_rows import ListRow

_OF_ENVIRONMENTS = frozenset({"verdict", "release", "finding", "action"})


def find_flood(row: ListRow) -> str | None:
    """Return the key of the flood that a row shows; None for any other row."""
    line = row.subject
    return line.key if isinstance(line, TimelineEntry) and len(line.changes) > 1 else None


def open_change(row: ListRow, snapshot: Snapshot, app: LiveApp) -> bool:
    """Open the subject of the change that a row shows. Return False if there is no such subject, or not any more."""
    line = row.subject
    if not isinstance(line, TimelineEntry):
        return False
    change = line.change
    if (found := _find_application(change, snapshot)) is not None:
        environment, application = found
        app.open_application(environment.name, application)
    elif change.kind in PULL_REQUEST_KINDS and change.pull_request is not None:
        app.open_pull_request(change.pull_request)
    elif change.kind in _OF_ENVIRONMENTS and snapshot.find_environment(change.environment) is not None:
        app.open_environment(change.environment)
    else:
        return False
    return True


def _find_application(change: RecordedChange, snapshot: Snapshot) -> tuple[Environment, Application] | None:
    """Return the application of a change as it is now; None if it does not exist any more."""
    environment = snapshot.find_environment(change.environment)
    if environment is None or change.application is None:
        return None
    found = next((app for app in environment.applications if app.id == change.application), None)
    return (environment, found) if found is not None and found.presence == "found" else None
