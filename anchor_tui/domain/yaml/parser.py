"""Build nodes from the events of the YAML parser. No other module of the domain uses ruamel.

The rules are those of sigs.k8s.io/yaml, the reader of Helm and Kubernetes: YAML 1.1, in which a colon inside a word
of a flow mapping is part of the word. A file that it rejects is an error here. Two spellings of one key are also an
error, because it uses one of them at random. So is a duplicate key: it silently uses the last one.

ruamel is imported at the first parse, because the import takes 11 to 26 ms.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, Protocol

from anchor_tui.domain.model import Problem
from anchor_tui.domain.text_lines import locate_index, split_lines
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
    from collections.abc import Iterable, Iterator

    from ruamel.yaml.error import YAMLError

    from anchor_tui.domain.yaml.scalars import ScalarStyle

MAX_DEPTH = 100
MAX_NODES = 1_000_000
"""The limit after aliases are expanded, so that a small file cannot use unbounded memory."""
_SCALAR_STYLES: dict[str, ScalarStyle] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}
_OTHER_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
"""Ends of lines in YAML 1.1, but not in the pure Python parser."""
_REJECTED_ESCAPE = re.compile(r"(?:[^\\]|\\[^/])*\\/", re.DOTALL)
_ANCHOR = re.compile(r"[A-Za-z0-9_-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INT64 = range(-(2**63), 2**63)


class _Mark(Protocol):
    index: int
    line: int
    column: int


class _Event(Protocol):
    """The attributes that the events of the C parser and of the pure Python parser have in common."""

    start_mark: _Mark
    end_mark: _Mark
    anchor: str | None
    value: str
    style: str | None
    tag: object


def compose_nodes(text: str, file: str) -> Iterator[tuple[Node, tuple[Problem, ...]]]:
    """Yield the root of every document with notes about its aliases. `text` has no byte order mark.

    Raises YamlDocumentError as `parse_document` does.
    """
    return _NodeBuilder(file, text).build_roots(_parse_events(text, file))


def _parse_events(text: str, file: str) -> Iterable[_Event]:
    """Return the events of the parser.

    libyaml, if installed, parses 300 lines in 3 ms instead of 30 ms. The bundled version is too old to read
    `{digest: sha256:...}`, which Helm reads.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        fast = YAML(typ="safe")
        if not fast.pure:
            return tuple(fast.parse(text))
    except YAMLError as error:
        if getattr(error, "problem", None) != "found unexpected ':'":
            _raise_for_tab(text, file, error)
            raise YamlDocumentError(_build_syntax_problem(error, text, file)) from error
    if found := _OTHER_LINE_ENDS.search(text):
        name = f"U+{ord(found[0]):04X}"
        message = f"the line end {name} is not supported here: write it as an escape in double quotes"
        raise YamlDocumentError(Problem(file, "malformed-yaml", message, file, *locate_index(text, found.start())))
    pure = YAML(typ="safe", pure=True)
    pure.version = (1, 1)
    try:
        return tuple(pure.parse(text))
    except YAMLError as error:
        _raise_for_tab(text, file, error)
        raise YamlDocumentError(_build_syntax_problem(error, text, file)) from error


def _raise_for_tab(text: str, file: str, error: YAMLError) -> None:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return
    number, lines = locate_index(text, mark.index)[0], split_lines(text)
    if number <= len(lines) and (found := re.match(r" *(?:- +)*\t", lines[number - 1])):
        message = "a tab in the indentation: YAML takes spaces only"
        raise YamlDocumentError(Problem(file, "tab", message, file, number, found.end())) from error


