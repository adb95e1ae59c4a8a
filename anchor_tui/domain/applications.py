"""Argo CD Applications as they stand in git: what they follow, where their values come from, how they sync."""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.config import ApplicationSelector, EnvironmentConfig
from anchor_tui.domain.documents import Document, DocumentError, parse_all
from anchor_tui.domain.layers import Files, HelmSource, LaidValues, LayersError, Place, lay_values
from anchor_tui.domain.model import Problem, Value
from anchor_tui.domain.nodes import Json, KeyPath, Node, child


class ManifestApplication(Value, frozen=True):
    """One Application of a file. `document` is the YAML it stands in."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    file: str
    spec: Mapping[str, Json]
    document: Document
    value_files: tuple[str, ...] = ()

    def find(self, *path: str | int) -> Json:
        """The value at a key path below `spec`; None where there is none."""
        node: Json = dict(self.spec)
        for step in path:
            node = node.get(str(step)) if isinstance(node, dict) else None
        return node

    def place(self, *path: str | int) -> Place:
        """Where a key path below `spec` stands, or the nearest thing above it."""
        node: Node = self.document.root
        for step in ("spec", *path):
            below = child(node, step)
            if below is None:
                break
            node = below
        return Place(self.file, node.line, node.column)


def read_applications(texts: Mapping[str, str | bytes]) -> tuple[tuple[ManifestApplication, ...], tuple[Problem, ...]]:
    """Every Application in these files by path, and what could not be read. An ApplicationSet is a problem."""
    found: list[ManifestApplication] = []
    problems: list[Problem] = []
    for file, text in sorted(texts.items()):
        try:
            documents = parse_all(text, file)
        except DocumentError as error:
            problems.append(error.problem)
            continue
        for document in documents:
            value = document.value
            if not isinstance(value, dict) or not str(value.get("apiVersion", "")).startswith("argoproj.io/"):
                continue
            if value.get("kind") == "ApplicationSet":
                message = "an ApplicationSet makes Applications out of a template: which ones cannot be told from here"
                problems.append(document.problem("application-set", message))
            elif value.get("kind") == "Application":
                found.append(_application(document, value))
    return tuple(found), tuple(problems)


def _application(document: Document, value: Mapping[str, Json]) -> ManifestApplication:
    metadata, spec = _mapping(value.get("metadata")), _mapping(value.get("spec"))
    labels = {key: str(text) for key, text in _mapping(metadata.get("labels")).items()}
    name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
    files = tuple(str(each) for source in _sources(spec) for each in _list(_mapping(source.get("helm")), "valueFiles"))
    return ManifestApplication(name, namespace, labels, document.file, spec, document, files)


def applications_of(
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
        each for each in applications if any(_ends_alike(environment.values, file) for file in each.value_files)
    )


def _ends_alike(overlay: str, file: str) -> bool:
    name = file.partition("/")[2] if file.startswith("$") else file.lstrip("./")
    return bool(name) and "/" in name and (overlay == name or overlay.endswith("/" + name))


def helm_source(application: ManifestApplication) -> HelmSource:
    """The one source that renders a chart out of this repository; LayersError where there is none, or several."""
    sources = _sources(application.spec)
    several = isinstance(application.spec.get("sources"), list) and bool(application.spec.get("sources"))
    rendering = [(index, each) for index, each in enumerate(sources) if isinstance(each.get("path"), str)]
    charts = [each for each in sources if each.get("chart")]
    if len(rendering) != 1 or charts:
        what = "takes a chart from a registry" if charts else f"has {len(rendering)} sources with a path"
        raise _error(application, f"{application.name} {what}: its values cannot be told from here")
    index, source = rendering[0]
    where: KeyPath = ("spec", "sources", index) if several else ("spec", "source")
    path = str(source["path"]).strip("/").removeprefix("./")
    refs = {
        str(each["ref"]): ""
        for each in sources
        if isinstance(each.get("ref"), str) and each.get("repoURL") == source.get("repoURL")
    }
    helm = _mapping(source.get("helm"))
    node = application.document.find((*where, "helm"))
    namespace = _mapping(application.spec.get("destination")).get("namespace")
    return HelmSource(application.name, path, helm, application.file, node, refs, str(namespace or ""))


def values_of(application: ManifestApplication, files: Files) -> LaidValues:
    """The values that an Application's chart renders with; LayersError where they cannot be told."""
    try:
        return lay_values(helm_source(application), files)
    except DocumentError as error:
        raise LayersError(error.problem) from error


def default_values(environment: EnvironmentConfig, chart: str, files: Files) -> LaidValues:
    """The chart's values with the environment's overlay on them, where no Application says otherwise."""
    if files(environment.values) is None:
        message = f"the overlay {environment.values} is not there"
        raise LayersError(Problem(environment.values, "missing-values", message, environment.values))
    source = HelmSource(environment.name, chart, {"valueFiles": ["/" + environment.values]}, environment.values)
    try:
        return lay_values(source, files)
    except DocumentError as error:
        raise LayersError(error.problem) from error


def _error(application: ManifestApplication, message: str) -> LayersError:
    place = application.place("source")
    return LayersError(Problem(application.file, "bad-application", message, place.file, place.line, place.column))


def _sources(spec: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    several = [each for each in _list(spec, "sources") if isinstance(each, dict)]
    return [*several] if several else [_mapping(spec.get("source"))]


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Mapping[str, Json], key: str) -> list[Json]:
    found = value.get(key)
    return found if isinstance(found, list) else []
