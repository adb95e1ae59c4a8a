"""Follows snapshots and returns what has changed, without the times at which a value was not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from anchor_tui.domain.changes import Change, ChangeKey
from anchor_tui.domain.model import Finding, Snapshot
from anchor_tui.domain.snapshot_comparison import (
    EnvironmentState,
    FindingValues,
    get_pull_request_state,
    list_snapshot_changes,
)


class ChangeTracker:
    """The last snapshot, and the last known value of everything that is not known in it.

    A value that returns after its source was lost is a change only if it is another one than before.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._lost: dict[ChangeKey, Change] = {}
        self._evaluated: set[tuple[str | None, str]] = set()
        """Environment and id of the checks that had a result. A place without a finding was clear then."""

    def update(self, snapshot: Snapshot) -> tuple[Change, ...]:
        """Return the changes between known values. A value that is known for the first time has no `before`."""
        before, self._snapshot = self._snapshot, snapshot
        changes = list_snapshot_changes(before, snapshot)
        if self._lost:
            changed = {change.key for change in changes}
            changes += tuple(change for change in self._list_absent(before, snapshot) if change.key not in changed)
        known = tuple(self._keep_known(changes))
        self._evaluated.update((change.environment, change.subject) for change in known if change.kind == "finding")
        return known

    def _keep_known(self, changes: Iterable[Change]) -> Iterator[Change]:
        for change in changes:
            if change.after is None:
                self._lost[change.key] = change
                continue
            before = change.before if change.before is not None else self._get_last_value(change)
            if before != change.after:
                yield replace(change, before=before)

    def _get_last_value(self, change: Change) -> str | None:
        lost = self._lost.pop(change.key, None)
        if lost is None and change.kind == "finding" and (change.environment, change.subject) in self._evaluated:
            return "clear"
        return lost.before if lost is not None else None

    def _list_absent(self, before: Snapshot | None, after: Snapshot) -> Iterator[Change]:
        """Yield the values that are known again because what they describe is in neither snapshot."""
        findings: dict[str | None, FindingValues] = {}
        for name in {key.environment for key in self._lost if key.kind == "finding"}:
            if (found := _get_findings(after, name)) is not _get_findings(before, name):
                findings[name] = FindingValues(found)
        for key, lost in self._lost.items():
            value = None
            if key.kind == "finding" and key.environment in findings:
                value = findings[key.environment].get_value((key.subject, key.place))
            elif key.kind == "application" and key.environment is not None:
                value = EnvironmentState(after, after.find_environment(key.environment)).get_presence(None)
            elif key.kind == "pull-request":
                value = get_pull_request_state(int(key.subject), None, after)
            if value is not None:
                yield replace(lost, before=None, after=value, at=after.taken_at, reported_at=None)


def _get_findings(snapshot: Snapshot | None, environment: str | None) -> tuple[Finding, ...]:
    if snapshot is None or environment is None:
        return snapshot.findings if snapshot else ()
    found = snapshot.find_environment(environment)
    return found.findings if found else ()