def _build_syntax_problem(error: YAMLError, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    start = getattr(error, "context_mark", None)
    line, column = locate_index(text, mark.index) if mark is not None else (None, None)
    message = f"not valid YAML: {getattr(error, 'problem', None) or error}"
    if context := getattr(error, "context", None):
        message += f", {context}"
    if start is not None and line is not None and (first := locate_index(text, start.index)[0]) != line:
        message += f" that begins in line {first}"
    return Problem(file, "malformed-yaml", message, file, line, column)


class _NodeBuilder:
    """Builds the nodes of one file from parser events."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.has_other_line_ends = bool(_OTHER_LINE_ENDS.search(text)) or "\r" in text.replace("\r\n", "")
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.notes: list[Problem] = []
        self.count = 0

    def build_roots(self, events: Iterable[_Event]) -> Iterator[tuple[Node, tuple[Problem, ...]]]:
        stream = iter(events)
        for event in stream:
            if type(event).__name__ == "DocumentStartEvent":
                self.anchors, self.notes, self.count = {}, [], 0
                self.check_directives(event)
                root = self.build_node(next(stream), stream, 0)
                yield root, tuple(self.notes)

    def fail(self, kind: str, message: str, mark: _Mark) -> NoReturn:
        raise YamlDocumentError(Problem(self.file, kind, message, self.file, *self.locate(mark)))

    def locate(self, mark: _Mark) -> tuple[int, int]:
        """Return line and column. The parser counts other ends of lines too."""
        return locate_index(self.text, mark.index) if self.has_other_line_ends else (mark.line + 1, mark.column + 1)

    def check_directives(self, event: _Event) -> None:
        if getattr(event, "version", None) not in {None, (1, 1)}:
            self.fail("malformed-yaml", "Helm reads only YAML 1.1: remove the directive `%YAML`", event.start_mark)
        position, end = 0, event.end_mark.index
        for line in reversed(split_lines(self.text[:end], keep_ends=True)):
            position += len(line)
            if line.startswith("%") and not re.match(r"%(YAML[ \t]+1\.1|TAG)\s", line):
                where = locate_index(self.text, end - position)
                message = f"Helm rejects the directive `{line.strip()}`: remove it"
                raise YamlDocumentError(Problem(self.file, "malformed-yaml", message, self.file, *where))
            if not line.startswith(("%", "#", "---", "\n", "\r")):
                return

    def build_node(self, event: _Event, stream: Iterator[_Event], depth: int) -> Node:
        mark, anchor = event.start_mark, event.anchor
        before = self.count
        self.count += 1
        if depth > MAX_DEPTH:
            self.fail("malformed-yaml", f"more than {MAX_DEPTH} levels deep", mark)
        if anchor is not None and not _ANCHOR.fullmatch(anchor):
            self.fail("malformed-yaml", f"`{anchor}` is not a name of an anchor: use letters and digits", mark)
        if anchor is not None and type(event).__name__ != "AliasEvent":
            self.anchors.pop(anchor, None)  # an alias inside would contain itself
        match type(event).__name__:
            case "AliasEvent":
                return self.build_alias(event)
            case "ScalarEvent":
                node: Node = self.build_scalar(event)
            case "SequenceStartEvent":
                node = SequenceNode(tuple(self.build_items(stream, depth)), *self.locate(mark), anchor)
            case _:
                node = self.build_mapping(event, stream, depth)
        if anchor is not None:
            self.anchors[anchor] = (node, self.count - before)
        return node

    def build_alias(self, event: _Event) -> Node:
        mark, name = event.start_mark, event.anchor
        if name not in self.anchors:
            self.fail("malformed-yaml", f"`*{name}` is undefined: no `&{name}` comes before it", mark)
        target, size = self.anchors[name]
        self.count += size
        if self.count > MAX_NODES:
            self.fail("malformed-yaml", f"its aliases expand to more than {MAX_NODES} values", mark)
        line, column = self.locate(mark)
        message = f"`*{name}` repeats the value in line {target.line}: it is read, but never changed"
        self.notes.append(Problem(self.file, "yaml-alias", message, self.file, line, column))
        if isinstance(target, ScalarNode):
            span = (mark.index, event.end_mark.index)
            return ScalarNode(target.text, line, column, *span, target.style, None, target.tag, is_alias=True)
        return replace(target, line=line, column=column, anchor=None, is_alias=True)

    def build_items(self, stream: Iterator[_Event], depth: int) -> Iterator[Node]:
        while type(event := next(stream)).__name__ != "SequenceEndEvent":
            yield self.build_node(event, stream, depth + 1)

    def build_mapping(self, start: _Event, stream: Iterator[_Event], depth: int) -> MappingNode:
        entries: dict[str, Node] = {}
        keys: dict[str, ScalarNode] = {}
        merged: list[MergeKey] = []
        names: dict[str, ScalarNode] = {}
        while type(event := next(stream)).__name__ != "MappingEndEvent":
            mark = event.start_mark
            key = self.build_node(event, stream, depth + 1)
            value = self.build_node(next(stream), stream, depth + 1)
            if isinstance(key, ScalarNode) and _is_merge_key(key):
                sources = self.list_merge_sources(value, mark)
                merged.append(MergeKey(sources, len(entries), self.locate(mark)[0]))
                continue
            key = self.check_key(key, mark)
            if (first := names.setdefault(format_key(key), key)) is not key:
                same = "" if first.text == key.text else f", as `{first.text}`,"
                self.fail(
                    "duplicate-key", f"`{key.text}`{same} is in line {first.line} already: keep one of them", mark
                )
            entries[key.text], keys[key.text] = value, key
        for merge in merged:
            for source in merge.sources:
                self.check_merged_keys(source, names, start.start_mark)
        return MappingNode(entries, keys, *self.locate(start.start_mark), tuple(merged), start.anchor)

    def check_key(self, key: Node, mark: _Mark) -> ScalarNode:
        if not isinstance(key, ScalarNode):
            self.fail("malformed-yaml", f"{describe_node(key)} cannot be a key: write a word before the colon", mark)
        if key.value is None:
            self.fail("malformed-yaml", "nothing cannot be a key: write a word before the colon, or quote it", mark)
        if isinstance(key.value, int) and key.value not in _INT64:
            self.fail("malformed-yaml", f"`{key.text}` is too large for a key: quote it", mark)
        return key

    def list_merge_sources(self, value: Node, mark: _Mark) -> tuple[MappingNode, ...]:
        nodes = value.items if isinstance(value, SequenceNode) and not value.is_alias else (value,)
        sources = tuple(node for node in nodes if isinstance(node, MappingNode))
        if len(sources) < len(nodes):
            self.fail("malformed-yaml", "`<<` accepts only a mapping or a list of mappings", mark)
        return sources

    def check_merged_keys(self, source: MappingNode, names: dict[str, ScalarNode], mark: _Mark) -> None:
        """Refuse a key that is spelled differently in two of the merged mappings, such as `on` and `true`."""
        for merge in source.merged:
            for below in merge.sources:
                self.check_merged_keys(below, names, mark)
        for key in source.keys.values():
            first = names.setdefault(format_key(key), key)
            if (first.text, type(first.value)) != (key.text, type(key.value)):
                message = f"`{first.text}` and the merged key `{key.text}` are one key in Helm: spell them alike"
                self.fail("duplicate-key", message, mark)

    def build_scalar(self, event: _Event) -> ScalarNode:
        start, end = event.start_mark, event.end_mark
        style = _SCALAR_STYLES.get(event.style or "", "plain")
        tag = str(event.tag) if event.tag is not None else None
        node = ScalarNode(event.value, *self.locate(start), start.index, end.index, style, event.anchor, tag)
        self.check_scalar(node, self.text[start.index : end.index], start)
        return node

    def check_scalar(self, node: ScalarNode, source: str, mark: _Mark) -> None:
        """Refuse a scalar that Helm rejects."""
        value, tag = node.value, node.tag
        if node.style == "double" and (_REJECTED_ESCAPE.match(source) or _SURROGATE.search(node.text)):
            escape = "\\/" if _REJECTED_ESCAPE.match(source) else "\\ud800"
            self.fail("malformed-yaml", f"Helm rejects the escape `{escape}`: write the character itself", mark)
        if isinstance(value, float) and not math.isfinite(value):
            self.fail("malformed-yaml", f"Helm rejects the number `{node.text}`: quote it if it is a text", mark)
        types = TYPES_BY_TAG.get(tag or "")
        if types and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            self.fail("malformed-yaml", f"`{node.text}` is not of the type of its tag ({tag})", mark)
        if tag in {TAG_PREFIX + "binary", TAG_PREFIX + "timestamp"}:
            self.fail("malformed-yaml", f"the tag {tag} is not supported: write the text itself", mark)


def _is_merge_key(key: ScalarNode) -> bool:
    if key.text != "<<":
        return False
    return key.tag == TAG_PREFIX + "merge" or (key.tag is None and key.style == "plain" and not key.is_alias)
