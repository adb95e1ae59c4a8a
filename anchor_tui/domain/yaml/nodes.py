"""The nodes of a YAML document: mappings, sequences and scalars, each with its position in the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from anchor_tui.domain.yaml.scalars import PlainValue, ScalarStyle, resolve_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anchor_tui.domain.model import Problem

Json: TypeAlias = "PlainValue | list[Json] | dict[str, Json]"
KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys of mappings and indices of sequences, from the root."""

_YAML_TAG_PREFIX = "tag:yaml.org,2002:"


class YamlDocumentError(Exception):
    """A file that cannot be read or changed as requested. `problem` has the position and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One scalar. `text` is its text without quotes; line and column start at 1.

    `start` and `end` are its position in the text of the document, including quotes. For an alias they are the
    position of the alias, and `text` is the text of the anchored scalar.
    """

    text: str
    line: int
    column: int
    start: int
    end: int
    style: ScalarStyle = "plain"
    anchor: str | None = None
    tag: str | None = None
    is_alias: bool = False

    @property
    def value(self) -> PlainValue:
        """The value as Helm and Kubernetes read it."""
        if self.tag is None:
            return resolve_scalar(self.text) if self.style == "plain" else self.text
        if self.tag in {
            _YAML_TAG_PREFIX + "int",
            _YAML_TAG_PREFIX + "float",
            _YAML_TAG_PREFIX + "bool",
            _YAML_TAG_PREFIX + "null",
        }:
            return resolve_scalar(self.text)
        return self.text


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping, in the order of its keys. `merged` are the mappings of its `<<` keys; the first one has precedence."""

    entries: Mapping[str, Node]
    keys: Mapping[str, ScalarNode]
    line: int
    column: int
    merged: tuple[MappingNode, ...] = ()
    anchor: str | None = None
    is_alias: bool = False

    def get(self, key: str) -> Node | None:
        """Return the node of a key; None if there is none. A node from a merge key counts as an alias."""
        if key in self.entries:
            return self.entries[key]
        for source in self.merged:
            if (node := source.get(key)) is not None:
                return replace(node, is_alias=True)
        return None


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A sequence of nodes."""

    items: tuple[Node, ...]
    line: int
    column: int
    anchor: str | None = None
    is_alias: bool = False


Node: TypeAlias = ScalarNode | MappingNode | SequenceNode


def format_key_path(path: KeyPath) -> str:
    """Return a key path with dots: `images.0.tag`."""
    return ".".join(str(step) for step in path)


def describe_node(node: Node) -> str:
    """Return a description of the node for an error message: its text, "a mapping" or "a list"."""
    match node:
        case ScalarNode():
            return f"`{node.text}`" if node.text else "nothing"
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"


def get_child(node: Node, step: str | int) -> Node | None:
    """Return the child node at one step of a key path. In a sequence, a text of digits is an index."""
    match node:
        case MappingNode():
            below = node.get(str(step))
        case SequenceNode():
            index = int(step) if isinstance(step, int) or step.isdecimal() else -1
            below = node.items[index] if 0 <= index < len(node.items) else None
        case ScalarNode():
            return None
    return replace(below, is_alias=True) if below is not None and node.is_alias else below


def find_nearest_node(node: Node, path: KeyPath) -> Node:
    """Return the node at a key path, or its nearest parent that exists."""
    for step in path:
        below = get_child(node, step)
        if below is None:
            break
        node = below
    return node


def to_plain_value(node: Node) -> Json:
    """Return the node as plain Python values."""
    match node:
        case ScalarNode():
            return node.value
        case SequenceNode():
            return [to_plain_value(item) for item in node.items]
        case MappingNode():
            values: dict[str, Json] = {}
            for source in reversed(node.merged):
                merged = to_plain_value(source)
                assert isinstance(merged, dict)
                values |= merged
            return values | {_format_key(node.keys[key]): to_plain_value(item) for key, item in node.entries.items()}


def _format_key(key: ScalarNode) -> str:
    value = key.value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else key.text


def walk_nodes(node: Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Node]]:
    """Yield the node and every node below it with its key path, in order, without the contents of aliases."""
    yield path, node
    if node.is_alias:
        return
    match node:
        case ScalarNode():
            pass
        case SequenceNode():
            for index, item in enumerate(node.items):
                yield from walk_nodes(item, (*path, index))
        case MappingNode():
            for key, item in node.entries.items():
                yield from walk_nodes(item, (*path, key))


def iterate_scalars(node: Node) -> Iterator[tuple[KeyPath, ScalarNode]]:
    """Yield every scalar value below the node with its key path, in order, without aliases."""
    for path, found in walk_nodes(node):
        if isinstance(found, ScalarNode) and not found.is_alias:
            yield path, found
