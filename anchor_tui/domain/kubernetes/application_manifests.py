"""Argo CD Applications as they stand in git: what they follow, where their values come from, how they sync."""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.config.model import ApplicationSelector, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import (
    FileReader,
    HelmSource,
    LayeredValues,
    SourceLocation,
    ValueLayersError,
    build_layered_values,
)
from anchor_tui.domain.model import Problem, ValueObject
from anchor_tui.domain.yaml.document import YamlDocument, parse_documents
from anchor_tui.domain.yaml.nodes import Json, KeyPath, Node, YamlDocumentError, get_child


class ManifestApplication(ValueObject, frozen=True):
    """One Application of a file. `document` is the YAML it stands in."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    file: str
    spec: Mapping[str, Json]
    document: YamlDocument
    value_files: tuple[str, ...] = ()

    def find(self, *path: str | int) -> Json:
        """The value at a key path below `spec`; None where there is none."""
        node: Json = dict(self.spec)
        for step in path:
            node = node.get(str(step)) if isinstance(node, dict) else None
        return node

    def locate(self, *path: str | int) -> SourceLocation:
        """Where a key path below `spec` stands, or the nearest thing above it."""
        node: Node = self.document.root
        for step in ("spec", *path):
            below = get_child(node, step)
            if below is None:
                break
            node = below
        return SourceLocation(self.file, node.line, node.column)


def read_application_manifests(
    texts: Mapping[str, str | bytes],
) -> tuple[tuple[ManifestApplication, ...], tuple[Problem, ...]]:
    """Every Application in these files by path, and what could not be read. An ApplicationSet is a problem."""
    found: list[ManifestApplication] = []
    problems: list[Problem] = []
    for file, text in sorted(texts.items()):
        try:
            documents = parse_documents(text, file)
        except YamlDocumentError as error:
            problems.append(error.problem)
            continue
        for document in documents:
            value = document.value
            if not isinstance(value, dict) or not str(value.get("apiVersion", "")).startswith("argoproj.io/"):
                continue
            if value.get("kind") == "ApplicationSet":
                message = "an ApplicationSet makes Applications out of a template: which ones cannot be told from here"
                problems.append(document.build_problem("application-set", message))
            elif value.get("kind") == "Application":
                found.append(_read_application(document, value))
    return tuple(found), tuple(problems)


def _read_application(document: YamlDocument, value: Mapping[str, Json]) -> ManifestApplication:
    metadata, spec = _to_mapping(value.get("metadata")), _to_mapping(value.get("spec"))
    labels = {key: str(text) for key, text in _to_mapping(metadata.get("labels")).items()}
    name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
    files = tuple(
        str(each) for source in _list_sources(spec) for each in _get_list(_to_mapping(source.get("helm")), "valueFiles")
    )
    return ManifestApplication(name, namespace, labels, document.file, spec, document, files)


def select_application_manifests(
    environment: EnvironmentConfig, applications: tuple[ManifestApplication, ...]
) -> tuple[ManifestApplication, ...]:
    """An environment's Applications by name or labels; else those that read the environment's own overlay."""
    match environment.applications:
        case ApplicationSelector(labels=wanted):
            named = [each for each in applications if all(each.labels.get(key) == value for key, value in wanted)]
        case names:
            named = [
                each
                for each in applications
                if any(
                    name.name == each.name
                    and (not name.namespace or not each.namespace or name.namespace == each.namespace)
                    for name in names
                )
            ]
    return tuple(named) or tuple(
        each for each in applications if any(_is_same_overlay(environment.values, file) for file in each.value_files)
    )


def _is_same_overlay(overlay: str, file: str) -> bool:
    name = file.partition("/")[2] if file.startswith("$") else file.lstrip("./")
    return bool(name) and "/" in name and (overlay == name or overlay.endswith("/" + name))


def find_helm_source(application: ManifestApplication) -> HelmSource:
    """The one source that renders a chart out of this repository; LayersError where there is none, or several."""
    sources = _list_sources(application.spec)
    several = isinstance(application.spec.get("sources"), list) and bool(application.spec.get("sources"))
    rendering = [(index, each) for index, each in enumerate(sources) if isinstance(each.get("path"), str)]
    charts = [each for each in sources if each.get("chart")]
    if len(rendering) != 1 or charts:
        what = "takes a chart from a registry" if charts else f"has {len(rendering)} sources with a path"
        raise _build_application_error(application, f"{application.name} {what}: its values cannot be told from here")
    index, source = rendering[0]
    where: KeyPath = ("spec", "sources", index) if several else ("spec", "source")
    path = str(source["path"]).strip("/").removeprefix("./")
    refs = {
        str(each["ref"]): ""
        for each in sources
        if isinstance(each.get("ref"), str) and each.get("repoURL") == source.get("repoURL")
    }
    helm = _to_mapping(source.get("helm"))
    node = application.document.find((*where, "helm"))
    namespace = _to_mapping(application.spec.get("destination")).get("namespace")
    return HelmSource(application.name, path, helm, application.file, node, refs, str(namespace or ""))


def build_application_values(application: ManifestApplication, files: FileReader) -> LayeredValues:
    """The values that an Application's chart renders with; LayersError where they cannot be told."""
    try:
        return build_layered_values(find_helm_source(application), files)
    except YamlDocumentError as error:
        raise ValueLayersError(error.problem) from error


def build_default_values(environment: EnvironmentConfig, chart: str, files: FileReader) -> LayeredValues:
    """The chart's values with the environment's overlay on them, where no Application says otherwise."""
    if files(environment.values) is None:
        message = f"the overlay {environment.values} is not there"
        raise ValueLayersError(Problem(environment.values, "missing-values", message, environment.values))
    source = HelmSource(environment.name, chart, {"valueFiles": ["/" + environment.values]}, environment.values)
    try:
        return build_layered_values(source, files)
    except YamlDocumentError as error:
        raise ValueLayersError(error.problem) from error


def _build_application_error(application: ManifestApplication, message: str) -> ValueLayersError:
    place = application.locate("source")
    return ValueLayersError(Problem(application.file, "bad-application", message, place.file, place.line, place.column))


def _list_sources(spec: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    several = [each for each in _get_list(spec, "sources") if isinstance(each, dict)]
    return [*several] if several else [_to_mapping(spec.get("source"))]


def _to_mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _get_list(value: Mapping[str, Json], key: str) -> list[Json]:
    found = value.get(key)
    return found if isinstance(found, list) else []
