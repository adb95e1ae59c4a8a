"""The resources of one application as Argo CD nests them: a Deployment, its ReplicaSets, their Pods.

Source: `GET …/resource-tree` and its stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from anchor_tui.domain.model import AwareDatetime, ValueObject


class ResourceKey(NamedTuple):
    """The identity of a resource in its cluster. The core group is empty."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class ResourceNode(ValueObject, frozen=True):
    """One resource. Health is empty for kinds without health; sync is empty for resources that are not in git.

    `status_reason`, `ready` ("0/1"), `restarts` and `cluster_node` are set for pods only. `labels` are a pod's, and
    `selector` are the labels by which a Service finds its pods.
    """

    key: ResourceKey
    version: str = ""
    uid: str = ""
    parent_uids: tuple[str, ...] = ()
    sync: str = ""
    health: str = ""
    message: str = ""
    created_at: AwareDatetime | None = None
    images: tuple[str, ...] = ()
    status_reason: str = ""
    ready: str = ""
    restarts: int | None = None
    cluster_node: str = ""
    labels: Mapping[str, str] = {}
    selector: Mapping[str, str] = {}
    is_orphan: bool = False

    @property
    def is_unhealthy(self) -> bool:
        """True if the health is anything but Healthy, Suspended or unset."""
        return self.health not in {"", "Healthy", "Suspended"}


class ResourceTree:
    """The nodes of one application and how they are nested. Each question costs as much as its answer is long.

    A node is below its first known parent. Nodes without a known parent are roots.
    """

    def __init__(self, nodes: Iterable[ResourceNode] = ()) -> None:
        self.nodes = tuple(nodes)
        self._by_uid = {node.uid: node for node in self.nodes if node.uid}
        self._children: dict[str, list[ResourceNode]] = {}
        roots = []
        for node in self.nodes:
            parent = self.find_parent(node)
            if parent is None:
                roots.append(node)
            else:
                self._children.setdefault(parent.uid, []).append(node)
        self.roots = tuple(roots)

    def find_node(self, uid: str) -> ResourceNode | None:
        """Return the node of a uid; None if there is none."""
        return self._by_uid.get(uid)

    def find_parent(self, node: ResourceNode) -> ResourceNode | None:
        """Return the node that owns a node; None for a root."""
        parents = (self._by_uid.get(uid) for uid in node.parent_uids if uid != node.uid)
        return next((parent for parent in parents if parent is not None), None)

    def list_children(self, node: ResourceNode) -> tuple[ResourceNode, ...]:
        """Return the nodes directly below a node."""
        return tuple(self._children.get(node.uid, ()))

    def walk_below(self, node: ResourceNode) -> Iterator[ResourceNode]:
        """Yield a node and everything below it, parents first. A node in a cycle of owners is yielded once."""
        pending, seen = [node], set()
        while pending:
            current = pending.pop()
            if current.uid in seen:
                continue
            seen.add(current.uid)
            yield current
            pending.extend(reversed(self._children.get(current.uid, ())))

    def list_owners(self, node: ResourceNode) -> tuple[ResourceNode, ...]:
        """Return the owners of a node, the direct one first."""
        found: list[ResourceNode] = []
        current: ResourceNode | None = node
        while (current := self.find_parent(current) if current else None) is not None and current not in found:
            found.append(current)
        return tuple(found)
