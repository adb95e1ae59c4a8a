"""The layers of values that one Argo CD Application gives Helm, in their order, and which place decides.

The order is Argo CD's: the chart's own values.yaml, `valueFiles` in their order, `valuesObject` or else
`values`, `fileParameters`, `parameters`. Files are handed in by a function from a path in the repository to
what stands there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from anchor_tui.domain.documents import Document, DocumentError, parse, parse_all
from anchor_tui.domain.model import Problem, Value
from anchor_tui.domain.nodes import Json, KeyPath, MappingNode, Node, Scalar, child, plain_value
from anchor_tui.domain.overlays import Values, merge, read_values
from anchor_tui.domain.parameters import parse_name, parse_value, placed

Files: TypeAlias = Callable[[str], str | bytes | None]
"""From a path in the repository to its content; None where there is no such file."""


class Place(Value, frozen=True):
    """Where something stands in a file; the column is None where only the line is known."""

    file: str
    line: int | None = None
    column: int | None = None


class LayersError(Exception):
    """Values that cannot be laid; `problem` says where, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Layer(Value, frozen=True):
    """One layer. `below` says how many lines stand above its text in the file, where it lies in a block of text."""

    file: str
    values: Values
    root: Node | None = None
    below: int = 0
    at: Place | None = None
    """Where the whole layer is said, for what has no place of its own."""
    is_chart: bool = False

    def place(self, path: KeyPath) -> Place | None:
        """Where this layer says something at a path; a scalar above it counts. None where it says nothing."""
        value: Json = self.values
        node: Node | None = self.root
        for step in path:
            if isinstance(value, dict) and str(step) in value:
                value = value[str(step)]
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            elif isinstance(value, dict):
                return None
            else:
                break
            node = child(node, step) if node is not None else None
        if node is None:
            return self.at or Place(self.file)
        return Place(self.file, node.line + self.below, None if self.below else node.column)


class LaidValues(Value, frozen=True):
    """What one Application's chart renders with. `blind` says what of it could not be read, and why."""

    application: str
    chart: str
    merged: Values
    layers: tuple[Layer, ...]
    namespace: str = ""
    blind: tuple[str, ...] = ()

    def place(self, path: KeyPath) -> Place | None:
        """Where the value at a path is decided: in the topmost layer that says it."""
        for layer in reversed(self.layers):
            if (place := layer.place(path)) is not None:
                return place
        return None

    @property
    def reads(self) -> tuple[str, ...]:
        """The files and the folder that decide what is rendered."""
        return (self.chart, *dict.fromkeys(layer.file for layer in self.layers))


class HelmSource(Value, frozen=True):
    """What of an Application's source decides its values. `at` tells the place of a key path in its file."""

    application: str
    path: str
    helm: Mapping[str, Json]
    file: str = ""
    node: Node | None = None
    refs: Mapping[str, str] = {}
    """Names of further sources (`$values`), each with the path that it begins at."""
    namespace: str = ""


def lay_values(source: HelmSource, files: Files) -> LaidValues:
    """The values of an Application; LayersError where a layer is missing or cannot be read."""
    chart, blind = _chart_layers(source, files)
    given = [*_value_files(source, files), *_inline(source)]
    given += _parameters(source, files, [layer.values for layer in given])
    merged = merge(merge(*(layer.values for layer in chart)), *(layer.values for layer in given))
    return LaidValues(source.application, source.path, merged, (*chart, *given), source.namespace, blind)


def fail(file: str, kind: str, message: str, place: Place | None = None) -> LayersError:
    """The error for one file."""
    at = place or Place(file)
    return LayersError(Problem(file, kind, message, at.file, at.line, at.column))


# --- the chart ---------------------------------------------------------------------------------------


def _chart_layers(source: HelmSource, files: Files) -> tuple[list[Layer], tuple[str, ...]]:
    """The chart's own defaults, its unpacked subcharts' below them; and what of its subcharts cannot be read."""
    about = _document(f"{source.path}/Chart.yaml", files)
    if about is None:
        message = f"{source.application} names `{source.path}`, and there is no Chart.yaml: no Helm chart is there"
        raise fail(f"{source.path}/Chart.yaml", "no-chart", message)
    layers, blind = [], []
    for name, alias in _dependencies(about.value):
        file = f"{source.path}/charts/{name}/values.yaml"
        document = _document(file, files)
        if document is None:
            blind.append(f"the defaults of the subchart {name} are not in the repository")
        else:
            layers.append(Layer(file, {alias: read_values(document)}, is_chart=True, at=Place(file)))
    own = _document(f"{source.path}/values.yaml", files)
    if own is not None:
        layers.append(_layer(own, is_chart=True))
    base: list[Layer] = [Layer(f"{source.path}/values.yaml", {}, is_chart=True)]
    return layers or base, tuple(blind)


def _dependencies(chart: Json) -> Iterator[tuple[str, str]]:
    found = chart.get("dependencies") if isinstance(chart, dict) else None
    for each in found if isinstance(found, list) else ():
        name = each.get("name") if isinstance(each, dict) else None
        if isinstance(each, dict) and isinstance(name, str):
            alias = each.get("alias")
            yield name, alias if isinstance(alias, str) and alias else name


