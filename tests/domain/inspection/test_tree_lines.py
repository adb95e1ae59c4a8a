"""The lines of a resource tree."""

from __future__ import annotations

import pytest

from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from anchor_tui.domain.inspection.tree_lines import (
    TreeLine,
    TreeOrder,
    expand_to,
    filter_tree,
    flatten_tree,
    get_group_id,
)


def make_node(
    name: str, parent: str = "", kind: str = "Pod", health: str = "Healthy", **changes: object
) -> ResourceNode:
    parents = (parent,) if parent else ()
    return ResourceNode(ResourceKey("", kind, "ns", name), "v1", name, parents, health=health, **changes)  # type: ignore[arg-type]


NODES = [
    make_node("web", kind="Deployment"),
    make_node("web-rs", "web", "ReplicaSet"),
    make_node("web-1", "web-rs"),
    make_node("web-2", "web-rs"),
    make_node("gateway", kind="Deployment", health="Degraded"),
    make_node("old-1", "gateway", "ReplicaSet"),
    make_node("old-2", "gateway", "ReplicaSet"),
    make_node("new", "gateway", "ReplicaSet", "Progressing"),
    make_node("new-a", "new"),
    make_node("new-b", "new"),
    make_node("new-c", "new", health="Degraded", message="back-off"),
    make_node("settings", kind="ConfigMap", health="", sync="OutOfSync"),
    make_node("stray", is_orphan=True, health="Degraded"),
]


def show(lines: tuple[TreeLine, ...]) -> list[str]:
    signs = {(True, True): "-", (True, False): "+", (False, False): " "}
    return [
        f"{'  ' * line.depth}{signs[line.is_expandable, line.is_expanded]}{line.group or line.node.key.name}"
        for line in lines
    ]


def test_unhealthy_branches_come_first_and_are_expanded():
    assert show(flatten_tree(TreeOrder(ResourceTree(NODES)), {})) == [
        "-gateway",
        "  -new",
        "     new-c",
        "    +2 healthy Pods",
        "  +2 healthy ReplicaSets",
        " settings",
        "+web",
        " stray",
    ]


def test_a_collapsed_branch_counts_its_pods():
    order = TreeOrder(ResourceTree(NODES))
    assert order.summarize_below(NODES[0]) == "2 healthy Pods"
    assert order.summarize_below(NODES[4]) == "3 Pods"
    assert order.summarize_below(NODES[2]) == ""


def test_the_operator_expands_and_collapses_lines():
    order = TreeOrder(ResourceTree(NODES))
    expansion = {"new": False, "web": True, get_group_id("gateway", "ReplicaSet"): True}
    assert show(flatten_tree(order, expansion)) == [
        "-gateway",
        "  +new",
        "  -2 healthy ReplicaSets",
        "     old-1",
        "     old-2",
        " settings",
        "-web",
        "  +web-rs",
        " stray",
    ]


def test_a_filter_shows_matches_with_their_owners():
    order = TreeOrder(ResourceTree(NODES))
    assert show(filter_tree(order, "web-2")) == ["-web", "  -web-rs", "     web-2"]
    assert show(filter_tree(order, "pod BACK-off")) == ["-gateway", "  -new", "     new-c"]
    assert show(filter_tree(order, "orphan")) == [" stray"]
    assert filter_tree(order, "nothing like this") == ()


@pytest.mark.parametrize(
    ("filter_text", "shown"),
    [
        ("stray|settings", ["settings", "stray"]),
        ("gateway !replicaset", ["gateway"]),
        ("pod !healthy !orphan", ["-gateway", "-new", "new-c"]),
        ('"deployment/web ns"', ["web"]),
        ("kind:pod", []),
        ("!", None),
    ],
)
def test_the_filter_has_the_language_of_the_other_filters(filter_text, shown):
    order = TreeOrder(ResourceTree(NODES))
    lines = [line.strip() for line in show(filter_tree(order, filter_text))]
    assert lines == shown or (shown is None and len(lines) == len(NODES))


def test_any_resource_can_be_made_visible():
    order = TreeOrder(ResourceTree(NODES))
    for node in NODES:
        ids = {line.id for line in flatten_tree(order, expand_to(order, node))}
        assert node.uid in ids


def test_owners_that_form_a_cycle_are_shown():
    nodes = [make_node("a", "b", health="Degraded"), make_node("b", "a"), make_node("c", "b")]
    lines = flatten_tree(TreeOrder(ResourceTree(nodes)), {"a": True, "b": True})
    assert {line.node.uid for line in lines} == {"a", "b", "c"}


def test_a_resource_that_is_listed_twice_has_one_line():
    node = make_node("a")
    assert len(flatten_tree(TreeOrder(ResourceTree([node, node])), {})) == 1


def test_resources_without_uid_have_lines_of_their_own():
    nodes = [ResourceNode(ResourceKey("", "Service", "ns", name), health="Missing") for name in "ab"]
    assert show(flatten_tree(TreeOrder(ResourceTree(nodes)), {})) == [" a", " b"]


def test_ten_thousand_nested_resources_are_flattened():
    nodes = [make_node("0"), *(make_node(str(i), str(i - 1), health="Degraded") for i in range(1, 10_000))]
    tree = ResourceTree(nodes)
    order = TreeOrder(tree)
    lines = flatten_tree(order, {})
    assert len(lines) == 10_000
    assert lines[-1].depth == 9_999
    assert order.summarize_below(nodes[0]) == "9,999 Pods"
