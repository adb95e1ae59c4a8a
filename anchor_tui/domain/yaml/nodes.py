"""The nodes of a YAML document: mappings, sequences and scalars, each with its position in the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from msgspec import structs

from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.yaml.go_numbers import format_float
from anchor_tui.domain.yaml.scalars import PlainValue, ScalarStyle, resolve_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anchor_tui.domain.model import Problem

Json: TypeAlias = "PlainValue | list[Json] | dict[str, Json]"
KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys of mappings and indices of sequences, from the root."""

MAX_MESSAGE_LENGTH = 1_000
MAX_WORD_LENGTH = 200
"""The characters of a message about a file, and of one scalar in it."""
TAG_PREFIX = "tag:yaml.org,2002:"
TYPES_BY_TAG: dict[str, tuple[type, ...]] = {
    TAG_PREFIX + "int": (int,),
    TAG_PREFIX + "float": (int, float),
    TAG_PREFIX + "bool": (bool,),
    TAG_PREFIX + "null": (type(None),),
}
"""The types that the value of a scalar with such a tag must have. `true` is not an int here."""


class YamlDocumentError(Exception):
    """A file that cannot be read or changed as requested. `problem` has the position and what to do."""

    def __init__(self, problem: Problem) -> None:
        problem = shorten_problem(problem)
        super().__init__(str(problem))
        self.problem = problem


def shorten_problem(problem: Problem) -> Problem:
    """Return a problem with a message of limited length. A file can contain a key or a word of a megabyte."""
    if len(problem.message) <= MAX_MESSAGE_LENGTH:
        return problem
    return structs.replace(problem, message=shorten_text(problem.message, MAX_MESSAGE_LENGTH))


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
        return resolve_scalar(self.text) if self.tag in TYPES_BY_TAG else self.text


@dataclass(frozen=True, slots=True)
class MergeKey:
    """One `<<` key. Among its sources, the first that has a key has precedence.

    `position` is the number of keys of the mapping before it. Helm reads a mapping in order, so a merge key overrides
    the keys before it, and the keys after it override the merge key.
    """

    sources: tuple[MappingNode, ...]
    position: int
    line: int

    def get(self, key: str) -> Node | None:
        """Return the node of a key; None if no source has it."""
        return next((node for source in self.sources if (node := source.get(key)) is not None), None)


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping. `entries` are its own keys in order, including those that one of its merge keys overrides."""

    entries: Mapping[str, Node]
    keys: Mapping[str, ScalarNode]
    line: int
    column: int
    merged: tuple[MergeKey, ...] = ()
    anchor: str | None = None
    is_alias: bool = False

    def get(self, key: str) -> Node | None:
        """Return the node of a key as Helm reads it; None if there is none.

        A node from a merge key counts as an alias.
        """
        _, node = self._find_merged(key)
        return replace(node, is_alias=True) if node is not None else self.entries.get(key)

    def find_merge_of(self, key: str) -> MergeKey | None:
        """Return the merge key that supplies a key; None if the mapping's own key counts, or if there is none."""
        return self._find_merged(key)[0]

    def _find_merged(self, key: str) -> tuple[MergeKey | None, Node | None]:
        """Return the merge key that supplies a key, and the node. A chain of merge keys is followed once."""
        if self.merged:
            own = list(self.entries).index(key) if key in self.entries else -1
            for merge in reversed(self.merged):
                if merge.position > own and (node := merge.get(key)) is not None:
                    return merge, node
        return None, None

    def iterate_children(self) -> Iterator[tuple[str, Node]]:
        """Yield every key with its node as Helm reads it: the mapping's own keys, then those of its merge keys."""
        if not self.merged:
            yield from self.entries.items()
            return
        for key, node in self._collect_children().items():
            yield key, node if node is self.entries.get(key) else replace(node, is_alias=True)

    def _collect_children(self) -> dict[str, Node]:
        """Return the nodes by key: read in order, with each merge key at its position."""
        own, start = list(self.entries.items()), 0
        found: dict[str, Node] = dict(own)
        for merge in self.merged:
            found.update(own[start : merge.position])
            start = merge.position
            for source in reversed(merge.sources):
                found.update(source._collect_children())  # noqa: SLF001 - of the same class
        found.update(own[start:])
        return found


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
            return f"`{shorten_text(node.text, MAX_WORD_LENGTH)}`" if node.text else "nothing"
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
            return _to_plain_mapping(node)


def _to_plain_mapping(node: MappingNode) -> dict[str, Json]:
    """Return a mapping as Helm reads it: in order, with each merge key at its position."""
    values: dict[str, Json] = {}
    own = [(format_key(node.keys[key]), to_plain_value(item)) for key, item in node.entries.items()]
    start = 0
    for merge in node.merged:
        values.update(own[start : merge.position])
        start = merge.position
        for source in reversed(merge.sources):
            values |= _to_plain_mapping(source)
    values.update(own[start:])
    return values


def format_key(key: ScalarNode) -> str:
    """Return the text of a key as Helm reads it: `on` is true, `1.50` is 1.5."""
    value = key.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format_float(value, single=True)
    return str(value) if isinstance(value, int) else key.text


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
