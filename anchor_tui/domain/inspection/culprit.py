"""The resource that explains the state of an application, and the pods and workloads around a resource."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.inspection.failing_branches import find_failing_branches
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree

LOG_KINDS = frozenset({"Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Rollout"})
"""Kinds that have pods, or are one."""


def find_culprit(tree: ResourceTree) -> ResourceNode | None:
    """Return the deepest unhealthy resource of the worst branch, with a message if one has it; None if all is well."""
    branches = find_failing_branches(tree)
    if not branches:
        return None
    with_message = (branch.leaf for branch in branches if branch.leaf.message)
    return next(with_message, branches[0].leaf)


def list_pods(tree: ResourceTree, node: ResourceNode | None = None) -> tuple[ResourceNode, ...]:
    """Return the pods below a resource, or all of the application; those that are not healthy come first."""
    nodes: Iterator[ResourceNode] = tree.walk_below(node) if node is not None else iter(tree.nodes)
    pods = [found for found in nodes if found.key.kind == "Pod" and not found.is_orphan]
    return tuple(sorted(pods, key=lambda pod: (not pod.is_unhealthy, pod.key)))


def find_resource(tree: ResourceTree, name: str) -> ResourceNode | None:
    """Return the resource that a name means: `Kind/name`, or a name alone, then workloads come first."""
    kind, _, rest = name.rpartition("/")
    found = [
        node for node in tree.nodes if node.key.name == rest and (not kind or node.key.kind.lower() == kind.lower())
    ]
    return min(found, key=lambda node: (node.key.kind not in LOG_KINDS, node.key), default=None)
