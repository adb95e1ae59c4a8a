"""Which applications, and which parts of them: label selectors and `fields`, with Argo CD's own oddities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Labels = Mapping[str, str]
Document = dict[str, Any]
TERM = re.compile(
    r"\s*(?:(?P<absent>!)\s*)?(?P<key>[A-Za-z0-9][\w./-]*)\s*"
    r"(?:(?P<equals>==?|!=)\s*(?P<value>[\w.-]*)|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?\s*"
)


class BadSelectorError(ValueError):
    """A label selector that does not parse."""


class BadFieldsError(ValueError):
    """Fields over which the server stumbles: it answers 500."""


def label_selector(text: str) -> Callable[[Labels], bool]:
    """`a=b,c!=d,e in (f,g),h,!i` as a test of labels."""
    tests: list[Callable[[Labels], bool]] = []
    position = 0
    while position < len(text):
        match = TERM.match(text, position)
        if match is None or match.end() == position:
            raise BadSelectorError(f"found '{text[position]}', expected: !, identifier, or 'end of string'")
        tests.append(_test(match))
        position = match.end()
        if position < len(text):
            if text[position] != ",":
                raise BadSelectorError(f"found '{text[position]}', expected: ',' or 'end of string'")
            position += 1
    return lambda labels: all(test(labels) for test in tests)


def _test(match: re.Match[str]) -> Callable[[Labels], bool]:
    key, value = match["key"], match["value"]
    if match["set"]:
        values = {each.strip() for each in match["values"].split(",")}
        wanted = match["set"] == "in"
        return lambda labels: (labels.get(key) in values) is wanted
    if match["equals"] == "!=":
        return lambda labels: labels.get(key) != value
    if match["equals"]:
        return lambda labels: labels.get(key) == value
    return lambda labels: (key in labels) is not bool(match["absent"])


LIST_FIELDS = frozenset(
    {
        *(
            f"items.metadata.{name}"
            for name in ("name", "namespace", "annotations", "labels", "creationTimestamp", "deletionTimestamp")
        ),
        "items.spec",
        *(f"items.spec.{name}" for name in ("destination", "project", "source", "sources", "syncPolicy")),
        *(
            f"items.status.{name}"
            for name in ("sync.status", "sync.revision", "health", "summary", "resources", "sourceHydrator")
        ),
        *(f"items.status.operationState.{name}" for name in ("phase", "startedAt", "finishedAt", "operation.sync")),
        "items.operation.sync",
    }
)
"""What a list can select; anything else is dropped without a word."""
NULL_IF_ABSENT = {"items.metadata.deletionTimestamp", "items.spec.sources", "items.spec.source"}


def list_projection(fields: str) -> Callable[[Document], Document]:
    """What a list with these `fields` shows of each application."""
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if any(name.startswith("-") for name in names):
        raise BadFieldsError(fields)
    if "items.spec" in names and any(name.startswith("items.spec.") for name in names):
        raise BadFieldsError(fields)
    selected = tuple(dict.fromkeys(name for name in names if name in LIST_FIELDS))
    paths = [(name, tuple(name.split(".")[1:])) for name in selected]

    def project(document: Document) -> Document:
        shown: Document = {}
        state = document["status"].get("operationState")
        for name, path in paths:
            if path == ("status", "operationState", "operation", "sync"):
                # An oddity of the server: this is the operation's result.
                if state is not None and "syncResult" in state:
                    _put(shown, path, state["syncResult"])
            elif path[:2] == ("status", "operationState"):
                if state is not None:
                    _put(shown, path, state.get(path[-1]))
            elif name in NULL_IF_ABSENT:
                _put(shown, path, _get(document, path))
            elif name == "items.status.sync.revision":
                _put(shown, path, _get(document, path) or "")
            elif (value := _get(document, path)) is not None:
                _put(shown, path, value)
        return shown

    return project


def item_projection(fields: str) -> Callable[[Document], Document]:
    """What managed resources with these `fields` show of each item: `items.name` and the like."""
    names = [name.strip().removeprefix("items.") for name in fields.split(",") if name.strip().startswith("items.")]

    def project(document: Document) -> Document:
        items = [{name: item[name] for name in names if name in item} for item in document.get("items", ())]
        return {"items": items} if items else {}

    return project


def watch_projection(fields: str) -> Callable[[Document], Document]:
    """What a watch with these `fields` shows of each line: any dotted path."""
    paths = [tuple(name.strip().split(".")) for name in fields.split(",") if name.strip()]

    def project(line: Document) -> Document:
        shown: Document = {}
        for path in paths:
            value = _get(line, path)
            if value is not None:
                _put(shown, path, value)
        return shown

    return project


def _get(document: Mapping[str, Any], path: Iterable[str]) -> Any:  # noqa: ANN401 - JSON
    value: Any = document
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _put(document: Document, path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401 - JSON
    for part in path[:-1]:
        document = document.setdefault(part, {})
    document[path[-1]] = value
