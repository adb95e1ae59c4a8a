"""YAML text ↔ Document: every scalar with its exact text and place, and edits that touch nothing else.

Nothing is ever dumped: a dump would lay the owners' files out anew. A change finds the scalar by the marks
of the parser's events, replaces its characters, and then reads the result again to see that exactly the
intended scalars changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from anchor_tui.domain.composing import compose
from anchor_tui.domain.model import Problem
from anchor_tui.domain.nodes import (
    DocumentError,
    Json,
    KeyPath,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    child,
    dotted,
    kind_of,
    plain_value,
    scalars_below,
)
from anchor_tui.domain.scalars import write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Document",
    "DocumentError",
    "Json",
    "KeyPath",
    "MappingNode",
    "Node",
    "Scalar",
    "SequenceNode",
    "dotted",
    "kind_of",
    "parse",
    "parse_all",
    "splice",
]

_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file. `text` is the whole file's, without the byte order mark."""

    file: str
    text: str
    root: Node
    bom: bool = False
    number: int = 0
    """Which document of the file this is, from 0."""
    notes: tuple[Problem, ...] = field(default=(), compare=False)
    """Aliases and merge keys: what they say is read, but never changed from here."""

    @property
    def source(self) -> str:
        """The file as it is stored, byte order mark included."""
        return "\ufeff" + self.text if self.bom else self.text

    @property
    def value(self) -> Json:
        """The whole as Helm and Kubernetes read it; of an alias each use is the same object."""
        return plain_value(self.root)

    def find(self, path: KeyPath) -> Node | None:
        """The node at a key path, None where there is none."""
        node: Node | None = self.root
        for step in path:
            node = child(node, step) if node is not None else None
        return node

    def scalar(self, path: KeyPath) -> Scalar:
        """The scalar at a key path; DocumentError where there is none."""
        node = self.find(path)
        if isinstance(node, Scalar):
            return node
        found = "nothing" if node is None else kind_of(node)
        return self.fail("missing-key", f"`{dotted(path)}` should hold one value, and holds {found}", node)

    def scalars(self) -> Iterator[tuple[KeyPath, Scalar]]:
        """Every scalar value with its key path, in the file's order; what an alias stands for is left out."""
        return scalars_below(self.root)

    def fail(self, kind: str, message: str, node: Node | None = None) -> NoReturn:
        """Raise DocumentError at a node, or at the top."""
        raise DocumentError(self.problem(kind, message, node))

    def problem(self, kind: str, message: str, node: Node | None = None) -> Problem:
        """A problem at a node, or at the top."""
        place = node if node is not None else self.root
        return Problem(self.file, kind, message, self.file, place.line, place.column)


# --- reading ---------------------------------------------------------------------------------------


def parse(text: str | bytes, file: str, *, mapping: bool = True) -> Document:
    """The one document of a file, a mapping at the top unless `mapping` is False.

    Raises DocumentError: not UTF-8, a control character, a tab in the indentation, malformed, a key twice,
    a key that is no scalar, nothing in it, several documents, no mapping at the top.
    """
    documents = parse_all(text, file)
    if not documents:
        raise DocumentError(Problem(file, "empty-file", "the file is empty: nothing in it can be read", file, 1, 1))
    if len(documents) > 1:
        second = documents[1]
        second.fail("several-documents", "a second document begins here: keep one in this file, without `---`")
    document = documents[0]
    if mapping and not isinstance(document.root, MappingNode):
        found = kind_of(document.root)
        document.fail("not-a-mapping", f"a mapping (`key: value`) should stand at the top, not {found}")
    return document


def parse_all(text: str | bytes, file: str) -> tuple[Document, ...]:
    """Every document of a file that holds anything; DocumentError as for `parse`."""
    if isinstance(text, bytes):
        text = _decoded(text, file)
    bom = text.startswith("\ufeff")
    text = text.removeprefix("\ufeff")  # the C parser's marks would be off by one after it
    if found := _CONTROL.search(text):
        line, column = _place(text, found.start())
        name = f"U+{ord(found[0]):04X}"
        message = f"the control character {name} cannot stand in YAML: remove it"
        raise DocumentError(Problem(file, "malformed-yaml", message, file, line, column))
    documents: list[Document] = []
    for number, (root, notes) in enumerate(compose(text, file)):
        if not (isinstance(root, Scalar) and root.style == "plain" and not root.text):
            documents.append(Document(file, text, root, bom, number, notes))
    return tuple(documents)


