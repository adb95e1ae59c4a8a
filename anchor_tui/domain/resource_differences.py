"""The resources that differ from git, as text."""

from __future__ import annotations

from collections.abc import Iterable

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Application


def describe_differences(applications: Iterable[Application]) -> str:
    """Return the numbers of resources that differ and that a prune would delete: "2 resources differ, 1 to prune".

    Argo CD counts a resource to prune as out of sync too. Here it is counted once. Empty if there is none of either.
    """
    out_of_sync = to_prune = 0
    for application in applications:
        out_of_sync += application.resources.out_of_sync if application.resources else 0
        to_prune += len(application.prunable)
    differing = max(0, out_of_sync - to_prune)
    parts = []
    if differing:
        parts.append(f"{format_count(differing, 'resource')} {'differs' if differing == 1 else 'differ'}")
    if to_prune:
        parts.append(f"{to_prune} to prune")
    return ", ".join(parts)
