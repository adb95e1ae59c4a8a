"""The layers of values that one Argo CD Application passes to Helm, and the location that sets each value.

The order is Argo CD's: the chart's own values.yaml, `valueFiles` in their order, `valuesObject` or else `values`,
`fileParameters`, `parameters`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from anchor_tui.domain.helm.overlays import HelmValues, merge_values, read_values_file
from anchor_tui.domain.helm.set_parameters import (
    build_parameter_layer,
    count_list_items,
    parse_parameter_name,
    parse_parameter_value,
)
from anchor_tui.domain.model import Problem, ValueObject
from anchor_tui.domain.yaml.document import YamlDocument, get_only_document, parse_documents
from anchor_tui.domain.yaml.nodes import (
    Json,
    KeyPath,
    MappingNode,
    Node,
    ScalarNode,
    YamlDocumentError,
    find_nearest_node,
    get_child,
    to_plain_value,
)

MAX_LAYERS = 500
"""The values files, and the parameters, of one Application."""
MAX_LIST_ITEMS = 500_000
"""The items of all lists that the parameters of one Application create."""
FileReader: TypeAlias = Callable[[str], str | bytes | None]
"""A function from a path in the repository to the file's content; None if there is no such file."""


class SourceLocation(ValueObject, frozen=True):
    """A position in a file. The column is None if only the line is known."""

    file: str
    line: int | None = None
    column: int | None = None


class ValueLayersError(Exception):
    """Values that cannot be determined. `problem` has the location and the reason."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class ValueLayer(ValueObject, frozen=True):
    """One layer. `line_offset` is the number of lines above its text, for a block scalar in another file."""

    file: str
    values: HelmValues
    root: Node | None = None
    line_offset: int = 0
    location: SourceLocation | None = None
    """The location of the whole layer, for values without a location of their own."""
    is_chart: bool = False

    def locate(self, path: KeyPath) -> SourceLocation | None:
        """Return the location that sets the value at a path, or a scalar above it; None if there is none."""
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
    """The values that one Application's chart renders with. `unreadable` are sentences about unknown values."""

    application: str
    chart: str
    merged: HelmValues
    layers: tuple[ValueLayer, ...]
    namespace: str = ""
    unreadable: tuple[str, ...] = ()

    def locate(self, path: KeyPath) -> SourceLocation | None:
        """Return the location that sets the value at a path, which is in the topmost layer that has it."""
        for layer in reversed(self.layers):
            if (location := layer.locate(path)) is not None:
                return location
        return None

    @property
    def read_paths(self) -> tuple[str, ...]:
        """The files and the chart folder that the rendered manifests depend on."""
        return (self.chart, *dict.fromkeys(layer.file for layer in self.layers))


class HelmSource(ValueObject, frozen=True):
    """The part of an Application's source that determines its values. `node` is its `helm` mapping in `file`."""

    application: str
    path: str
    helm: Mapping[str, Json]
    file: str = ""
    node: Node | None = None
    refs: Mapping[str, str] = {}
    """Names of further sources (`$values`), each with its path in the repository."""
    namespace: str = ""

    def locate(self, path: KeyPath) -> SourceLocation:
        """Return the location of a key path below `helm`, or of its nearest parent that exists."""
        if self.node is None:
            return SourceLocation(self.file)
        node = find_nearest_node(self.node, path)
        return SourceLocation(self.file, node.line, node.column)

    def build_error(
        self, problem: str, location: SourceLocation | None = None, kind: str = "bad-application"
    ) -> ValueLayersError:
        """Return the error for a problem of this Application."""
        return _build_error(kind, f"{self.application}: {problem}", location or SourceLocation(self.file))


def build_layered_values(source: HelmSource, read_file: FileReader) -> LayeredValues:
    """Return the values of an Application. Raises ValueLayersError if a layer is missing or unreadable."""
    try:
        chart, unreadable = _read_chart_layers(source, read_file)
        given = [*_read_value_files(source, read_file), *_read_inline_values(source)]
        given += _read_parameters(source, read_file, [layer.values for layer in given])
    except YamlDocumentError as error:
        raise ValueLayersError(error.problem) from error
    merged = merge_values(merge_values(*(layer.values for layer in chart)), *(layer.values for layer in given))
    return LayeredValues(source.application, source.path, merged, (*chart, *given), source.namespace, unreadable)


