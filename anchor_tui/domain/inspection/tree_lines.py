"""The lines of a resource tree as it is displayed: nested, the worst branches first, quiet ones collapsed.

Building the lines costs as much as the tree is large, and each function walks without recursion, because owners can be
nested as deeply as a cluster allows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.model import ValueObject
from anchor_tui.domain.row_filter import compile_filter

GROUP_MIN_SIZE = 2
"""The number of quiet resources of one kind below the same parent from which they share a line."""
_HEALTH_ORDER = {"Degraded": 0, "Missing": 1, "Unknown": 2, "Progressing": 3}
_WELL = 9
"""The rank of a resource that is not unhealthy."""
_IRREGULAR_PLURALS = {"Ingress": "Ingresses", "NetworkPolicy": "NetworkPolicies"}


class TreeLine(ValueObject, frozen=True):
    """One line: a resource, or a group of quiet resources of one kind, whose `node` is their parent.

    `depth` counts the owners above it.
    """

    id: str
    node: ResourceNode
    depth: int
    is_expandable: bool = False
    is_expanded: bool = False
    group: str = ""
    """The title of a group, such as "3 healthy Pods"; empty for a resource."""


class SearchedResource(NamedTuple):
    """The text of a resource that a filter searches, in lower case."""

    id: str
    folded_text: str

    @staticmethod
    def field_values(_field: str) -> Sequence[str]:
        """Return nothing: resources do not have fields."""
        return ()


class TreeOrder:
    """The children of each resource of a tree in the order of display, and the worst health below each.

    Resources whose owners form a cycle are displayed below one of them. A resource that is listed twice counts once.
    """

    def __init__(self, tree: ResourceTree) -> None:
        self.tree = tree
        self._children: dict[str, tuple[ResourceNode, ...]] = {}
        self._worst: dict[str, int] = {}
        self._differs: set[str] = set()
        self._summaries: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        """The id of the line above each resource that is not a root."""
        self.nodes = {get_node_id(node): node for node in tree.nodes}
        self.searched = [SearchedResource(id_, _get_search_text(node)) for id_, node in self.nodes.items()]
        """The resources as a filter searches them."""
        starts = [*tree.roots, *tree.nodes]
        seen: set[str] = set()
        roots = [start for start in starts if get_node_id(start) not in seen and self._add(tree, start, seen)]
        self.roots = tuple(sorted(roots, key=self._rank))

    def _add(self, tree: ResourceTree, root: ResourceNode, seen: set[str]) -> bool:
        """Add a branch: parents first on the way down, so that the way back finds every child's result."""
        order, pending = [], [root]
        while pending:
            node = pending.pop()
            id_ = get_node_id(node)
            if id_ in seen:
                continue
            seen.add(id_)
            order.append(node)
            children = []
            for child in tree.list_children(node):
                if get_node_id(child) not in seen and get_node_id(child) not in self.owners:
                    self.owners[get_node_id(child)] = id_
                    children.append(child)
            self._children[id_] = tuple(children)
            pending += children
        for node in reversed(order):
            id_ = get_node_id(node)
            children = list(self._children[id_])
            ranks = [_HEALTH_ORDER.get(node.health, _WELL if not node.is_unhealthy else 4)]
            ranks += [self._worst[get_node_id(child)] for child in children]
            self._worst[id_] = min(ranks)
            if node.sync not in {"", "Synced"} or any(get_node_id(child) in self._differs for child in children):
                self._differs.add(id_)
            self._children[id_] = tuple(sorted(children, key=self._rank))
        return True

    def _rank(self, node: ResourceNode) -> tuple[bool, int, bool, str, str]:
        id_ = get_node_id(node)
        return node.is_orphan, self._worst[id_], id_ not in self._differs, node.key.kind, node.key.name

    def list_children(self, node: ResourceNode) -> tuple[ResourceNode, ...]:
        """Return the resources directly below a resource, the worst first."""
        return self._children.get(get_node_id(node), ())

    def is_quiet(self, node: ResourceNode) -> bool:
        """Return True if a resource and everything below it is healthy and equal to git."""
        id_ = get_node_id(node)
        return self._worst[id_] == _WELL and id_ not in self._differs and not node.is_orphan

    def has_failure_below(self, node: ResourceNode) -> bool:
        """Return True if something below a resource is unhealthy."""
        return any(self._worst[get_node_id(child)] < _WELL for child in self.list_children(node))

    def summarize_below(self, node: ResourceNode) -> str:
        """Return the number of pods below a resource: "3 healthy Pods"; if there are none, of each kind."""
        id_ = get_node_id(node)
        if id_ not in self._summaries:
            kinds: Counter[str] = Counter()
            pending = list(self.list_children(node))
            while pending:
                found = pending.pop()
                kinds[found.key.kind] += 1
                pending += self.list_children(found)
            if "Pod" in kinds:
                kinds = Counter({"Pod": kinds["Pod"]})
            healthy = "healthy " if kinds and self.is_quiet(node) else ""
            self._summaries[id_] = ", ".join(_count_kind(number, kind, healthy) for kind, number in kinds.items())
        return self._summaries[id_]

    def list_owner_ids(self, node: ResourceNode) -> Iterator[str]:
        """Yield the ids of the lines above a resource, the direct owner first."""
        id_ = self.owners.get(get_node_id(node))
        while id_ is not None:
            yield id_
            id_ = self.owners.get(id_)


