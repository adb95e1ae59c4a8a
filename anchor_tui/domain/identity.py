"""Finds what has changed between two readings by identity: a part that has not changed is the same object."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from operator import is_, is_not
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

S = TypeVar("S", bound=Struct)
T = TypeVar("T")


def find_changes(before: Sequence[object], after: Sequence[object]) -> list[int]:
    """Return the places at which two sequences of the same length contain different objects."""
    return list(compress(range(len(before)), map(is_not, before, after)))


def list_changes(before: Sequence[T], after: Sequence[T]) -> list[T]:
    """Return the items of `after` that are not objects of `before`, in their order."""
    if before is after:
        return []
    if len(before) == len(after):
        places = find_changes(before, after)
        if len(places) <= len(after) // 2:
            return [after[place] for place in places]
    known = set(map(id, before))
    return [item for item in after if id(item) not in known]


def is_same(one: Sequence[object], other: Sequence[object]) -> bool:
    """Return True if both contain the same objects in the same order."""
    return one is other or (len(one) == len(other) and all(map(is_, one, other)))


def share_equal_parts(before: S, after: S) -> S:
    """Return `after` with the objects of `before` wherever they are equal: fields, values of mappings and items."""
    changes: dict[str, Any] = {}
    for name in after.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old is not new and (shared := _share(old, new)) is not new:
            changes[name] = shared
    return replace(after, **changes) if changes else after


def _share(old: Any, new: Any) -> Any:  # noqa: ANN401 - of any type
    if old == new:
        return old
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: old[key] if key in old and old[key] == value else value for key, value in new.items()}
    if isinstance(old, tuple) and type(old) is type(new) is tuple:
        return tuple(next((item for item in old if item == value), value) for value in new)
    return new
