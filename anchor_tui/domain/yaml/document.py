"""Parse YAML files into documents, and replace scalars in them.

An edit never dumps the document, because a dump would reformat the owners' files. It finds the scalar by its position
in the text, replaces its characters, and parses the result to verify that exactly the intended scalars have changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from anchor_tui.domain.json_access import ODD_VALUE_FAULTS
from anchor_tui.domain.model import Problem
from anchor_tui.domain.text_lines import locate_index
from anchor_tui.domain.yaml.limits import FILE_LIMITS, YamlLimits
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
    shorten_problem,
    to_plain_value,
    walk_nodes,
)
from anchor_tui.domain.yaml.parser import compose_nodes
from anchor_tui.domain.yaml.scalars import format_plain_value, write_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INNER_BOM = re.compile("^[^#'\"\n]*\ufeff", re.MULTILINE)
"""A byte order mark outside of comments and quotes. The parser skips it; Helm does not."""
_CONTROL_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a file. `text` is the text of the whole file, without the byte order mark."""

    file: str
    text: str
    root: Node
    has_bom: bool = False
    number: int = 0
    """The index of the document in the file, from 0."""
    notes: tuple[Problem, ...] = field(default=(), compare=False)
    """One note for each alias: its value is read, but cannot be changed here."""

    @property
    def source(self) -> str:
        """The text of the file as it is stored, including the byte order mark."""
        return "\ufeff" + self.text if self.has_bom else self.text

    @property
    def value(self) -> Json:
        """The document as Helm and Kubernetes read it."""
        return to_plain_value(self.root)

    def find(self, path: KeyPath) -> Node | None:
        """Return the node at a key path; None if there is none."""
        node: Node | None = self.root
        for step in path:
            node = get_child(node, step) if node is not None else None
        return node

    def get_scalar(self, path: KeyPath) -> ScalarNode:
        """Return the scalar at a key path. Raises YamlDocumentError if there is no scalar."""
        node = self.find(path)
        if isinstance(node, ScalarNode):
            return node
        problem = "is missing" if node is None else f"is {describe_node(node)}, not one value"
        return self.fail("missing-key", f"`{format_key_path(path)}` {problem}", node)

    def iterate_scalars(self) -> Iterator[tuple[KeyPath, ScalarNode]]:
        """Yield every scalar value with its key path, in the order of the file, without the contents of aliases."""
        return iterate_scalars(self.root)

    def fail(self, kind: str, message: str, node: Node | None = None) -> NoReturn:
        """Raise YamlDocumentError with the position of a node, or of the document."""
        raise YamlDocumentError(self.build_problem(kind, message, node))

    def build_problem(self, kind: str, message: str, node: Node | None = None) -> Problem:
        """Return a problem with the position of a node, or of the document."""
        place = node if node is not None else self.root
        return shorten_problem(Problem(self.file, kind, message, self.file, place.line, place.column))


# --- parsing ---------------------------------------------------------------------------------------


def parse_document(
    text: str | bytes, file: str, *, mapping: bool = True, limits: YamlLimits = FILE_LIMITS
) -> YamlDocument:
    """Return the only document of a file. Unless `mapping` is False, its root is a mapping.

    Raises YamlDocumentError if the file is above the limits, is not UTF-8, is malformed or empty, contains a control
    character, a tab in the indentation, a duplicate key, a key that is not a scalar or several documents, if Helm
    rejects it, or if its root is not a mapping.
    """
    return get_only_document(parse_documents(text, file, limits), file, mapping=mapping)


def get_only_document(documents: tuple[YamlDocument, ...], file: str, *, mapping: bool = True) -> YamlDocument:
    """Return the only document of `parse_documents`. Raises YamlDocumentError as `parse_document` does."""
    if not documents:
        raise YamlDocumentError(Problem(file, "empty-file", "the file is empty", file, 1, 1))
    if len(documents) > 1 or documents[0].number:  # Helm reads only the first, even if it is empty
        second = documents[-1] if documents[0].number else documents[1]
        second.fail("several-documents", "a second document begins here: keep one in this file, without `---`")
    document = documents[0]
    if mapping and not isinstance(document.root, MappingNode):
        found = describe_node(document.root)
        document.fail("not-a-mapping", f"a mapping (`key: value`) is required at the top level, not {found}")
    return document


def parse_documents(text: str | bytes, file: str, limits: YamlLimits = FILE_LIMITS) -> tuple[YamlDocument, ...]:
    """Return every document of a file that is not empty. Raises YamlDocumentError as `parse_document` does.

    Any other exception of the parser is reported as an error of the file too.
    """
    _check_size(text, file, limits)
    if isinstance(text, bytes):
        text = _decode_utf8(text, file)
    bom = text.startswith("\ufeff")
    text = text.removeprefix("\ufeff")  # the C parser counts it in its positions
    if found := _CONTROL_CHARACTER.search(text) or _INNER_BOM.search(text):
        line, column = locate_index(text, found.end() - 1)
        name = f"U+{ord(found[0][-1]):04X}"
        message = f"the control character {name} is not allowed in YAML: remove it"
        raise YamlDocumentError(Problem(file, "malformed-yaml", message, file, line, column))
    try:
        roots = compose_nodes(text, file, limits)
    except ODD_VALUE_FAULTS as error:
        message = f"the YAML parser cannot read this file ({type(error).__name__}): simplify it"
        raise YamlDocumentError(Problem(file, "malformed-yaml", message, file, 1, 1)) from error
    documents: list[YamlDocument] = []
    for number, (root, notes) in enumerate(roots):
        if not (isinstance(root, ScalarNode) and root.style == "plain" and not root.text):
            documents.append(YamlDocument(file, text, root, bom, number, notes))
    return tuple(documents)


