"""The limits of YAML files. Other people write them, so a small file must not cost minutes or gigabytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MAX_DEPTH = 100
"""The levels of nesting, including those behind aliases. The functions that walk nodes and values are recursive."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class YamlLimits:
    """The limits of one file. `nodes` counts after aliases are expanded.

    `is_expired` is asked during the parse, for a limit of the time; this package has no clock.
    """

    size: int = 1024 * 1024
    """Bytes."""
    nodes: int = 100_000
    is_expired: Callable[[], bool] = _never


FILE_LIMITS = YamlLimits()
"""The limits of a file of the ops repo. Real files have some hundred lines."""
