from __future__ import annotations

from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree


def make_node(name: str, *parents: str) -> ResourceNode:
    return ResourceNode(ResourceKey("", "Pod", "ns", name), uid=name, parent_uids=parents)


def test_a_node_without_known_parent_is_a_root() -> None:
    tree = ResourceTree([make_node("a"), make_node("b", "a"), make_node("c", "gone")])
    assert [node.key.name for node in tree.roots] == ["a", "c"]
    assert [node.key.name for node in tree.list_children(tree.roots[0])] == ["b"]


def test_owners_that_form_a_cycle_end_the_walk() -> None:
    first, second = make_node("a", "b"), make_node("b", "a")
    tree = ResourceTree([first, second])
    assert {node.key.name for node in tree.walk_below(first)} == {"a", "b"}
    assert len(tree.list_owners(first)) <= 2


def test_a_node_that_owns_itself_is_a_root() -> None:
    tree = ResourceTree([make_node("a", "a")])
    assert [node.key.name for node in tree.roots] == ["a"]


def test_a_deep_tree_is_walked_parents_first() -> None:
    nodes = [make_node("0"), *(make_node(str(i), str(i - 1)) for i in range(1, 5_000))]
    tree = ResourceTree(nodes)
    assert [node.uid for node in tree.walk_below(nodes[0])] == [node.uid for node in nodes]
