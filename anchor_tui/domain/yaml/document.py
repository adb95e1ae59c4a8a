"""YAML text ↔ Document: every scalar with its exact text and place, and edits that touch nothing else.

Nothing is ever dumped: a dump would lay the owners' files out anew. A change finds the scalar by the marks
of the parser's events, replaces its characters, and then reads the result again to see that exactly the
intended scalars changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from anchor_tui.domain.model import Problem
from anchor_tui.domain.yaml.nodes import (
    Json,
    KeyPath,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    YamlDocumentError,
    describe_node,
    format_key_path,
    get_child,
    iterate_scalars,
    to_plain_value,
)
from anchor_tui.domain.yaml.parser import compose_nodes
from anchor_tui.domain.yaml.scalars import write_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONTROL_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a file. `text` is the whole file's, without the byte order mark."""

    file: str
    text: str
    root: Node
    has_bom: bool = False
    number: int = 0
    """Which document of the file this is, from 0."""
    notes: tuple[Problem, ...] = field(default=(), compare=False)
    """Aliases and merge keys: what they say is read, but never changed from here."""

    @property
    def source(self) -> str:
        """The file as it is stored, byte order mark included."""
        return "\ufeff" + self.text if self.has_bom else self.text

    @property
    def value(self) -> Json:
        """The whole as Helm and Kubernetes read it; of an alias each use is the same object."""
        return to_plain_value(self.root)

    def find(self, path: KeyPath) -> Node | None:
        """The node at a key path, None where there is none."""
        node: Node | None = self.root
        for step in path:
            node = get_child(node, step) if node is not None else None
        return node

    def get_scalar(self, path: KeyPath) -> ScalarNode:
        """The scalar at a key path; DocumentError where there is none."""
        node = self.find(path)
        if isinstance(node, ScalarNode):
            return node
        found = "nothing" if node is None else describe_node(node)
        return self.fail("missing-key", f"`{format_key_path(path)}` should hold one value, and holds {found}", node)

    def iterate_scalars(self) -> Iterator[tuple[KeyPath, ScalarNode]]:
        """Every scalar value with its key path, in the file's order; what an alias stands for is left out."""
        return iterate_scalars(self.root)

    def fail(self, kind: str, message: str, node: Node | None = None) -> NoReturn:
        """Raise DocumentError at a node, or at the top."""
        raise YamlDocumentError(self.build_problem(kind, message, node))

    def build_problem(self, kind: str, message: str, node: Node | None = None) -> Problem:
        """A problem at a node, or at the top."""
        place = node if node is not None else self.root
        return Problem(self.file, kind, message, self.file, place.line, place.column)


# --- reading ---------------------------------------------------------------------------------------


def parse_document(text: str | bytes, file: str, *, mapping: bool = True) -> YamlDocument:
    """The one document of a file, a mapping at the top unless `mapping` is False.

    Raises DocumentError: not UTF-8, a control character, a tab in the indentation, malformed, a key twice,
    a key that is no scalar, nothing in it, several documents, no mapping at the top.
    """
    documents = parse_documents(text, file)
    if not documents:
        raise YamlDocumentError(Problem(file, "empty-file", "the file is empty: nothing in it can be read", file, 1, 1))
    if len(documents) > 1:
        second = documents[1]
        second.fail("several-documents", "a second document begins here: keep one in this file, without `---`")
    document = documents[0]
    if mapping and not isinstance(document.root, MappingNode):
        found = describe_node(document.root)
        document.fail("not-a-mapping", f"a mapping (`key: value`) should stand at the top, not {found}")
    return document


def parse_documents(text: str | bytes, file: str) -> tuple[YamlDocument, ...]:
    """Every document of a file that holds anything; DocumentError as for `parse`."""
    if isinstance(text, bytes):
        text = _decode_utf8(text, file)
    bom = text.startswith("\ufeff")
    text = text.removeprefix("\ufeff")  # the C parser's marks would be off by one after it
    if found := _CONTROL_CHARACTER.search(text):
        line, column = _locate_index(text, found.start())
        name = f"U+{ord(found[0]):04X}"
        message = f"the control character {name} cannot stand in YAML: remove it"
        raise YamlDocumentError(Problem(file, "malformed-yaml", message, file, line, column))
    documents: list[YamlDocument] = []
    for number, (root, notes) in enumerate(compose_nodes(text, file)):
        if not (isinstance(root, ScalarNode) and root.style == "plain" and not root.text):
            documents.append(YamlDocument(file, text, root, bom, number, notes))
    return tuple(documents)


