"""Results that are valid while the values they were computed from are the same objects.

A snapshot shares everything that has not changed with the snapshot before it. Identity therefore shows in one step that
a large value is unchanged; a comparison would read all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from anchor_tui.domain.identity import find_changes, is_same

H = TypeVar("H", bound=Hashable)
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
        if known is not None and is_same(known[0], inputs):
            return known[1]
        result = compute()
        if known is None and len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[name] = (inputs, result)
        return result


class ElementCache(Generic[T, V]):
    """A value for each element of a tuple, computed once for each element by identity.

    A name holds the elements of its last tuple only.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[tuple[T, ...], tuple[V, ...]]] = {}

    def get(self, name: Hashable, elements: tuple[T, ...], compute: Callable[[T], V]) -> tuple[V, ...]:
        """Return the values of the elements; the same tuple if the elements are the same objects."""
        known = self._entries.get(name)
        if known is None:
            values = tuple(map(compute, elements))
        elif is_same(known[0], elements):
            return known[1]
        elif len(known[0]) == len(elements):
            values = self._update(known, elements, compute)
        else:
            by_identity = dict(zip(map(id, known[0]), known[1], strict=True))
            values = tuple(
                by_identity[id(element)] if id(element) in by_identity else compute(element) for element in elements
            )
        if known is None and len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[name] = elements, values
        return values

    @staticmethod
    def _update(
        known: tuple[tuple[T, ...], tuple[V, ...]], elements: tuple[T, ...], compute: Callable[[T], V]
    ) -> tuple[V, ...]:
        """Return the values of as many elements as before; only those of other elements are computed."""
        places = find_changes(known[0], elements)
        moved = {id(known[0][place]): known[1][place] for place in places}
        values = list(known[1])
        for place in places:
            element = elements[place]
            values[place] = moved[id(element)] if id(element) in moved else compute(element)
        return tuple(values)


class ValueCounter(Generic[H]):
    """The numbers of equal values in a tuple, updated with the values that have changed."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[tuple[H, ...], Counter[H]]] = {}

    def get(self, name: Hashable, values: tuple[H, ...]) -> Counter[H]:
        """Return the number of each value. The caller does not change it."""
        known = self._entries.get(name)
        if known is not None and known[0] is values:
            return known[1]
        if known is None or len(known[0]) != len(values):
            counted = Counter(values)
        else:
            places = find_changes(known[0], values)
            counted = known[1] + Counter(values[place] for place in places)
            counted -= Counter(known[0][place] for place in places)
        if known is None and len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[name] = values, counted
        return counted


class ElementIndex(Generic[H, T]):
    """The elements of a tuple by a key, updated with the elements that have changed."""

    def __init__(self, get_key: Callable[[T], H]) -> None:
        self._get_key = get_key
        self._entries: dict[Hashable, tuple[tuple[T, ...], dict[H, T]]] = {}

    def get(self, name: Hashable, elements: tuple[T, ...]) -> Mapping[H, T]:
        """Return the elements by their keys. The mapping is valid until the next call with the same name."""
        known, index = self._entries.get(name, ((), {}))
        if known is elements:
            return index
        get_key = self._get_key
        places = find_changes(known, elements) if len(known) == len(elements) else None
        if places is not None and all(get_key(known[place]) == get_key(elements[place]) for place in places):
            index.update((get_key(elements[place]), elements[place]) for place in places)
        else:
            index = {get_key(element): element for element in elements}
        if name not in self._entries and len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[name] = elements, index
        return index
