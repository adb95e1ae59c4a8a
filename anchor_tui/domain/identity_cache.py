"""Results that are valid while the values they were computed from are the same objects.

A snapshot shares everything that has not changed with the snapshot before it. Identity therefore shows in one step that
a large value is unchanged; a comparison would read all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from anchor_tui.domain.identity import is_same

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
