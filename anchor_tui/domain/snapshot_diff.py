"""The differences between two snapshots that share no objects, such as two documents, in the operator's terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from anchor_tui.domain.changes import CHANGE_KINDS, Change, ChangeKind
from anchor_tui.domain.model import Snapshot, ValueObject, Verdict
from anchor_tui.domain.since import omit_ages
from anchor_tui.domain.snapshot_comparison import list_snapshot_changes

_FOUND = frozenset({"fail", "waived"})
"""The values of a finding that the operator sees in a snapshot."""


class ReasonChange(ValueObject, frozen=True):
    """The reasons of one verdict that appeared and disappeared. `environment` is None for the estate."""

    environment: str | None
    appeared: tuple[str, ...] = ()
    disappeared: tuple[str, ...] = ()


class SnapshotDiff(ValueObject, frozen=True):
    """Everything that differs. `before_at` and `after_at` are the times of the snapshots."""

    engine_ids: tuple[str, str]
    before_at: datetime
    after_at: datetime
    changes: tuple[Change, ...] = ()
    reasons: tuple[ReasonChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True if nothing but ages differs."""
        return not self.changes and not self.reasons

    @property
    def counts(self) -> Mapping[ChangeKind, int]:
        """The number of changes of each kind that has some, in the order of the kinds."""
        counted = Counter(change.kind for change in self.changes)
        return {kind: counted[kind] for kind in CHANGE_KINDS if counted[kind]}


def compare_snapshots(before: Snapshot, after: Snapshot) -> SnapshotDiff:
    """Return what differs between two snapshots. Ages, also those in sentences, are not compared."""
    changes = list_snapshot_changes(before, after)
    return SnapshotDiff(
        (before.engine_id, after.engine_id),
        before.taken_at,
        after.taken_at,
        tuple(filter(_is_visible, changes)),
        tuple(_list_reason_changes(before, after)),
    )


def _is_visible(change: Change) -> bool:
    """Return False for a check that was evaluated without a failure, and for a cause that is not known any more."""
    match change.kind:
        case "finding":
            return not _FOUND.isdisjoint({change.before, change.after})
        case "diagnosis":
            return change.after is not None
        case _:
            return True


def _list_reason_changes(before: Snapshot, after: Snapshot) -> Iterator[ReasonChange]:
    """Yield the changed reasons of each environment; those of the estate only if it has no environments.

    The verdict of an estate repeats the reasons of its environments.
    """
    old = {environment.name: environment.verdict for environment in before.environments}
    new = {environment.name: environment.verdict for environment in after.environments}
    for name in dict.fromkeys((*new, *old)):
        yield from _compare_reasons(name, old.get(name), new.get(name))
    if not old and not new:
        yield from _compare_reasons(None, before.verdict, after.verdict)


def _compare_reasons(environment: str | None, before: Verdict | None, after: Verdict | None) -> Iterator[ReasonChange]:
    old, new = (_index_reasons(verdict) for verdict in (before, after))
    appeared = tuple(reason for key, reason in new.items() if key not in old)
    disappeared = tuple(reason for key, reason in old.items() if key not in new)
    if appeared or disappeared:
        yield ReasonChange(environment, appeared, disappeared)


def _index_reasons(verdict: Verdict | None) -> dict[str, str]:
    return {omit_ages(reason): reason for reason in verdict.reasons} if verdict else {}
