"""Floods: equal changes of many applications within GROUP_WINDOW, such as those of 300 that begin to progress."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from anchor_tui.domain.history.change_words import ACTION
from anchor_tui.domain.history.records import RecordedChange

GROUP_FROM = 4
"""The number of equal changes of different subjects that become one group."""
GROUP_WINDOW = timedelta(minutes=2)
"""The time between the newest and the oldest change of one group."""


def group_changes(changes: Sequence[RecordedChange]) -> Iterator[tuple[RecordedChange, ...]]:
    """Yield the groups of changes, both newest first. What is not part of a flood is a group of its own."""
    open_groups: dict[tuple[object, ...], list[RecordedChange]] = {}
    groups: list[list[RecordedChange]] = []
    for change in changes:
        key = _get_group_key(change)
        members = open_groups.get(key) if key is not None else None
        if members is not None and members[0].at - change.at <= GROUP_WINDOW:
            members.append(change)
            continue
        members = [change]
        groups.append(members)
        if key is not None:
            open_groups[key] = members
    if all(len(members) == 1 for members in groups):
        yield from map(tuple, groups)
        return
    split: list[tuple[RecordedChange, ...]] = []
    for members in groups:
        if _is_flood(members):
            split.append(tuple(members))
        else:
            split += [(member,) for member in members]
    yield from sorted(split, key=lambda members: (members[0].at, members[0].id), reverse=True)


def _is_flood(members: Sequence[RecordedChange]) -> bool:
    return len(members) >= GROUP_FROM and len({change.key for change in members}) >= GROUP_FROM


def _get_group_key(change: RecordedChange) -> tuple[object, ...] | None:
    """Return what the changes of one flood have in common; None if a change is never part of one."""
    if change.kind == ACTION or (change.application is None and change.kind != "finding"):
        return None
    check = change.subject if change.kind == "finding" else ""
    return change.kind, change.environment, change.origin, check, change.before, change.after
