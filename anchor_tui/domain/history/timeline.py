"""The timeline: recorded changes as lines, newest first. Floods are one line, and times without observation are lines.

The members of a flood stay in its line, for those who want to see them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from anchor_tui.domain.history.causes import Cause, CauseIndex, find_causes
from anchor_tui.domain.history.change_words import describe_group, describe_recorded_change, get_change_mark
from anchor_tui.domain.history.floods import group_changes
from anchor_tui.domain.history.gaps import ObservationGap
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import AppId, AwareDatetime, ValueObject
from anchor_tui.domain.status_marks import StatusMark


class TimelineEntry(ValueObject, frozen=True):
    """One line: a change, or equal changes of many applications, newest first. `causes` begins with the nearest."""

    changes: tuple[RecordedChange, ...]
    causes: tuple[Cause, ...] = ()
    subject: str = ""
    """The thing that changed: "anchor-msp-prod", "300 applications", "#232", "release"."""
    sentence: str = ""
    """The change of it: "Healthy → Degraded"."""
    detail: str = ""
    """A text from outside that explains it."""

    @property
    def change(self) -> RecordedChange:
        """The newest change."""
        return self.changes[0]

    @property
    def at(self) -> AwareDatetime:
        """The time of the newest change."""
        return self.change.at

    @property
    def mark(self) -> StatusMark:
        """The status that the change led to."""
        return get_change_mark(self.change)

    @property
    def key(self) -> str:
        """The identity of the line. It stays while older or newer members are added to a flood."""
        if len(self.changes) == 1:
            return f"change {self.change.id}"
        return f"flood {self.changes[-1].id}"

    @property
    def full_sentence(self) -> str:
        """The change with its detail: "1.43.2 → 1.44.0 (#233): Promote prod to 1.44.0"."""
        return f"{self.sentence}: {self.detail}" if self.detail else self.sentence

    @property
    def cause_text(self) -> str:
        """The causes as one text: "← synced 58c9961 3 min before ← release 1.44.0 ← #233 by m-ito"; may be empty."""
        return " ".join(f"← {cause.describe(with_delay=len(self.changes) == 1)}" for cause in self.causes)


TimelineLine: TypeAlias = TimelineEntry | ObservationGap


def build_timeline(
    changes: Sequence[RecordedChange],
    gaps: Sequence[ObservationGap],
    evidence: Sequence[RecordedChange] = (),
    *,
    is_grouped: bool = True,
) -> tuple[TimelineLine, ...]:
    """Return the lines of changes, both newest first. `evidence` contains further changes that may be causes.

    Unless `is_grouped`, each change of a flood has its own line.
    """
    index = CauseIndex((*changes, *evidence))
    labels = label_applications(changes)
    groups = group_changes(changes) if is_grouped else ((change,) for change in changes)
    entries = [_build_entry(group, index, labels) for group in groups]
    return tuple(_insert_gaps(entries, gaps))


def find_line_start(changes: Sequence[RecordedChange], number: int) -> datetime | None:
    """Return the time of a line, counted from 1, as the timeline of changes contains it; None if there are fewer."""
    groups = list(group_changes(changes)) if len(changes) >= number else []
    return groups[number - 1][0].at if len(groups) >= number else None


def expand_entry(entry: TimelineEntry, evidence: Sequence[RecordedChange] = ()) -> tuple[TimelineEntry, ...]:
    """Return one line for each change of a flood."""
    index = CauseIndex((*entry.changes, *evidence))
    labels = label_applications(entry.changes)
    return tuple(_build_entry((change,), index, labels) for change in entry.changes)


def label_applications(changes: Iterable[RecordedChange]) -> Mapping[AppId, str]:
    """Return the shortest text that distinguishes each application: its name, with namespace and server if needed."""
    ids = {change.application for change in changes if change.application is not None}
    by_name: dict[str, set[AppId]] = {}
    by_text: dict[str, set[AppId]] = {}
    for id_ in ids:
        by_name.setdefault(id_.name, set()).add(id_)
        by_text.setdefault(str(id_), set()).add(id_)
    labels = {}
    for id_ in ids:
        if len(by_name[id_.name]) == 1:
            labels[id_] = id_.name
        else:
            labels[id_] = str(id_) if len(by_text[str(id_)]) == 1 else f"{id_.server}:{id_}"
    return labels


def _build_entry(changes: tuple[RecordedChange, ...], index: CauseIndex, labels: Mapping[AppId, str]) -> TimelineEntry:
    first = changes[0]
    causes = find_causes(first, index)
    if len(changes) == 1:
        words = describe_recorded_change(first, labels)
    else:
        words = describe_group(changes)
        identity = [cause.identity for cause in causes]
        others = (find_causes(change, index) for change in changes[1:])
        if any([cause.identity for cause in other] != identity for other in others):
            causes = ()
    return TimelineEntry(changes, causes, words.subject, words.sentence, words.detail)


def _insert_gaps(entries: Sequence[TimelineEntry], gaps: Sequence[ObservationGap]) -> Iterator[TimelineLine]:
    """Yield entries and gaps, newest first. A gap comes before what happened in it or earlier."""
    remaining = list(gaps)
    for entry in entries:
        while remaining and remaining[0].place >= entry.at:
            yield remaining.pop(0)
        yield entry
    yield from remaining
