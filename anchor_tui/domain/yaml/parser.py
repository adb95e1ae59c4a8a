"""Build nodes from the events of the YAML parser. No other module of the domain uses ruamel.

ruamel is imported at the first parse, because the import takes 11 to 26 ms.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, Protocol

from anchor_tui.domain.model import Problem
from anchor_tui.domain.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, YamlDocumentError, describe_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ruamel.yaml.error import YAMLError

    from anchor_tui.domain.yaml.scalars import ScalarStyle

MAX_DEPTH = 100
MAX_NODES = 1_000_000
"""The limit after aliases are expanded, so that a small file cannot use unbounded memory."""
_SCALAR_STYLES: dict[str, ScalarStyle] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}


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
    return _NodeBuilder(file).build_roots(_parse_events(text, file))


def _parse_events(text: str, file: str) -> Iterable[_Event]:
    """Return the events of the parser. libyaml, if installed, parses 300 lines in 3 ms instead of 30 ms."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return tuple(YAML(typ="safe").parse(text))
    except YAMLError as error:
        _raise_for_tab(text, file, error)
        try:  # libyaml supports only YAML 1.1 and refuses `{digest: sha256:…}`, which Helm reads
            return tuple(YAML(typ="safe", pure=True).parse(text))
        except YAMLError as second:
            _raise_for_tab(text, file, second)
            raise YamlDocumentError(_build_syntax_problem(second, file)) from second


def _raise_for_tab(text: str, file: str, error: YAMLError) -> None:
    mark = getattr(error, "problem_mark", None)
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return
    if found := re.match(r" *(?:- +)*\t", lines[mark.line]):
        message = "a tab in the indentation: YAML takes spaces only"
        raise YamlDocumentError(Problem(file, "tab", message, file, mark.line + 1, found.end())) from error


def _build_syntax_problem(error: YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    start = getattr(error, "context_mark", None)
    message = f"not valid YAML: {getattr(error, 'problem', None) or error}"
    if context := getattr(error, "context", None):
        message += f", {context}"
    if start is not None and mark is not None and start.line != mark.line:
        message += f" that begins in line {start.line + 1}"
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
    return Problem(file, "malformed-yaml", message, file, line, column)


class _NodeBuilder:
    """Builds the nodes of one file from parser events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.notes: list[Problem] = []
        self.count = 0

    def build_roots(self, events: Iterable[_Event]) -> Iterator[tuple[Node, tuple[Problem, ...]]]:
        stream = iter(events)
        for event in stream:
            if type(event).__name__ == "DocumentStartEvent":
                self.anchors, self.notes, self.count = {}, [], 0
                root = self.build_node(next(stream), stream, 0)
                yield root, tuple(self.notes)

    def fail(self, kind: str, message: str, mark: _Mark) -> NoReturn:
        raise YamlDocumentError(Problem(self.file, kind, message, self.file, mark.line + 1, mark.column + 1))

    def build_node(self, event: _Event, stream: Iterator[_Event], depth: int) -> Node:
        mark, anchor = event.start_mark, event.anchor
        before = self.count
        self.count += 1
        if depth > MAX_DEPTH:
            self.fail("malformed-yaml", f"more than {MAX_DEPTH} levels deep", mark)
        match type(event).__name__:
            case "AliasEvent":
                return self.build_alias(event)
            case "ScalarEvent":
                node: Node = _build_scalar(event)
            case "SequenceStartEvent":
                node = SequenceNode(tuple(self.build_items(stream, depth)), mark.line + 1, mark.column + 1, anchor)
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
        line, column = mark.line + 1, mark.column + 1
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
        merged: tuple[MappingNode, ...] = ()
        while type(event := next(stream)).__name__ != "MappingEndEvent":
            mark = event.start_mark
            key = self.build_node(event, stream, depth + 1)
            if not isinstance(key, ScalarNode):
                self.fail(
                    "malformed-yaml", f"{describe_node(key)} cannot be a key: write a word before the colon", mark
                )
            value = self.build_node(next(stream), stream, depth + 1)
            if key.text == "<<" and key.style == "plain":
                merged = self.list_merge_sources(value, mark)
                continue
            if key.text in keys:
                first = keys[key.text].line
                self.fail("duplicate-key", f"`{key.text}` is in line {first} already: keep one of them", mark)
            entries[key.text], keys[key.text] = value, key
        line, column = start.start_mark.line + 1, start.start_mark.column + 1
        return MappingNode(entries, keys, line, column, merged, start.anchor)

    def list_merge_sources(self, value: Node, mark: _Mark) -> tuple[MappingNode, ...]:
        nodes = value.items if isinstance(value, SequenceNode) else (value,)
        sources = tuple(node for node in nodes if isinstance(node, MappingNode))
        if len(sources) < len(nodes):
            self.fail("malformed-yaml", "`<<` accepts only a mapping or a list of mappings", mark)
        return sources


def _build_scalar(event: _Event) -> ScalarNode:
    start, end = event.start_mark, event.end_mark
    style = _SCALAR_STYLES.get(event.style or "", "plain")
    tag = str(event.tag) if event.tag is not None else None
    return ScalarNode(event.value, start.line + 1, start.column + 1, start.index, end.index, style, event.anchor, tag)
