"""The query parameter `fields` of lists and watches, with Argo CD's own oddities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from anchor_tui.sandbox.json_types import JsonObject


class InvalidFieldsError(ValueError):
    """Fields for which the server returns 500."""


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
"""The fields that a list can select; others are ignored silently."""
NULL_IF_ABSENT = {"items.metadata.deletionTimestamp", "items.spec.sources", "items.spec.source"}


def make_list_projection(fields: str) -> Callable[[JsonObject], JsonObject]:
    """Return the function that reduces an application of a list to `fields`. Raises InvalidFieldsError."""
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
                # An oddity of the server: it returns the operation's result here.
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


def make_watch_projection(fields: str) -> Callable[[JsonObject], JsonObject]:
    """Return the function that reduces a line of a watch to `fields`: any dotted path."""
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
