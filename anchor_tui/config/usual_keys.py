"""The usual keys of an action, for the check of `[keys]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias


class UsualKeys(NamedTuple):
    """The keys of an action in every spelling, and the screens on which they work."""

    keys: tuple[str, ...]
    screens: frozenset[int] = frozenset({0})


KeysByAction: TypeAlias = Mapping[str, UsualKeys]
"""The actions that `[keys]` may name."""
