"""The causes of recorded changes: only links for which the history contains evidence.

| change                   | its cause                              | evidence                                       |
|--------------------------|----------------------------------------|------------------------------------------------|
| a release                | the merge of its pull request          | the number in the release                      |
| a merge                  | the opening of the pull request        | the number                                     |
| a synced commit          | a release of the environment           | the same commit; else the last in CAUSE_WINDOW |
| bad health, a diagnosis  | the last sync of the same application  | it was in CAUSE_WINDOW                         |

A link whose evidence is the order of times is shown with the time between, so that the reader can judge it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from anchor_tui.domain.formatting import format_duration, shorten_revision
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import AppId, ValueObject

CAUSE_WINDOW = timedelta(hours=1)
"""The longest time between a cause and its effect; as in the reasons of a verdict."""
OPS_COMMIT = "ops_commit"
"""The fact of a release that contains its commit in the ops repo."""
CLOCK_TOLERANCE = timedelta(minutes=1)
"""Pods are created before a sync is recorded as ended, so that bad health can precede it."""
BAD_HEALTH = frozenset({"Degraded", "Missing", "Progressing"})


class Cause(ValueObject, frozen=True):
    """One link of a chain of causes. `change_id` is its record; 0 if the effect itself contains it."""

    text: str
    identity: str
    """Equal for the same cause of several effects."""
    change_id: int = 0
    pull_request: int | None = None
    delay: timedelta | None = None
    """The time between the cause and its effect, if that is evidence."""

    def describe(self, *, with_delay: bool = True) -> str:
        """Return the text, with the delay: "synced 58c9961 3 min before"."""
        if self.delay is None or not with_delay:
            return self.text
        if self.delay < CLOCK_TOLERANCE:
            return f"{self.text} right before"
        return f"{self.text} {format_duration(self.delay)} before"


class CauseIndex:
    """The changes that may be causes, by what their effects know of them."""

    def __init__(self, changes: Iterable[RecordedChange]) -> None:
        self.opened: dict[int, RecordedChange] = {}
        self.merged: dict[int, RecordedChange] = {}
        self._by_commit: dict[tuple[str, str], RecordedChange] = {}
        self._releases: dict[str, list[RecordedChange]] = {}
        self._syncs: dict[AppId, list[RecordedChange]] = {}
        for change in sorted(changes, key=_get_place):
            match change.kind:
                case "pull-request" if change.pull_request is not None and change.after == "open":
                    self.opened[change.pull_request] = change
                case "pull-request" if change.pull_request is not None and change.after == "merged":
                    self.merged[change.pull_request] = change
                case "release" if change.environment:
                    self._releases.setdefault(change.environment, []).append(change)
                    if commit := change.facts.get(OPS_COMMIT):
                        self._by_commit[change.environment, commit] = change
                case "revision" if change.application is not None and change.after:
                    self._syncs.setdefault(change.application, []).append(change)

    def find_sync(self, effect: RecordedChange) -> RecordedChange | None:
        """Return the last sync of the same application before a change, at most CAUSE_WINDOW before it."""
        if effect.application is None:
            return None
        return _find_last(self._syncs.get(effect.application, ()), effect)

    def find_release(self, sync: RecordedChange) -> tuple[RecordedChange | None, bool]:
        """Return the release that a sync applied, and True if the same commit proves it. The times alone do not."""
        for commit in (sync.after or "").split(", "):
            if (release := self._by_commit.get((sync.environment, commit))) is not None:
                return release, True
        return _find_last(self._releases.get(sync.environment, ()), sync), False


def _find_last(causes: Sequence[RecordedChange], effect: RecordedChange) -> RecordedChange | None:
    """Return the last change before an effect, at most CAUSE_WINDOW before it. The changes are in order."""
    end = bisect_right(causes, effect.at + CLOCK_TOLERANCE, key=lambda cause: cause.at)
    found = causes[end - 1] if end else None
    return found if found is not None and effect.at - found.at <= CAUSE_WINDOW else None


def _get_place(change: RecordedChange) -> tuple[datetime, int]:
    return change.at, change.id


def find_causes(change: RecordedChange, index: CauseIndex) -> tuple[Cause, ...]:
    """Return the chain of causes of a change, the nearest first; empty without evidence."""
    match change.kind:
        case "release":
            return _find_causes_of_release(change, index)
        case "pull-request" if change.after == "merged" and change.pull_request is not None:
            return _find_opening(change.pull_request, index)
        case "revision" if change.after:
            return _find_causes_of_revision(change, index)
        case "health" if change.after in BAD_HEALTH:
            return _find_causes_of_failure(change, index)
        case "diagnosis" if change.after:
            return _find_causes_of_failure(change, index)
        case _:
            return ()


def _find_causes_of_failure(change: RecordedChange, index: CauseIndex) -> tuple[Cause, ...]:
    sync = index.find_sync(change)
    if sync is None:
        return ()
    revision = shorten_revision(sync.after)
    cause = Cause(f"synced {revision}", f"sync {sync.after}", sync.id, delay=change.at - sync.at)
    return (cause, *_find_causes_of_revision(sync, index))


def _find_causes_of_revision(change: RecordedChange, index: CauseIndex) -> tuple[Cause, ...]:
    release, is_proven = index.find_release(change)
    if release is None:
        return ()
    identity = f"release {release.environment} {release.identity or release.after}"
    delay = None if is_proven else change.at - release.at
    cause = Cause(f"release {release.after or '?'}", identity, release.id, release.pull_request, delay)
    return (cause, *_find_causes_of_release(release, index))


def _find_causes_of_release(change: RecordedChange, index: CauseIndex) -> tuple[Cause, ...]:
    number = change.pull_request
    if number is None:
        return ()
    merge = index.merged.get(number)
    opening = _find_opening(number, index)
    if merge is not None:
        who = f" by {merge.actor}" if merge.actor and not opening else ""
        return (Cause(f"#{number} merged{who}", f"merge {number}", merge.id, number), *opening)
    who = f" by {change.actor}" if change.actor and not opening else ""
    return (Cause(f"#{number}{who}", f"pull request {number}", 0, number), *opening)


def _find_opening(number: int, index: CauseIndex) -> tuple[Cause, ...]:
    opening = index.opened.get(number)
    if opening is None:
        return ()
    who = f" by {opening.actor}" if opening.actor else ""
    return (Cause(f"#{number} opened{who}", f"opening {number}", opening.id, number),)
