"""The layers of values that one Argo CD Application gives Helm, in their order, and which place decides.

The order is Argo CD's: the chart's own values.yaml, `valueFiles` in their order, `valuesObject` or else
`values`, `fileParameters`, `parameters`. Files are handed in by a function from a path in the repository to
what stands there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from anchor_tui.domain.helm.overlays import HelmValues, merge_values, read_values_file
from anchor_tui.domain.helm.set_parameters import build_parameter_layer, parse_parameter_name, parse_parameter_value
from anchor_tui.domain.model import Problem, ValueObject
from anchor_tui.domain.yaml.document import YamlDocument, parse_document, parse_documents
from anchor_tui.domain.yaml.nodes import (
    Json,
    KeyPath,
    MappingNode,
    Node,
    ScalarNode,
    YamlDocumentError,
    get_child,
    to_plain_value,
)

FileReader: TypeAlias = Callable[[str], str | bytes | None]
"""From a path in the repository to its content; None where there is no such file."""


class SourceLocation(ValueObject, frozen=True):
    """Where something stands in a file; the column is None where only the line is known."""

    file: str
    line: int | None = None
    column: int | None = None


class ValueLayersError(Exception):
    """Values that cannot be laid; `problem` says where, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class ValueLayer(ValueObject, frozen=True):
    """One layer. `below` says how many lines stand above its text in the file, where it lies in a block of text."""

    file: str
    values: HelmValues
    root: Node | None = None
    line_offset: int = 0
    location: SourceLocation | None = None
    """Where the whole layer is said, for what has no place of its own."""
    is_chart: bool = False

    def locate(self, path: KeyPath) -> SourceLocation | None:
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
            node = get_child(node, step) if node is not None else None
        if node is None:
            return self.location or SourceLocation(self.file)
        return SourceLocation(self.file, node.line + self.line_offset, None if self.line_offset else node.column)


class LayeredValues(ValueObject, frozen=True):
    """What one Application's chart renders with. `blind` says what of it could not be read, and why."""

    application: str
    chart: str
    merged: HelmValues
    layers: tuple[ValueLayer, ...]
    namespace: str = ""
    unreadable: tuple[str, ...] = ()

    def locate(self, path: KeyPath) -> SourceLocation | None:
        """Where the value at a path is decided: in the topmost layer that says it."""
        for layer in reversed(self.layers):
            if (place := layer.locate(path)) is not None:
                return place
        return None

    @property
    def read_paths(self) -> tuple[str, ...]:
        """The files and the folder that decide what is rendered."""
        return (self.chart, *dict.fromkeys(layer.file for layer in self.layers))


class HelmSource(ValueObject, frozen=True):
    """What of an Application's source decides its values. `at` tells the place of a key path in its file."""

    application: str
    path: str
    helm: Mapping[str, Json]
    file: str = ""
    node: Node | None = None
    refs: Mapping[str, str] = {}
    """Names of further sources (`$values`), each with the path that it begins at."""
    namespace: str = ""


def build_layered_values(source: HelmSource, files: FileReader) -> LayeredValues:
    """The values of an Application; LayersError where a layer is missing or cannot be read."""
    chart, blind = _read_chart_layers(source, files)
    given = [*_read_value_files(source, files), *_read_inline_values(source)]
    given += _read_parameters(source, files, [layer.values for layer in given])
    merged = merge_values(merge_values(*(layer.values for layer in chart)), *(layer.values for layer in given))
    return LayeredValues(source.application, source.path, merged, (*chart, *given), source.namespace, blind)


def build_layers_error(file: str, kind: str, message: str, place: SourceLocation | None = None) -> ValueLayersError:
    """The error for one file."""
    at = place or SourceLocation(file)
    return ValueLayersError(Problem(file, kind, message, at.file, at.line, at.column))


# --- the chart ---------------------------------------------------------------------------------------


def _read_chart_layers(source: HelmSource, files: FileReader) -> tuple[list[ValueLayer], tuple[str, ...]]:
    """The chart's own defaults, its unpacked subcharts' below them; and what of its subcharts cannot be read."""
    about = _read_document(f"{source.path}/Chart.yaml", files)
    if about is None:
        message = f"{source.application} names `{source.path}`, and there is no Chart.yaml: no Helm chart is there"
        raise build_layers_error(f"{source.path}/Chart.yaml", "no-chart", message)
    layers, blind = [], []
    for name, alias in _list_dependencies(about.value):
        file = f"{source.path}/charts/{name}/values.yaml"
        document = _read_document(file, files)
        if document is None:
            blind.append(f"the defaults of the subchart {name} are not in the repository")
        else:
            layers.append(
                ValueLayer(file, {alias: read_values_file(document)}, is_chart=True, location=SourceLocation(file))
            )
    own = _read_document(f"{source.path}/values.yaml", files)
    if own is not None:
        layers.append(_build_document_layer(own, is_chart=True))
    base: list[ValueLayer] = [ValueLayer(f"{source.path}/values.yaml", {}, is_chart=True)]
    return layers or base, tuple(blind)


def _list_dependencies(chart: Json) -> Iterator[tuple[str, str]]:
    found = chart.get("dependencies") if isinstance(chart, dict) else None
    for each in found if isinstance(found, list) else ():
        name = each.get("name") if isinstance(each, dict) else None
        if isinstance(each, dict) and isinstance(name, str):
            alias = each.get("alias")
            yield name, alias if isinstance(alias, str) and alias else name


# --- files -------------------------------------------------------------------------------------------