def _check_size(text: str | bytes, file: str, limits: YamlLimits) -> None:
    """Refuse a file that is too large. The position is that of the first byte above the limit."""
    if len(text) * 4 <= limits.size:
        return
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    if len(raw) > limits.size:
        kept = raw[: limits.size].decode("utf-8", "replace")
        message = f"larger than {limits.size // 1024:,} KiB: split the file; it is not read"
        raise YamlDocumentError(Problem(file, "too-large", message, file, *locate_index(kept, len(kept))))


def _decode_utf8(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        line, column = locate_index(before, len(before))
        message = f"not UTF-8 (byte 0x{raw[error.start]:02x}): save the file as UTF-8"
        raise YamlDocumentError(Problem(file, "not-utf8", message, file, line, column)) from error


# --- editing ---------------------------------------------------------------------------------------


def replace_scalars(document: YamlDocument, changes: Mapping[KeyPath, str], *, rendered: bool = False) -> str:
    """Return the text of the file with new texts for these scalars; every other byte stays the same.

    Quotes are kept. They are added if the new text would be read as another type without them. If the scalars are
    `rendered` by a template, quotes are also added to an unchanged number that it would write differently. Raises
    YamlDocumentError if a path has no scalar, if the scalar is empty, aliased, anchored, tagged, overridden by a merge
    key or a block scalar, and if the result would not read back as intended.
    """
    edits: list[tuple[ScalarNode, str]] = []
    expected: dict[KeyPath, str] = {}
    for requested, text in changes.items():
        path, scalar = _find_editable_scalar(document, requested)
        if scalar.text != text or (rendered and format_plain_value(scalar.value) != text):
            edits.append((scalar, text))
        expected[path] = text
    source = document.text
    for scalar, text in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        source = source[: scalar.start] + write_scalar(text, scalar.style, scalar.value) + source[scalar.end :]
    result = "\ufeff" + source if document.has_bom else source
    _verify_edit(document, result, expected)
    return result


def _find_editable_scalar(document: YamlDocument, requested: KeyPath) -> tuple[KeyPath, ScalarNode]:
    """Return the scalar at a path, and the path with integer indices.

    Raises YamlDocumentError if the scalar cannot be changed.
    """
    path: KeyPath = ()
    node: Node = document.root
    for step in requested:
        _refuse_shared_node(document, node, path)
        _refuse_overridden_key(document, node, path, str(step))
        below = get_child(node, step)
        if below is None:
            document.fail(
                "missing-key", f"`{format_key_path(requested)}` is missing, and nothing is ever inserted", node
            )
        path = (*path, int(step) if isinstance(node, SequenceNode) else str(step))
        node = below
    _refuse_shared_node(document, node, path)
    name = format_key_path(path)
    if not isinstance(node, ScalarNode):
        document.fail("not-editable", f"`{name}` is {describe_node(node)}, not one value", node)
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
        message = f"`{format_key_path(path)}` has the anchor &{node.anchor}: its value may be used elsewhere too"
        document.fail("not-editable", f"{message}; change it by hand", node)


def _refuse_overridden_key(document: YamlDocument, node: Node, path: KeyPath, key: str) -> None:
    if isinstance(node, MappingNode) and key in node.entries and (merge := node.find_merge_of(key)) is not None:
        name = format_key_path((*path, key))
        message = f"`{name}` is overridden by the merge key `<<` in line {merge.line}: change it by hand"
        document.fail("not-editable", message, node.entries[key])


def _verify_edit(document: YamlDocument, result: str, expected: Mapping[KeyPath, str]) -> None:
    """Parse the result and compare it with the document. Only the texts in `expected` may differ."""
    before = parse_documents(document.source, document.file)
    after = parse_documents(result, document.file)
    if len(before) != len(after):
        document.fail("not-editable", "the change would split the file into other documents; nothing was changed")
    for old, new in zip(before, after, strict=True):
        changes = expected if old.number == document.number else {}
        old_nodes, new_nodes = tuple(walk_nodes(old.root)), tuple(walk_nodes(new.root))
        for (path, old_node), (new_path, new_node) in zip(old_nodes, new_nodes, strict=False):
            if path != new_path or not _is_as_expected(old_node, new_node, changes.get(path)):
                message = f"`{format_key_path(path)}` would not read back as intended; nothing was changed"
                document.fail("not-editable", message, old_node)
        if len(old_nodes) != len(new_nodes):
            document.fail("not-editable", "the change would add or remove a value; nothing was changed")
        for path, text in changes.items():
            found = new.find(path)
            if not isinstance(found, ScalarNode) or found.text != text:
                message = f"`{format_key_path(path)}` would have no effect; nothing was changed"
                document.fail("not-editable", message, old.find(path))


def _is_as_expected(old: Node, new: Node, text: str | None) -> bool:
    """Return True if `new` is `old`, or a scalar with the expected text that is still a text or of the same type."""
    if text is None or not isinstance(old, ScalarNode):
        return _describe_shape(old) == _describe_shape(new)
    if not isinstance(new, ScalarNode) or new.text != text:
        return False
    return isinstance(new.value, str) or type(new.value) is type(old.value)


def _describe_shape(node: Node) -> tuple[object, ...]:
    match node:
        case ScalarNode():
            return ("scalar", node.text, node.style, node.tag, node.anchor, node.is_alias)
        case SequenceNode():
            return ("list", len(node.items), node.anchor, node.is_alias)
        case MappingNode():
            keys = tuple((key.text, key.style) for key in node.keys.values())
            return (
                "mapping",
                keys,
                tuple((merge.position, len(merge.sources)) for merge in node.merged),
                node.anchor,
                node.is_alias,
            )