def get_node_id(node: ResourceNode) -> str:
    """Return the id of a resource's line: its uid; its key if it does not exist yet."""
    return node.uid or "/".join(node.key)


def get_group_id(parent_id: str, kind: str) -> str:
    """Return the id of the line of a group."""
    return f"{parent_id}//{kind}"


def flatten_tree(order: TreeOrder, expansion: Mapping[str, bool]) -> tuple[TreeLine, ...]:
    """Return the visible lines. `expansion` contains the lines that the operator expanded or collapsed, by id.

    Any other line is expanded if something below it is unhealthy.
    """
    lines: list[TreeLine] = []
    pending = [TreeLine(get_node_id(root), root, 0) for root in reversed(order.roots)]
    while pending:
        line = pending.pop()
        if line.group:
            children = [child for child in order.list_children(line.node) if _is_member(line, child, order)]
            expanded = expansion.get(line.id, False)
            below = [TreeLine(get_node_id(child), child, line.depth + 1) for child in children]
        else:
            children = list(order.list_children(line.node))
            expanded = bool(children) and expansion.get(line.id, order.has_failure_below(line.node))
            below = list(_list_below(line, order)) if expanded else []
        lines.append(replace(line, is_expandable=bool(children), is_expanded=expanded))
        if expanded:
            pending += reversed(below)
    return tuple(lines)


def _is_member(group: TreeLine, child: ResourceNode, order: TreeOrder) -> bool:
    return get_group_id(get_node_id(group.node), child.key.kind) == group.id and order.is_quiet(child)


def _list_below(line: TreeLine, order: TreeOrder) -> Iterator[TreeLine]:
    """Yield the lines directly below a resource. Quiet resources of one kind share a line if something else fails."""
    children = order.list_children(line.node)
    quiet = Counter(child.key.kind for child in children if order.is_quiet(child))
    grouped = {kind for kind, number in quiet.items() if number >= GROUP_MIN_SIZE and number < len(children)}
    shown: set[str] = set()
    for child in children:
        kind = child.key.kind
        if kind not in grouped or not order.is_quiet(child):
            yield TreeLine(get_node_id(child), child, line.depth + 1)
        elif kind not in shown:
            shown.add(kind)
            title = _count_kind(quiet[kind], kind, "healthy ")
            yield TreeLine(get_group_id(line.id, kind), line.node, line.depth + 1, group=title)


def filter_tree(order: TreeOrder, filter_text: str) -> tuple[TreeLine, ...]:
    """Return the resources that match a filter, with their owners."""
    kept: set[str] = set()
    for resource in compile_filter(filter_text).select(order.searched):
        above: str | None = resource.id
        while above is not None and above not in kept:
            kept.add(above)
            above = order.owners.get(above)
    lines: list[TreeLine] = []
    pending = [TreeLine(get_node_id(root), root, 0) for root in reversed(order.roots)]
    while pending:
        line = pending.pop()
        if line.id not in kept:
            continue
        below = [
            TreeLine(get_node_id(child), child, line.depth + 1)
            for child in reversed(order.list_children(line.node))
            if get_node_id(child) in kept
        ]
        lines.append(replace(line, is_expandable=True, is_expanded=True) if below else line)
        pending += below
    return tuple(lines)


def expand_to(order: TreeOrder, node: ResourceNode) -> dict[str, bool]:
    """Return the expansion that makes a resource visible."""
    expansion = dict.fromkeys(order.list_owner_ids(node), True)
    owner = next(order.list_owner_ids(node), None)
    if owner is not None and order.is_quiet(node):
        expansion[get_group_id(owner, node.key.kind)] = True
    return expansion


def _get_search_text(node: ResourceNode) -> str:
    orphan = "orphan" if node.is_orphan else ""
    parts = (str(node.key), node.key.namespace, node.sync, node.health, node.status_reason, node.message, orphan)
    return " ".join(parts).lower()


def _count_kind(number: int, kind: str, adjective: str) -> str:
    return format_count(number, f"{adjective}{kind}", f"{adjective}{_pluralize(kind)}")


def _pluralize(kind: str) -> str:
    return _IRREGULAR_PLURALS.get(kind, kind if kind.endswith("s") else f"{kind}s")