def _read_value_files(source: HelmSource, files: FileReader) -> Iterator[ValueLayer]:
    names = source.helm.get("valueFiles") or []
    if not isinstance(names, list):
        raise build_layers_error(source.file, "bad-application", f"{source.application}: helm.valueFiles is no list")
    for index, name in enumerate(names):
        place = _locate_in_application(source, ("valueFiles", index))
        path = _resolve_path(source, name, place)
        document = _read_document(path, files)
        if document is not None:
            yield _build_document_layer(document)
        elif files(path) is not None:
            yield ValueLayer(path, {})  # nothing stands in it, which is nothing to Helm
        elif source.helm.get("ignoreMissingValueFiles") is not True:
            message = f"{source.application} names the values file {path}, and it is not there"
            raise build_layers_error(path, "missing-values", message, place)


def _resolve_path(source: HelmSource, name: Json, place: SourceLocation) -> str:
    """The path of a values file in the repository."""
    if not isinstance(name, str) or not name:
        raise build_layers_error(
            source.file, "bad-application", f"{source.application}: a values file has no name", place
        )
    if "://" in name or "*" in name or "$ARGOCD_" in name:
        message = f"{source.application}: what the values file `{name}` stands for cannot be told from here"
        raise build_layers_error(source.file, "foreign-values", message, place)
    if name.startswith("$"):
        ref, _, rest = name[1:].partition("/")
        if ref not in source.refs:
            message = f"{source.application}: `${ref}` is another repository, or no source at all"
            raise build_layers_error(source.file, "foreign-values", message, place)
        path = posixpath.normpath(f"{source.refs[ref]}/{rest}").lstrip("/")
    else:
        path = posixpath.normpath(name.lstrip("/") if name.startswith("/") else f"{source.path}/{name}")
    if path.startswith(".."):
        raise build_layers_error(
            source.file, "bad-application", f"{source.application}: `{name}` leads out of the repository", place
        )
    return path


def _read_document(path: str, files: FileReader) -> YamlDocument | None:
    """A YAML file; None where there is none, or nothing in it."""
    text = files(path)
    if text is None:
        return None
    try:
        return parse_document(text, path) if parse_documents(text, path) else None
    except YamlDocumentError as error:
        raise ValueLayersError(error.problem) from error


def _build_document_layer(document: YamlDocument, *, is_chart: bool = False) -> ValueLayer:
    return ValueLayer(document.file, read_values_file(document), document.root, is_chart=is_chart)


# --- what the Application says itself ------------------------------------------------------------------


def _read_inline_values(source: HelmSource) -> Iterator[ValueLayer]:
    whole = source.helm.get("valuesObject")
    if isinstance(whole, dict):
        node = get_child(source.node, "valuesObject") if source.node is not None else None
        yield ValueLayer(source.file, whole, node, location=_locate_in_application(source, ("valuesObject",)))
        return
    text, place = source.helm.get("values"), _locate_in_application(source, ("values",))
    if text is None or text == "":
        return
    if not isinstance(text, str):
        raise build_layers_error(source.file, "bad-application", f"{source.application}: helm.values is no text", place)
    try:
        documents = parse_documents(text, source.file)
        node = documents[0].root if documents else MappingNode({}, {}, 1, 1)
    except YamlDocumentError as error:
        message = f"{source.application}: helm.values is {error.problem.message}"
        raise build_layers_error(source.file, "bad-application", message, place) from error
    values = to_plain_value(node)
    if not isinstance(values, dict):
        raise build_layers_error(
            source.file, "bad-application", f"{source.application}: helm.values holds no mapping", place
        )
    said = get_child(source.node, "values") if source.node is not None else None
    block = isinstance(said, ScalarNode) and said.style in {"literal", "folded"}
    yield ValueLayer(source.file, values, node if block else None, place.line or 0, place)


def _read_parameters(source: HelmSource, files: FileReader, below: list[HelmValues]) -> Iterator[ValueLayer]:
    for key, read in (("fileParameters", _read_file_parameter), ("parameters", _read_set_parameter)):
        given = source.helm.get(key) or []
        for index, each in enumerate(given if isinstance(given, list) else ()):
            place = _locate_in_application(source, (key, index))
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                message = f"{source.application}: helm.{key} holds something without a name"
                raise build_layers_error(source.file, "bad-application", message, place)
            try:
                layer = build_parameter_layer(parse_parameter_name(str(each["name"])), read(source, each, files), below)
            except ValueError as error:
                raise build_layers_error(
                    source.file, "bad-application", f"{source.application}: {error}", place
                ) from error
            below.append(layer)
            yield ValueLayer(source.file, layer, location=place)


def _read_set_parameter(_source: HelmSource, each: Mapping[str, Json], _files: FileReader) -> Json:
    value = each.get("value")
    text = value if isinstance(value, str) else "" if value is None else str(value).lower()
    if "$ARGOCD_" in text or "${ARGOCD_" in text:
        raise ValueError(f"the parameter {each['name']} takes its value from Argo CD, and cannot be told from here")
    return parse_parameter_value(text, force_string=each.get("forceString") is True)


def _read_file_parameter(source: HelmSource, each: Mapping[str, Json], files: FileReader) -> Json:
    path = _resolve_path(source, each.get("path"), SourceLocation(source.file))
    text = files(path)
    if text is None:
        raise ValueError(f"the file parameter {each['name']} names {path}, and it is not there")
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _locate_in_application(source: HelmSource, path: KeyPath) -> SourceLocation:
    node = source.node
    for step in path:
        below = get_child(node, step) if node is not None else None
        node = below if below is not None else node
    return SourceLocation(source.file, node.line, node.column) if node is not None else SourceLocation(source.file)
