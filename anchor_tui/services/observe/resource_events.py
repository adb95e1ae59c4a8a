"""Reads the events of a resource with those of everything below it, because the cause is most often a pod's event."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import NamedTuple

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.culprit import LOG_KINDS
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.inspection.tree_lines import get_node_id
from anchor_tui.domain.model import Problem
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.services.observe.inspect import ApplicationInspector

MAX_RESOURCES = 12
"""Resources whose events are read at once. Argo CD answers about one resource at a time."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class EventReport(NamedTuple):
    """Events, newest first, and how many resources they are about. `left_out` resources were not examined."""

    events: tuple[ClusterEvent, ...]
    examined: int = 1
    left_out: int = 0

    @property
    def scope(self) -> str:
        """The number of resources, if there are several: "12 of 40 resources"."""
        if self.left_out:
            return f"{self.examined} of {format_count(self.examined + self.left_out, 'resource')}"
        return format_count(self.examined, "resource") if self.examined > 1 else ""


async def read_event_report(inspector: ApplicationInspector, node: ResourceNode | None) -> Reading[EventReport]:
    """Return the events of a resource and of everything below it, or of the application and its workloads.

    The worst resources come first if there are too many. What cannot be read is a problem of the reading.
    """
    first, tree = await asyncio.gather(inspector.read_events(node), inspector.read_tree())
    if isinstance(first, Unavailable):
        return first
    assert isinstance(first, Fresh)  # the inspector returns Fresh or Unavailable
    problems = [Problem("tree", tree.error.kind, tree.error.message)] if isinstance(tree, Unavailable) else []
    below = _list_below(tree.value.tree, node) if isinstance(tree, Fresh) else []
    chosen = below[: MAX_RESOURCES - 1]
    events = list(first.value)
    for found, reading in zip(chosen, await asyncio.gather(*map(inspector.read_events, chosen)), strict=True):
        if isinstance(reading, Fresh):
            events += reading.value
        elif isinstance(reading, Unavailable):
            problems.append(Problem(str(found.key), reading.error.kind, reading.error.message))
    events.sort(key=lambda event: event.last_at or _EARLIEST, reverse=True)
    report = EventReport(tuple(events), 1 + len(chosen), len(below) - len(chosen))
    return Fresh(report, first.taken_at, first.fresh_until, tuple(problems))


def _list_below(tree: ResourceTree, node: ResourceNode | None) -> list[ResourceNode]:
    """Return the resources that have events, those that are not healthy first, the newest first among equals."""
    nodes = tree.walk_below(node) if node is not None else iter(tree.nodes)
    own = get_node_id(node) if node is not None else ""
    found = [
        candidate
        for candidate in nodes
        if get_node_id(candidate) != own
        and candidate.uid
        and not candidate.is_orphan
        and (node is not None or candidate.is_unhealthy or candidate.key.kind in LOG_KINDS)
    ]
    return sorted(
        found, key=lambda item: (not item.is_unhealthy, -(item.created_at.timestamp() if item.created_at else 0))
    )