def _build_error(kind: str, message: str, location: SourceLocation) -> ValueLayersError:
    return ValueLayersError(Problem(location.file, kind, message, location.file, location.line, location.column))


# --- the chart ---------------------------------------------------------------------------------------


def _read_chart_layers(source: HelmSource, read_file: FileReader) -> tuple[list[ValueLayer], tuple[str, ...]]:
    """Return the layers of the chart's defaults, the unpacked subcharts below, and sentences about unreadable ones."""
    chart_file = f"{source.path}/Chart.yaml"
    chart = _read_document(chart_file, read_file)
    if chart is None:
        message = f"{source.application} uses the chart `{source.path}`, which has no Chart.yaml"
        raise _build_error("no-chart", message, SourceLocation(chart_file))
    layers, unreadable = [], []
    for name, alias in _list_dependencies(chart.value):
        file = f"{source.path}/charts/{name}/values.yaml"
        document = _read_document(file, read_file)
        if document is None:
            unreadable.append(f"the defaults of the subchart {name} are not in the repository")
        else:
            values: HelmValues = {alias: read_values_file(document)}
            layers.append(ValueLayer(file, values, is_chart=True, location=SourceLocation(file)))
    own = _read_document(f"{source.path}/values.yaml", read_file)
    if own is not None:
        layers.append(_build_document_layer(own, is_chart=True))
    empty = ValueLayer(f"{source.path}/values.yaml", {}, is_chart=True)
    return layers or [empty], tuple(unreadable)


def _list_dependencies(chart: Json) -> Iterator[tuple[str, str]]:
    """Yield the name and the alias of each dependency."""
    found = chart.get("dependencies") if isinstance(chart, dict) else None
    for dependency in found if isinstance(found, list) else ():
        name = dependency.get("name") if isinstance(dependency, dict) else None
        if isinstance(dependency, dict) and isinstance(name, str):
            alias = dependency.get("alias")
            yield name, alias if isinstance(alias, str) and alias else name


# --- files -------------------------------------------------------------------------------------------


def _read_value_files(source: HelmSource, read_file: FileReader) -> Iterator[ValueLayer]:
    names = source.helm.get("valueFiles") or []
    if not isinstance(names, list):
        raise source.build_error("helm.valueFiles is not a list")
    if len(names) > MAX_LAYERS:
        raise source.build_error(f"helm.valueFiles has more than {MAX_LAYERS} files", source.locate(("valueFiles",)))
    for index, name in enumerate(names):
        location = source.locate(("valueFiles", index))
        path = _resolve_path(source, name, location)
        document = _read_document(path, read_file)
        if document is not None:
            yield _build_document_layer(document)
        elif read_file(path) is not None:
            yield ValueLayer(path, {})  # Helm accepts an empty file
        elif source.helm.get("ignoreMissingValueFiles") is not True:
            message = f"{source.application} uses the values file {path}, which does not exist"
            raise ValueLayersError(
                Problem(path, "missing-values", message, source.file, location.line, location.column)
            )


def _resolve_path(source: HelmSource, name: Json, location: SourceLocation) -> str:
    """Return the path of a values file. Raises ValueLayersError if it is not a path inside the repository."""
    if not isinstance(name, str) or not name:
        raise source.build_error("a values file has no name", location)
    if "://" in name or "*" in name or "$ARGOCD_" in name:
        raise source.build_error(f"the values file `{name}` cannot be resolved in git", location, "foreign-values")
    if name.startswith("$"):
        ref, _, rest = name[1:].partition("/")
        if ref not in source.refs:
            problem = f"`${ref}` is another repository, or not a source at all"
            raise source.build_error(problem, location, "foreign-values")
        path = posixpath.normpath(f"{source.refs[ref]}/{rest}").lstrip("/")
    else:
        path = posixpath.normpath(name.lstrip("/") if name.startswith("/") else f"{source.path}/{name}")
    if path.startswith(".."):
        raise source.build_error(f"`{name}` is outside of the repository", location)
    return path


