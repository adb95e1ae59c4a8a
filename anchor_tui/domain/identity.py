"""Finds what has changed between two readings by identity: a part that has not changed is the same object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def list_changes(before: Sequence[T], after: Sequence[T]) -> list[T]:
    """Return the items of `after` that are not objects of `before`, in their order."""
    if before is after:
        return []
    if len(before) == len(after):
        moved = [new for old, new in zip(before, after, strict=True) if old is not new]
        if len(moved) <= len(after) // 2 or not before:
            return moved
    known = set(map(id, before))
    return [item for item in after if id(item) not in known]


def is_same(one: Sequence[object], other: Sequence[object]) -> bool:
    """Return True if both contain the same objects in the same order."""
    return one is other or (len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True)))