def _decoded(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        line, column = _place(before, len(before))
        message = f"not UTF-8 (byte 0x{raw[error.start]:02x}): save the file as UTF-8"
        raise DocumentError(Problem(file, "not-utf8", message, file, line, column)) from error


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[:index].replace("\r\n", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


# --- changing --------------------------------------------------------------------------------------


def splice(document: Document, changes: Mapping[KeyPath, str]) -> str:
    """The file with exactly these scalars saying these texts, everything else byte for byte.

    Quotes stay as they are, and come in where the text would be read as another type without them. Raises
    DocumentError for what cannot be changed so: no scalar there, an alias, an anchor, a tag, a block scalar,
    an empty place; and where the result would not read back as intended.
    """
    edits: list[tuple[Scalar, str]] = []
    wanted: dict[KeyPath, str] = {}
    for asked, text in changes.items():
        path, scalar = _editable(document, asked)
        if scalar.text != text:
            edits.append((scalar, text))
        wanted[path] = text
    source = document.text
    for scalar, text in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        source = source[: scalar.start] + write(text, scalar.style, scalar.value) + source[scalar.end :]
    result = "\ufeff" + source if document.bom else source
    _verify(document, result, wanted)
    return result


def _editable(document: Document, asked: KeyPath) -> tuple[KeyPath, Scalar]:
    """The scalar at a path and the path with its true indices; DocumentError where it cannot be changed."""
    path: KeyPath = ()
    node: Node = document.root
    for step in asked:
        _refuse_shared(document, node, path)
        below = child(node, step)
        if below is None:
            document.fail("missing-key", f"`{dotted(asked)}` is not there, and nothing is ever inserted", node)
        path = (*path, int(step) if isinstance(node, SequenceNode) else str(step))
        node = below
    _refuse_shared(document, node, path)
    name = dotted(path)
    if not isinstance(node, Scalar):
        document.fail("not-editable", f"`{name}` holds {kind_of(node)}, not one value", node)
    if node.style in {"literal", "folded"}:
        document.fail("not-editable", f"`{name}` is a block of text: change it by hand", node)
    if node.tag is not None:
        document.fail("not-editable", f"`{name}` has a tag ({node.tag}): change it by hand", node)
    if node.start == node.end:
        document.fail("not-editable", f'`{name}` is empty, and nothing is ever inserted: write `""` there', node)
    return path, node


def _refuse_shared(document: Document, node: Node, path: KeyPath) -> None:
    if node.is_alias:
        message = f"`{dotted(path)}` is an alias of another place: change it by hand, there or here"
        document.fail("not-editable", message, node)
    if node.anchor is not None:
        message = f"`{dotted(path)}` has the anchor &{node.anchor}: what it says may stand elsewhere too"
        document.fail("not-editable", f"{message}; change it by hand", node)


def _verify(document: Document, result: str, wanted: Mapping[KeyPath, str]) -> None:
    """Read the result again: the same outline, but for the wanted texts."""
    before = parse_all(document.source, document.file)
    after = parse_all(result, document.file)
    if len(before) != len(after):
        document.fail("not-editable", "the change would break the file into other documents; nothing was changed")
    for old, new in zip(before, after, strict=True):
        expected = wanted if old.number == document.number else {}
        for (path, was), (new_path, now) in zip(_outline(old.root, ()), _outline(new.root, ()), strict=False):
            if path in expected and isinstance(was, Scalar):
                good = path == new_path and isinstance(now, Scalar) and _is_now(was, now, expected[path])
            else:
                good = path == new_path and _look(was) == _look(now)
            if not good:
                message = f"`{dotted(path)}` would not read back as intended; nothing was changed"
                document.fail("not-editable", message, was)
        if sum(1 for _ in _outline(old.root, ())) != sum(1 for _ in _outline(new.root, ())):
            document.fail("not-editable", "the change would bring in or lose a value; nothing was changed")


def _is_now(was: Scalar, now: Scalar, text: str) -> bool:
    if was.text == text:
        return _look(was) == _look(now)
    return now.text == text and (isinstance(now.value, str) or type(now.value) is type(was.value))


def _outline(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    """Every node but what stands behind an alias, keys included as `key:` steps."""
    yield path, node
    if node.is_alias:
        return
    match node:
        case Scalar():
            pass
        case SequenceNode():
            for index, item in enumerate(node.items):
                yield from _outline(item, (*path, index))
        case MappingNode():
            for key, item in node.entries.items():
                yield from _outline(item, (*path, key))


def _look(node: Node) -> tuple[object, ...]:
    match node:
        case Scalar():
            return ("scalar", node.text, node.style, node.tag, node.anchor, node.is_alias)
        case SequenceNode():
            return ("list", len(node.items), node.anchor, node.is_alias)
        case MappingNode():
            keys = tuple((key.text, key.style) for key in node.keys.values())
            return ("mapping", keys, len(node.merged), node.anchor, node.is_alias)