def _read_document(path: str, read_file: FileReader) -> YamlDocument | None:
    """Return a YAML file; None if it does not exist or is empty."""
    text = read_file(path)
    found = _parse_values(text, path) if text is not None else None
    if isinstance(found, Problem):
        raise YamlDocumentError(found)
    return found


@lru_cache(maxsize=8)
def _parse_values(text: str | bytes, path: str) -> YamlDocument | Problem | None:
    """Parse a file. The last ones are cached: an Application can name a file often, and many can name the same."""
    try:
        documents = parse_documents(text, path)
        return get_only_document(documents, path) if documents else None
    except YamlDocumentError as error:
        return error.problem


def _build_document_layer(document: YamlDocument, *, is_chart: bool = False) -> ValueLayer:
    return ValueLayer(document.file, read_values_file(document), document.root, is_chart=is_chart)


# --- values inside the Application -------------------------------------------------------------------


def _read_inline_values(source: HelmSource) -> Iterator[ValueLayer]:
    values_object = source.helm.get("valuesObject")
    if isinstance(values_object, dict):
        node = get_child(source.node, "valuesObject") if source.node is not None else None
        yield ValueLayer(source.file, values_object, node, location=source.locate(("valuesObject",)))
        return
    text, location = source.helm.get("values"), source.locate(("values",))
    if text is None or text == "":
        return
    if not isinstance(text, str):
        raise source.build_error("helm.values is not a text", location)
    try:
        documents = parse_documents(text, source.file)
    except YamlDocumentError as error:
        raise source.build_error(f"helm.values is {error.problem.message}", location) from error
    if len(documents) > 1 or (documents and documents[0].number):
        raise source.build_error("helm.values contains several documents; Helm reads only the first", location)
    root = documents[0].root if documents else MappingNode({}, {}, 1, 1)
    values = to_plain_value(root)
    if not isinstance(values, dict):
        raise source.build_error("helm.values is not a mapping", location)
    scalar = get_child(source.node, "values") if source.node is not None else None
    is_block = isinstance(scalar, ScalarNode) and scalar.style in {"literal", "folded"}
    yield ValueLayer(source.file, values, root if is_block else None, location.line or 0, location)


def _read_parameters(source: HelmSource, read_file: FileReader, below: list[HelmValues]) -> Iterator[ValueLayer]:
    items = 0
    for key, read_value in (("fileParameters", _read_file_parameter), ("parameters", _read_set_parameter)):
        found = source.helm.get(key)
        parameters = found if isinstance(found, list) else []
        if len(parameters) > MAX_LAYERS:
            raise source.build_error(f"helm.{key} has more than {MAX_LAYERS} items", source.locate((key,)))
        for index, parameter in enumerate(parameters):
            location = source.locate((key, index))
            if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
                raise source.build_error(f"helm.{key} has an item without a name", location)
            try:
                path = parse_parameter_name(str(parameter["name"]))
                layer = build_parameter_layer(path, read_value(source, parameter, read_file), below)
            except ValueError as error:
                raise source.build_error(str(error), location) from error
            items += count_list_items(layer, path)
            if items > MAX_LIST_ITEMS:
                problem = f"the indices of helm.{key} create more than {MAX_LIST_ITEMS:,} items"
                raise source.build_error(problem, location)
            below.append(layer)
            yield ValueLayer(source.file, layer, location=location)


def _read_set_parameter(_source: HelmSource, parameter: Mapping[str, Json], _read_file: FileReader) -> Json:
    value = parameter.get("value")
    text = value if isinstance(value, str) else "" if value is None else str(value).lower()
    if "$ARGOCD_" in text or "${ARGOCD_" in text:
        raise ValueError(f"Argo CD sets the value of the parameter {parameter['name']}, which is unknown in git")
    return parse_parameter_value(text, force_string=parameter.get("forceString") is True)


def _read_file_parameter(source: HelmSource, parameter: Mapping[str, Json], read_file: FileReader) -> Json:
    path = _resolve_path(source, parameter.get("path"), SourceLocation(source.file))
    text = read_file(path)
    if text is None:
        raise ValueError(f"the file parameter {parameter['name']} uses {path}, which does not exist")
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
