"""The unhealthy branches of a resource tree: of each workload the unhealthy resource at its lower end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree

MAX_BRANCHES = 4
"""Branches of one application about which evidence is requested."""
_HEALTH_ORDER = {"Degraded": 0, "Missing": 1, "Unknown": 2, "Progressing": 3}


class FailingBranch(NamedTuple):
    """An unhealthy resource, its workload, and how many resources beside it are unhealthy in the same way."""

    workload: ResourceNode
    leaf: ResourceNode
    alike: int = 1


def find_failing_branches(tree: ResourceTree) -> tuple[FailingBranch, ...]:
    """Return the unhealthy branches, the worst first, one for each workload, MAX_BRANCHES at most."""
    found = [branch for root in tree.roots if not root.is_orphan for branch in _find_in_workload(tree, root)]
    found.sort(key=lambda branch: (_health_rank(branch.leaf), branch.workload.key))
    return tuple(found[:MAX_BRANCHES])


def _find_in_workload(tree: ResourceTree, root: ResourceNode) -> Iterator[FailingBranch]:
    """Yield the unhealthy resource at the lower end of a workload: the worst, and among those the newest."""
    unhealthy = [node for node in tree.walk_below(root) if node.is_unhealthy]
    leaves = [
        node
        for node in unhealthy
        if not any(child.is_unhealthy for child in tree.list_children(node)) and not _is_only_missing(node)
    ]
    if not leaves:
        return
    leaf = min(leaves, key=lambda node: (_health_rank(node), -(node.created_at.timestamp() if node.created_at else 0)))
    alike = [node for node in leaves if (node.key.kind, node.health) == (leaf.key.kind, leaf.health)]
    yield FailingBranch(root, leaf, len(alike))


def _is_only_missing(node: ResourceNode) -> bool:
    """Return True for a resource that does not exist yet: the sync explains that, not the resource."""
    return node.health == "Missing"


def _health_rank(node: ResourceNode) -> int:
    return _HEALTH_ORDER.get(node.health, len(_HEALTH_ORDER))
