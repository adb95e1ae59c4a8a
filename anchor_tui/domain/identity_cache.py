"""Results that are valid while the values they were computed from are the same objects.

A snapshot shares everything that has not changed with the snapshot before it. Identity therefore shows in one step that
a large value is unchanged; a comparison would read all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import is_
from typing import Generic, TypeVar

T = TypeVar("T")
V = TypeVar("V")
MAX_ENTRIES = 4_096


class IdentityCache(Generic[V]):
    """The last result of each name, with its inputs.

    An entry keeps its inputs alive, so that no other object can get their identity. A name holds one result only: old
    inputs are released when new ones arrive.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[tuple[object, ...], V]] = {}

    def get(self, name: Hashable, inputs: tuple[object, ...], compute: Callable[[], V]) -> V:
        """Return the result for a name; compute it if any of the inputs is another object than the last time."""
        known = self._entries.get(name)
        if known is not None and is_same_tuple(known[0], inputs):
            return known[1]
        result = compute()
        if known is None and len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[name] = (inputs, result)
        return result


def is_same_tuple(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Return True if two tuples contain the same objects."""
    return one is other or (len(one) == len(other) and all(map(is_, one, other)))


class ElementCache(Generic[T, V]):
    """A value for each element of a tuple, computed once for each element by identity.

    A name holds the elements of its last tuple only.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[tuple[T, ...], tuple[V, ...]]] = {}

    def get(self, name: Hashable, elements: tuple[T, ...], compute: Callable[[T], V]) -> tuple[V, ...]:
        """Return the values of the elements; the same tuple if the elements are the same objects."""
        known_elements, known_values = self._entries.get(name, ((), ()))
        if name in self._entries and is_same_tuple(known_elements, elements):
            return known_values
        by_identity = {id(element): value for element, value in zip(known_elements, known_values, strict=True)}
        values = tuple(
            by_identity[id(element)] if id(element) in by_identity else compute(element) for element in elements
        )
        if name not in self._entries and len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[name] = (elements, values)
        return values