def _decode_utf8(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        line, column = _locate_index(before, len(before))
        message = f"not UTF-8 (byte 0x{raw[error.start]:02x}): save the file as UTF-8"
        raise YamlDocumentError(Problem(file, "not-utf8", message, file, line, column)) from error


def _locate_index(text: str, index: int) -> tuple[int, int]:
    before = text[:index].replace("\r\n", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


# --- changing --------------------------------------------------------------------------------------


def replace_scalars(document: YamlDocument, changes: Mapping[KeyPath, str]) -> str:
    """The file with exactly these scalars saying these texts, everything else byte for byte.

    Quotes stay as they are, and come in where the text would be read as another type without them. Raises
    DocumentError for what cannot be changed so: no scalar there, an alias, an anchor, a tag, a block scalar,
    an empty place; and where the result would not read back as intended.
    """
    edits: list[tuple[ScalarNode, str]] = []
    wanted: dict[KeyPath, str] = {}
    for asked, text in changes.items():
        path, scalar = _find_editable_scalar(document, asked)
        if scalar.text != text:
            edits.append((scalar, text))
        wanted[path] = text
    source = document.text
    for scalar, text in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        source = source[: scalar.start] + write_scalar(text, scalar.style, scalar.value) + source[scalar.end :]
    result = "\ufeff" + source if document.has_bom else source
    _verify_edit(document, result, wanted)
    return result


def _find_editable_scalar(document: YamlDocument, asked: KeyPath) -> tuple[KeyPath, ScalarNode]:
    """The scalar at a path and the path with its true indices; DocumentError where it cannot be changed."""
    path: KeyPath = ()
    node: Node = document.root
    for step in asked:
        _refuse_shared_node(document, node, path)
        below = get_child(node, step)
        if below is None:
            document.fail("missing-key", f"`{format_key_path(asked)}` is not there, and nothing is ever inserted", node)
        path = (*path, int(step) if isinstance(node, SequenceNode) else str(step))
        node = below
    _refuse_shared_node(document, node, path)
    name = format_key_path(path)
    if not isinstance(node, ScalarNode):
        document.fail("not-editable", f"`{name}` holds {describe_node(node)}, not one value", node)
    if node.style in {"literal", "folded"}:
        document.fail("not-editable", f"`{name}` is a block of text: change it by hand", node)
    if node.tag is not None:
        document.fail("not-editable", f"`{name}` has a tag ({node.tag}): change it by hand", node)
    if node.start == node.end:
        document.fail("not-editable", f'`{name}` is empty, and nothing is ever inserted: write `""` there', node)
    return path, node


def _refuse_shared_node(document: YamlDocument, node: Node, path: KeyPath) -> None:
    if node.is_alias:
        message = f"`{format_key_path(path)}` is an alias of another place: change it by hand, there or here"
        document.fail("not-editable", message, node)
    if node.anchor is not None:
        message = f"`{format_key_path(path)}` has the anchor &{node.anchor}: what it says may stand elsewhere too"
        document.fail("not-editable", f"{message}; change it by hand", node)


def _verify_edit(document: YamlDocument, result: str, wanted: Mapping[KeyPath, str]) -> None:
    """Read the result again: the same outline, but for the wanted texts."""
    before = parse_documents(document.source, document.file)
    after = parse_documents(result, document.file)
    if len(before) != len(after):
        document.fail("not-editable", "the change would break the file into other documents; nothing was changed")
    for old, new in zip(before, after, strict=True):
        expected = wanted if old.number == document.number else {}
        for (path, was), (new_path, now) in zip(_walk_nodes(old.root, ()), _walk_nodes(new.root, ()), strict=False):
            if path in expected and isinstance(was, ScalarNode):
                good = path == new_path and isinstance(now, ScalarNode) and _reads_as(was, now, expected[path])
            else:
                good = path == new_path and _describe_shape(was) == _describe_shape(now)
            if not good:
                message = f"`{format_key_path(path)}` would not read back as intended; nothing was changed"
                document.fail("not-editable", message, was)
        if sum(1 for _ in _walk_nodes(old.root, ())) != sum(1 for _ in _walk_nodes(new.root, ())):
            document.fail("not-editable", "the change would bring in or lose a value; nothing was changed")


def _reads_as(was: ScalarNode, now: ScalarNode, text: str) -> bool:
    if was.text == text:
        return _describe_shape(was) == _describe_shape(now)
    return now.text == text and (isinstance(now.value, str) or type(now.value) is type(was.value))


def _walk_nodes(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    """Every node but what stands behind an alias, keys included as `key:` steps."""
    yield path, node
    if node.is_alias:
        return
    match node:
        case ScalarNode():
            pass
        case SequenceNode():
            for index, item in enumerate(node.items):
                yield from _walk_nodes(item, (*path, index))
        case MappingNode():
            for key, item in node.entries.items():
                yield from _walk_nodes(item, (*path, key))


def _describe_shape(node: Node) -> tuple[object, ...]:
    match node:
        case ScalarNode():
            return ("scalar", node.text, node.style, node.tag, node.anchor, node.is_alias)
        case SequenceNode():
            return ("list", len(node.items), node.anchor, node.is_alias)
        case MappingNode():
            keys = tuple((key.text, key.style) for key in node.keys.values())
            return ("mapping", keys, len(node.merged), node.anchor, node.is_alias)
