"""Build the nodes of one file from parser events, and count them while they are read."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn, Protocol

from anchor_tui.domain.model import Problem
from anchor_tui.domain.text_lines import locate_index, split_lines
from anchor_tui.domain.yaml.limits import MAX_DEPTH, YamlLimits
from anchor_tui.domain.yaml.nodes import (
    TAG_PREFIX,
    TYPES_BY_TAG,
    MappingNode,
    MergeKey,
    Node,
    ScalarNode,
    SequenceNode,
    YamlDocumentError,
    describe_node,
    format_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anchor_tui.domain.yaml.scalars import ScalarStyle

TEXT_PER_NODE = 64
"""A scalar counts as one node, and as another for each so many characters: an alias repeats a long text too."""
FLOAT_KEY_COST = 5
"""A key such as `1.50` counts as so many more nodes, because the search for Go's text of it is slow."""
_NODES_PER_CHECK = 256
"""The number of nodes between two questions whether the time has expired."""
_SCALAR_STYLES: dict[str, ScalarStyle] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}
OTHER_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
"""Ends of lines in YAML 1.1, but not in the pure Python parser."""
_REJECTED_ESCAPE = re.compile(r"(?:[^\\]|\\[^/])*+\\/", re.DOTALL)
_ANCHOR = re.compile(r"[A-Za-z0-9_-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INT64 = range(-(2**63), 2**63)


class SourceMark(Protocol):
    """A position in the text, counted from 0."""

    index: int
    line: int
    column: int


class ParserEvent(Protocol):
    """The attributes that the events of the C parser and of the pure Python parser have in common."""

    start_mark: SourceMark
    end_mark: SourceMark
    anchor: str | None
    value: str
    style: str | None
    tag: object


@dataclass(frozen=True, slots=True)
class _AnchoredNode:
    """A node with an anchor, the number of nodes in it, and the levels below it."""

    node: Node
    size: int
    height: int


class NodeBuilder:
    """Builds the nodes of one file from parser events."""

    def __init__(self, file: str, text: str, limits: YamlLimits) -> None:
        self._file = file
        self._text = text
        self._limits = limits
        has_other_line_ends = bool(OTHER_LINE_ENDS.search(text)) or "\r" in text.replace("\r\n", "")
        self._line_starts = [0, *(found.end() for found in re.finditer("\n", text))] if has_other_line_ends else []
        self._anchors: dict[str, _AnchoredNode] = {}
        self._notes: list[Problem] = []
        self._count = 0
        """The nodes of all documents so far."""
        self._deepest = 0
        """The deepest level of the innermost anchored node, or of the file."""
        self._content_end = 0
        """The index after the last scalar, alias or start of a document."""

    def build_roots(self, stream: Iterator[ParserEvent]) -> Iterator[tuple[Node, tuple[Problem, ...]]]:
        """Yield the root of every document with notes about its aliases. Raises YamlDocumentError."""
        for event in stream:
            if type(event).__name__ == "DocumentStartEvent":
                self._anchors, self._notes = {}, []
                self._check_directives(event)
                root = self._build_node(next(stream), stream, 0)
                yield root, tuple(self._notes)

    def _fail(self, kind: str, message: str, mark: SourceMark) -> NoReturn:
        raise YamlDocumentError(Problem(self._file, kind, message, self._file, *self._locate(mark)))

    def fail_too_deep(self, mark: SourceMark) -> NoReturn:
        """Raise the error of a file that is nested too deeply."""
        self._fail("too-deep", f"more than {MAX_DEPTH} levels deep: reduce the nesting; it is not read deeper", mark)

    def _add_to_count(self, size: int, mark: SourceMark) -> None:
        """Count nodes. Fail at the limits of nodes and time."""
        before = self._count
        self._count += size
        if self._count > self._limits.nodes:
            self._fail("too-large", f"more than {self._limits.nodes:,} values: split the file", mark)
        if before // _NODES_PER_CHECK != self._count // _NODES_PER_CHECK and self._limits.is_expired():
            self._fail("too-large", "parsing took too long and was stopped here: simplify or split the file", mark)

    def _locate(self, mark: SourceMark) -> tuple[int, int]:
        """Return line and column. The parser counts other ends of lines too."""
        if not self._line_starts:
            return mark.line + 1, mark.column + 1
        line = bisect_right(self._line_starts, mark.index)
        return line, mark.index - self._line_starts[line - 1] + 1

    def _check_directives(self, event: ParserEvent) -> None:
        if getattr(event, "version", None) not in {None, (1, 1)}:
            self._fail("malformed-yaml", "Helm reads only YAML 1.1: remove the directive `%YAML`", event.start_mark)
        start, self._content_end = self._content_end, event.end_mark.index
        position, end = 0, event.end_mark.index
        for line in reversed(split_lines(self._text[start:end], keep_ends=True)):
            position += len(line)
            if line.startswith("%") and not re.match(r"%(YAML[ \t]+1\.1|TAG)\s", line):
                where = locate_index(self._text, end - position)
                message = f"Helm rejects the directive `{line.strip()}`: remove it"
                raise YamlDocumentError(Problem(self._file, "malformed-yaml", message, self._file, *where))
            if not line.startswith(("%", "#", "---", "\n", "\r")):
                return

    def _build_node(self, event: ParserEvent, stream: Iterator[ParserEvent], depth: int) -> Node:
        mark, anchor = event.start_mark, event.anchor
        before, deepest = self._count, self._deepest
        self._add_to_count(1, mark)
        if depth > MAX_DEPTH:
            self.fail_too_deep(mark)
        self._deepest = depth if anchor is not None else max(deepest, depth)
        if anchor is not None and not _ANCHOR.fullmatch(anchor):
            self._fail("malformed-yaml", f"`{anchor}` is not a name of an anchor: use letters and digits", mark)
        if anchor is not None and type(event).__name__ != "AliasEvent":
            self._anchors.pop(anchor, None)  # an alias inside would contain itself
        match type(event).__name__:
            case "AliasEvent":
                self._deepest = deepest
                return self._build_alias(event, depth)
            case "ScalarEvent":
                node: Node = self._build_scalar(event)
            case "SequenceStartEvent":
                node = SequenceNode(tuple(self._build_items(stream, depth)), *self._locate(mark), anchor)
            case _:
                node = self._build_mapping(event, stream, depth)
        if anchor is not None:
            self._anchors[anchor] = _AnchoredNode(node, self._count - before, self._deepest - depth)
            self._deepest = max(deepest, self._deepest)
        return node

    def _build_alias(self, event: ParserEvent, depth: int) -> Node:
        mark, name = event.start_mark, event.anchor
        if name not in self._anchors:
            self._fail("malformed-yaml", f"`*{name}` is undefined: no `&{name}` comes before it", mark)
        anchored = self._anchors[name]
        target = anchored.node
        if self._count + anchored.size > self._limits.nodes:
            self._fail("too-large", f"its aliases expand to more than {self._limits.nodes:,} values: remove some", mark)
        self._add_to_count(anchored.size, mark)
        self._deepest = max(self._deepest, depth + anchored.height)
        if self._deepest > MAX_DEPTH:
            self.fail_too_deep(mark)
        self._content_end = event.end_mark.index
        line, column = self._locate(mark)
        message = f"`*{name}` repeats the value in line {target.line}: it is read, but never changed"
        self._notes.append(Problem(self._file, "yaml-alias", message, self._file, line, column))
        if isinstance(target, ScalarNode):
            span = (mark.index, event.end_mark.index)
            return ScalarNode(target.text, line, column, *span, target.style, None, target.tag, is_alias=True)
        return replace(target, line=line, column=column, anchor=None, is_alias=True)

    def _build_items(self, stream: Iterator[ParserEvent], depth: int) -> Iterator[Node]:
        while type(event := next(stream)).__name__ != "SequenceEndEvent":
            yield self._build_node(event, stream, depth + 1)

    def _build_mapping(self, start: ParserEvent, stream: Iterator[ParserEvent], depth: int) -> MappingNode:
        entries: dict[str, Node] = {}
        keys: dict[str, ScalarNode] = {}
        merged: list[MergeKey] = []
        names: dict[str, ScalarNode] = {}
        while type(event := next(stream)).__name__ != "MappingEndEvent":
            mark = event.start_mark
            key = self._build_node(event, stream, depth + 1)
            value = self._build_node(next(stream), stream, depth + 1)
            if isinstance(key, ScalarNode) and _is_merge_key(key):
                sources = self._list_merge_sources(value, mark)
                merged.append(MergeKey(sources, len(entries), self._locate(mark)[0]))
                continue
            key = self._check_key(key, mark)
            if (first := names.setdefault(format_key(key), key)) is not key:
                same = "" if first.text == key.text else f", as `{first.text}`,"
                self._fail(
                    "duplicate-key", f"`{key.text}`{same} is in line {first.line} already: keep one of them", mark
                )
            entries[key.text], keys[key.text] = value, key
        for merge in merged:
            for source in merge.sources:
                self._check_merged_keys(source, names, start.start_mark)
        return MappingNode(entries, keys, *self._locate(start.start_mark), tuple(merged), start.anchor)

    def _check_key(self, key: Node, mark: SourceMark) -> ScalarNode:
        if not isinstance(key, ScalarNode):
            self._fail("malformed-yaml", f"{describe_node(key)} cannot be a key: write a word before the colon", mark)
        if key.value is None:
            self._fail("malformed-yaml", "nothing cannot be a key: write a word before the colon, or quote it", mark)
        if isinstance(key.value, int) and key.value not in _INT64:
            self._fail("malformed-yaml", f"`{key.text}` is too large for a key: quote it", mark)
        if isinstance(key.value, float):
            self._add_to_count(FLOAT_KEY_COST, mark)
        return key

    def _list_merge_sources(self, value: Node, mark: SourceMark) -> tuple[MappingNode, ...]:
        nodes = value.items if isinstance(value, SequenceNode) and not value.is_alias else (value,)
        sources = tuple(node for node in nodes if isinstance(node, MappingNode))
        if len(sources) < len(nodes):
            self._fail("malformed-yaml", "`<<` accepts only a mapping or a list of mappings", mark)
        return sources

    def _check_merged_keys(self, source: MappingNode, names: dict[str, ScalarNode], mark: SourceMark) -> None:
        """Refuse a key that is spelled differently in two of the merged mappings, such as `on` and `true`."""
        for merge in source.merged:
            for below in merge.sources:
                self._check_merged_keys(below, names, mark)
        for key in source.keys.values():
            first = names.setdefault(format_key(key), key)
            if (first.text, type(first.value)) != (key.text, type(key.value)):
                message = f"`{first.text}` and the merged key `{key.text}` are one key in Helm: spell them alike"
                self._fail("duplicate-key", message, mark)

    def _build_scalar(self, event: ParserEvent) -> ScalarNode:
        start, end = event.start_mark, event.end_mark
        self._add_to_count(len(event.value) // TEXT_PER_NODE, start)
        if start.index < end.index:
            self._content_end = end.index
        style = _SCALAR_STYLES.get(event.style or "", "plain")
        tag = str(event.tag) if event.tag is not None else None
        node = ScalarNode(event.value, *self._locate(start), start.index, end.index, style, event.anchor, tag)
        self._check_scalar(node, self._text[start.index : end.index], start)
        return node

    def _check_scalar(self, node: ScalarNode, source: str, mark: SourceMark) -> None:
        """Refuse a scalar that Helm rejects."""
        value, tag = node.value, node.tag
        if node.style == "double" and (_REJECTED_ESCAPE.match(source) or _SURROGATE.search(node.text)):
            escape = "\\/" if _REJECTED_ESCAPE.match(source) else "\\ud800"
            self._fail("malformed-yaml", f"Helm rejects the escape `{escape}`: write the character itself", mark)
        if isinstance(value, float) and not math.isfinite(value):
            self._fail("malformed-yaml", f"Helm rejects the number `{node.text}`: quote it if it is a text", mark)
        types = TYPES_BY_TAG.get(tag or "")
        if types and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            self._fail("malformed-yaml", f"`{node.text}` is not of the type of its tag ({tag})", mark)
        if tag in {TAG_PREFIX + "binary", TAG_PREFIX + "timestamp"}:
            self._fail("malformed-yaml", f"the tag {tag} is not supported: write the text itself", mark)


def _is_merge_key(key: ScalarNode) -> bool:
    if key.text != "<<":
        return False
    return key.tag == TAG_PREFIX + "merge" or (key.tag is None and key.style == "plain" and not key.is_alias)
