"""The shape of a JSON document: its paths, each with the types of its values."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[2] / "recordings" / "argocd"
Shape = dict[str, set[str]]
FREE_KEYS = {"labels", "annotations"}
"""Mappings whose keys are data."""
OPAQUE = {"fieldsV1"}


def describe_shape(*documents: Any) -> Shape:
    found: Shape = defaultdict(set)
    for document in documents:
        for path, kind in _walk(document, "", free=False):
            found[path].add(kind)
    return found


def _walk(value: Any, path: str, *, free: bool) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            yield path, "object"
            for key, below in value.items():
                if key not in OPAQUE:
                    yield from _walk(below, f"{path}.{'*' if free else key}", free=key in FREE_KEYS)
        case list():
            yield path, "array"
            for below in value:
                yield from _walk(below, f"{path}[]", free=False)
        case bool():
            yield path, "boolean"
        case None:
            yield path, "null"
        case str():
            yield path, "string"
        case _:
            yield path, "number"


def read_recordings(pattern: str, status: int = 200) -> Iterator[dict[str, Any]]:
    for file in sorted(RECORDINGS.glob(f"{pattern}.json")):
        recording = json.loads(file.read_text())
        if recording["status"] == status:
            yield recording


def describe_recorded_bodies(pattern: str, status: int = 200) -> Shape:
    return describe_shape(*(recording["body"] for recording in read_recordings(pattern, status) if "body" in recording))


def describe_recorded_lines(pattern: str, status: int = 200) -> Shape:
    lines: Iterable[Any] = (
        entry["line"]
        for recording in read_recordings(pattern, status)
        for entry in recording.get("lines", ())
        if isinstance(entry["line"], dict)
    )
    return describe_shape(*lines)


def describe_recorded_applications() -> Shape:
    """Return the shape of all applications that were recorded as a whole."""
    found = describe_recorded_bodies("get*")
    for path, kinds in describe_recorded_lines("watch*").items():
        if path.startswith(".result.application"):
            found[path.removeprefix(".result.application")] |= kinds
    return found


def list_unknown_keys(ours: Shape, theirs: Shape) -> list[str]:
    """Return the keys and types of ours that were never recorded."""
    return sorted(f"{path}: {kind}" for path, kinds in ours.items() for kind in kinds - theirs.get(path, set()))