# --- files -------------------------------------------------------------------------------------------


def _value_files(source: HelmSource, files: Files) -> Iterator[Layer]:
    names = source.helm.get("valueFiles") or []
    if not isinstance(names, list):
        raise fail(source.file, "bad-application", f"{source.application}: helm.valueFiles is no list")
    for index, name in enumerate(names):
        place = _place_in(source, ("valueFiles", index))
        path = _resolved(source, name, place)
        document = _document(path, files)
        if document is not None:
            yield _layer(document)
        elif files(path) is not None:
            yield Layer(path, {})  # nothing stands in it, which is nothing to Helm
        elif source.helm.get("ignoreMissingValueFiles") is not True:
            message = f"{source.application} names the values file {path}, and it is not there"
            raise fail(path, "missing-values", message, place)


def _resolved(source: HelmSource, name: Json, place: Place) -> str:
    """The path of a values file in the repository."""
    if not isinstance(name, str) or not name:
        raise fail(source.file, "bad-application", f"{source.application}: a values file has no name", place)
    if "://" in name or "*" in name or "$ARGOCD_" in name:
        message = f"{source.application}: what the values file `{name}` stands for cannot be told from here"
        raise fail(source.file, "foreign-values", message, place)
    if name.startswith("$"):
        ref, _, rest = name[1:].partition("/")
        if ref not in source.refs:
            message = f"{source.application}: `${ref}` is another repository, or no source at all"
            raise fail(source.file, "foreign-values", message, place)
        path = posixpath.normpath(f"{source.refs[ref]}/{rest}").lstrip("/")
    else:
        path = posixpath.normpath(name.lstrip("/") if name.startswith("/") else f"{source.path}/{name}")
    if path.startswith(".."):
        raise fail(source.file, "bad-application", f"{source.application}: `{name}` leads out of the repository", place)
    return path


def _document(path: str, files: Files) -> Document | None:
    """A YAML file; None where there is none, or nothing in it."""
    text = files(path)
    if text is None:
        return None
    try:
        return parse(text, path) if parse_all(text, path) else None
    except DocumentError as error:
        raise LayersError(error.problem) from error


def _layer(document: Document, *, is_chart: bool = False) -> Layer:
    return Layer(document.file, read_values(document), document.root, is_chart=is_chart)


# --- what the Application says itself ------------------------------------------------------------------


def _inline(source: HelmSource) -> Iterator[Layer]:
    whole = source.helm.get("valuesObject")
    if isinstance(whole, dict):
        node = child(source.node, "valuesObject") if source.node is not None else None
        yield Layer(source.file, whole, node, at=_place_in(source, ("valuesObject",)))
        return
    text, place = source.helm.get("values"), _place_in(source, ("values",))
    if text is None or text == "":
        return
    if not isinstance(text, str):
        raise fail(source.file, "bad-application", f"{source.application}: helm.values is no text", place)
    try:
        documents = parse_all(text, source.file)
        node = documents[0].root if documents else MappingNode({}, {}, 1, 1)
    except DocumentError as error:
        message = f"{source.application}: helm.values is {error.problem.message}"
        raise fail(source.file, "bad-application", message, place) from error
    values = plain_value(node)
    if not isinstance(values, dict):
        raise fail(source.file, "bad-application", f"{source.application}: helm.values holds no mapping", place)
    said = child(source.node, "values") if source.node is not None else None
    block = isinstance(said, Scalar) and said.style in {"literal", "folded"}
    yield Layer(source.file, values, node if block else None, place.line or 0, place)


def _parameters(source: HelmSource, files: Files, below: list[Values]) -> Iterator[Layer]:
    for key, read in (("fileParameters", _file_value), ("parameters", _set_value)):
        given = source.helm.get(key) or []
        for index, each in enumerate(given if isinstance(given, list) else ()):
            place = _place_in(source, (key, index))
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                message = f"{source.application}: helm.{key} holds something without a name"
                raise fail(source.file, "bad-application", message, place)
            try:
                layer = placed(parse_name(str(each["name"])), read(source, each, files), below)
            except ValueError as error:
                raise fail(source.file, "bad-application", f"{source.application}: {error}", place) from error
            below.append(layer)
            yield Layer(source.file, layer, at=place)


def _set_value(_source: HelmSource, each: Mapping[str, Json], _files: Files) -> Json:
    value = each.get("value")
    text = value if isinstance(value, str) else "" if value is None else str(value).lower()
    if "$ARGOCD_" in text or "${ARGOCD_" in text:
        raise ValueError(f"the parameter {each['name']} takes its value from Argo CD, and cannot be told from here")
    return parse_value(text, force_string=each.get("forceString") is True)


def _file_value(source: HelmSource, each: Mapping[str, Json], files: Files) -> Json:
    path = _resolved(source, each.get("path"), Place(source.file))
    text = files(path)
    if text is None:
        raise ValueError(f"the file parameter {each['name']} names {path}, and it is not there")
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _place_in(source: HelmSource, path: KeyPath) -> Place:
    node = source.node
    for step in path:
        below = child(node, step) if node is not None else None
        node = below if below is not None else node
    return Place(source.file, node.line, node.column) if node is not None else Place(source.file)
