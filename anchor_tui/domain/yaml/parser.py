"""Build nodes from the events of the YAML parser. No other module of the domain uses ruamel.

The rules are those of sigs.k8s.io/yaml, the reader of Helm and Kubernetes: YAML 1.1, in which a colon inside a word
of a flow mapping is part of the word. A file that it rejects is an error here. Two spellings of one key are also an
error, because it uses one of them at random. So is a duplicate key: it silently uses the last one.

Files are written by other people, so every event is counted and its depth is checked before the next one is read.
Within the limits of `YamlLimits` a file takes about one second at most, whatever it contains.

ruamel is imported at the first parse, because the import takes 11 to 26 ms.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from anchor_tui.domain.model import Problem
from anchor_tui.domain.text_lines import locate_index, split_lines
from anchor_tui.domain.yaml.limits import FILE_LIMITS, MAX_DEPTH, YamlLimits
from anchor_tui.domain.yaml.node_builder import OTHER_LINE_ENDS, NodeBuilder, SourceMark
from anchor_tui.domain.yaml.nodes import Node, YamlDocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ruamel.yaml.error import YAMLError

MAX_DIRECTIVES = 100
"""libyaml compares each `%TAG` with all others."""
_DIRECTIVE = re.compile("^%", re.MULTILINE)
PURE_SIZE = 256 * 1024
PURE_NODES = 10_000
"""The limits of the pure Python parser, which is ten to fifty times slower than libyaml."""


def compose_nodes(
    text: str, file: str, limits: YamlLimits = FILE_LIMITS
) -> tuple[tuple[Node, tuple[Problem, ...]], ...]:
    """Return the root of every document with notes about its aliases. `text` has no byte order mark.

    Raises YamlDocumentError as `parse_document` does.

    libyaml, if installed, parses 300 lines in 3 ms instead of 30 ms. The bundled version is too old to read
    `{digest: sha256:...}`, which Helm reads. Such a file is read again in pure Python, with the limits of that parser.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if found := next(islice(_DIRECTIVE.finditer(text), MAX_DIRECTIVES, None), None):
        message = f"more than {MAX_DIRECTIVES} directives (`%`): remove those that are not used"
        raise YamlDocumentError(Problem(file, "too-large", message, file, *locate_index(text, found.start())))
    fast = YAML(typ="safe")
    if fast.pure:
        return _compose_in_python(text, file, limits, "libyaml is not installed", 0)
    try:
        return tuple(NodeBuilder(file, text, limits).build_roots(fast.parse(text)))
    except YAMLError as error:
        if getattr(error, "problem", None) != "found unexpected ':'":
            raise _build_syntax_error(error, text, file) from error
        colon = getattr(getattr(error, "problem_mark", None), "index", 0)
    return _compose_in_python(text, file, limits, "it has a word with a colon inside `{}` or `[]`: quote it", colon)


def _compose_in_python(
    text: str, file: str, limits: YamlLimits, reason: str, start: int
) -> tuple[tuple[Node, tuple[Problem, ...]], ...]:
    """Parse in pure Python. `reason` and the index `start` are for the error of a file that is too large for that."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if found := OTHER_LINE_ENDS.search(text):
        name = f"U+{ord(found[0]):04X}"
        message = f"the line end {name} is not supported here: write it as an escape in double quotes"
        raise YamlDocumentError(Problem(file, "malformed-yaml", message, file, *locate_index(text, found.start())))
    if len(text) > PURE_SIZE:
        message = f"larger than {PURE_SIZE // 1024} KiB, the limit of the slow parser, which is used because {reason}"
        raise YamlDocumentError(Problem(file, "too-large", message, file, *locate_index(text, start)))
    builder = NodeBuilder(file, text, replace(limits, nodes=min(limits.nodes, PURE_NODES)))
    pure = YAML(typ="safe", pure=True)
    pure.version = (1, 1)
    pure.Scanner = _build_scanner_class(builder.fail_too_deep)
    try:
        return tuple(builder.build_roots(pure.parse(text)))
    except YAMLError as error:
        raise _build_syntax_error(error, text, file) from error


def _build_scanner_class(fail_too_deep: Callable[[SourceMark], NoReturn]) -> type[Any]:
    """Return a scanner that limits brackets. ruamel's reads 1,024 of them ahead, at a cubic cost."""
    from ruamel.yaml.scanner import Scanner

    class BracketLimitScanner(Scanner):  # type: ignore[misc, unused-ignore]
        def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:  # noqa: N803, ANN401 - ruamel's
            if self.flow_level > 2 * MAX_DEPTH:  # the builder reports the exact position, if it is the first
                fail_too_deep(self.reader.get_mark())
            super().fetch_flow_collection_start(TokenClass, to_push)

    return BracketLimitScanner


def _build_syntax_error(error: YAMLError, text: str, file: str) -> YamlDocumentError:
    mark = getattr(error, "problem_mark", None)
    start = getattr(error, "context_mark", None)
    line, column = locate_index(text, mark.index) if mark is not None else (None, None)
    if line is not None and (tab := _find_indentation_tab(text, line)):
        return YamlDocumentError(Problem(file, "tab", "a tab in the indentation: YAML takes spaces only", file, *tab))
    message = f"not valid YAML: {getattr(error, 'problem', None) or error}"
    if context := getattr(error, "context", None):
        message += f", {context}"
    if start is not None and line is not None and (first := locate_index(text, start.index)[0]) != line:
        message += f" that begins in line {first}"
    return YamlDocumentError(Problem(file, "malformed-yaml", message, file, line, column))


def _find_indentation_tab(text: str, line: int) -> tuple[int, int] | None:
    """Return the position of a tab in the indentation of a line; None if there is none."""
    lines = split_lines(text)
    found = re.match(r" *(?:- +)*\t", lines[line - 1]) if line <= len(lines) else None
    return (line, found.end()) if found else None
