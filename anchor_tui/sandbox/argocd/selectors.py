"""Which applications, and which parts of them: label selectors and `fields`, with Argo CD's own oddities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from anchor_tui.sandbox.json_types import JsonObject

Labels = Mapping[str, str]
TERM_PATTERN = re.compile(
    r"\s*(?:(?P<absent>!)\s*)?(?P<key>[A-Za-z0-9][\w./-]*)\s*"
    r"(?:(?P<equals>==?|!=)\s*(?P<value>[\w.-]*)|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?\s*"
)


class InvalidSelectorError(ValueError):
    """A label selector that does not parse."""


class InvalidFieldsError(ValueError):
    """Fields over which the server stumbles: it answers 500."""


def parse_label_selector(text: str) -> Callable[[Labels], bool]:
    """`a=b,c!=d,e in (f,g),h,!i` as a test of labels."""
    tests: list[Callable[[Labels], bool]] = []
    position = 0
    while position < len(text):
        match = TERM_PATTERN.match(text, position)
        if match is None or match.end() == position:
            raise InvalidSelectorError(f"found '{text[position]}', expected: !, identifier, or 'end of string'")
        tests.append(_make_label_test(match))
        position = match.end()
        if position < len(text):
            if text[position] != ",":
                raise InvalidSelectorError(f"found '{text[position]}', expected: ',' or 'end of string'")
            position += 1
    return lambda labels: all(test(labels) for test in tests)


def _make_label_test(match: re.Match[str]) -> Callable[[Labels], bool]:
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


def make_list_projection(fields: str) -> Callable[[JsonObject], JsonObject]:
    """What a list with these `fields` shows of each application."""
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if any(name.startswith("-") for name in names):
        raise InvalidFieldsError(fields)
    if "items.spec" in names and any(name.startswith("items.spec.") for name in names):
        raise InvalidFieldsError(fields)
    selected = tuple(dict.fromkeys(name for name in names if name in LIST_FIELDS))
    paths = [(name, tuple(name.split(".")[1:])) for name in selected]

    def project(document: JsonObject) -> JsonObject:
        shown: JsonObject = {}
        state = document["status"].get("operationState")
        for name, path in paths:
            if path == ("status", "operationState", "operation", "sync"):
                # An oddity of the server: this is the operation's result.
                if state is not None and "syncResult" in state:
                    _set_path(shown, path, state["syncResult"])
            elif path[:2] == ("status", "operationState"):
                if state is not None:
                    _set_path(shown, path, state.get(path[-1]))
            elif name in NULL_IF_ABSENT:
                _set_path(shown, path, _get_path(document, path))
            elif name == "items.status.sync.revision":
                _set_path(shown, path, _get_path(document, path) or "")
            elif (value := _get_path(document, path)) is not None:
                _set_path(shown, path, value)
        return shown

    return project


def make_item_projection(fields: str) -> Callable[[JsonObject], JsonObject]:
    """What managed resources with these `fields` show of each item: `items.name` and the like."""
    names = [name.strip().removeprefix("items.") for name in fields.split(",") if name.strip().startswith("items.")]

    def project(document: JsonObject) -> JsonObject:
        items = [{name: item[name] for name in names if name in item} for item in document.get("items", ())]
        return {"items": items} if items else {}

    return project


def make_watch_projection(fields: str) -> Callable[[JsonObject], JsonObject]:
    """What a watch with these `fields` shows of each line: any dotted path."""
    paths = [tuple(name.strip().split(".")) for name in fields.split(",") if name.strip()]

    def project(line: JsonObject) -> JsonObject:
        shown: JsonObject = {}
        for path in paths:
            value = _get_path(line, path)
            if value is not None:
                _set_path(shown, path, value)
        return shown

    return project


def _get_path(document: Mapping[str, Any], path: Iterable[str]) -> Any:  # noqa: ANN401 - JSON
    value: Any = document
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _set_path(document: JsonObject, path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401 - JSON
    for part in path[:-1]:
        document = document.setdefault(part, {})
    document[path[-1]] = value
