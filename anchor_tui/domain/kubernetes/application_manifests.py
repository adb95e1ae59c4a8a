"""Argo CD Applications in git: the source they follow, their values and their sync settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from anchor_tui.config.model import ApplicationSelector, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import (
    FileReader,
    HelmSource,
    LayeredValues,
    SourceLocation,
    ValueLayersError,
    build_layered_values,
)
from anchor_tui.domain.json_access import ODD_VALUE_FAULTS
from anchor_tui.domain.model import Problem, ValueObject
from anchor_tui.domain.yaml.document import YamlDocument, parse_documents
from anchor_tui.domain.yaml.nodes import Json, KeyPath, YamlDocumentError, find_nearest_node


class ManifestApplication(ValueObject, frozen=True):
    """One Application of a file. `document` is its YAML document."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    file: str
    spec: Mapping[str, Json]
    document: YamlDocument
    value_files: tuple[str, ...] = ()

    def find(self, *path: str | int) -> Json:
        """Return the value at a key path below `spec`; None if there is none."""
        node: Json = dict(self.spec)
        for step in path:
            node = node.get(str(step)) if isinstance(node, dict) else None
        return node

    def locate(self, *path: str | int) -> SourceLocation:
        """Return the location of a key path below `spec`, or of its nearest parent that exists."""
        node = find_nearest_node(self.document.root, ("spec", *path))
        return SourceLocation(self.file, node.line, node.column)


def read_application_manifests(
    texts: Mapping[str, str | bytes],
) -> tuple[tuple[ManifestApplication, ...], tuple[Problem, ...]]:
    """Return every Application in these files (path to content), and the problems. An ApplicationSet is a problem."""
    found: list[ManifestApplication] = []
    problems: list[Problem] = []
    for file, text in sorted(texts.items()):
        try:
            for item in _read_file(text, file):
                if isinstance(item, Problem):
                    problems.append(item)
                else:
                    found.append(item)
        except YamlDocumentError as error:
            problems.append(error.problem)
        except ODD_VALUE_FAULTS as error:
            message = f"a value of this file cannot be read ({type(error).__name__}): simplify it"
            problems.append(Problem(file, "unreadable-file", message, file))
    return tuple(found), tuple(problems)


def _read_file(text: str | bytes, file: str) -> Iterator[ManifestApplication | Problem]:
    for document in parse_documents(text, file):
        value = document.value
        if not isinstance(value, dict) or not str(value.get("apiVersion", "")).startswith("argoproj.io/"):
            continue
        if value.get("kind") == "ApplicationSet":
            message = "an ApplicationSet generates Applications, which are unknown in git"
            yield document.build_problem("application-set", message)
        elif value.get("kind") == "Application":
            yield _read_application(document, value)


def _read_application(document: YamlDocument, value: Mapping[str, Json]) -> ManifestApplication:
    metadata, spec = _to_mapping(value.get("metadata")), _to_mapping(value.get("spec"))
    labels = {key: str(text) for key, text in _to_mapping(metadata.get("labels")).items()}
    name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
    files = tuple(
        str(file) for source in _list_sources(spec) for file in _get_list(_to_mapping(source.get("helm")), "valueFiles")
    )
    return ManifestApplication(name, namespace, labels, document.file, spec, document, files)


def select_application_manifests(
    environment: EnvironmentConfig, applications: tuple[ManifestApplication, ...]
) -> tuple[ManifestApplication, ...]:
    """Return the Applications with the environment's names or labels; if none, those that use its own overlay."""
    named = tuple(application for application in applications if _is_configured(environment, application))
    return named or tuple(
        application
        for application in applications
        if any(_is_same_overlay(environment.values, file) for file in application.value_files)
    )


def _is_configured(environment: EnvironmentConfig, application: ManifestApplication) -> bool:
    """Return True if the configuration selects the Application by its labels or by its name."""
    match environment.applications:
        case ApplicationSelector(labels=labels):
            return all(application.labels.get(key) == value for key, value in labels)
        case names:
            return any(
                name.name == application.name
                and (not name.namespace or not application.namespace or name.namespace == application.namespace)
                for name in names
            )


def _is_same_overlay(overlay: str, file: str) -> bool:
    name = file.partition("/")[2] if file.startswith("$") else file.lstrip("./")
    return bool(name) and "/" in name and (overlay == name or overlay.endswith("/" + name))


def find_helm_source(application: ManifestApplication) -> HelmSource:
    """Return the only source that renders a chart of this repository.

    Raises ValueLayersError if there is not exactly one.
    """
    sources = _list_sources(application.spec)
    with_path = [(index, source) for index, source in enumerate(sources) if isinstance(source.get("path"), str)]
    charts = [source for source in sources if source.get("chart")]
    if len(with_path) != 1 or charts:
        reason = "uses a chart from a registry" if charts else f"has {len(with_path)} sources with a path"
        raise _build_application_error(application, f"{application.name} {reason}: its values are unknown in git")
    index, source = with_path[0]
    several = application.spec.get("sources")
    where: KeyPath = ("spec", "sources", index) if isinstance(several, list) and several else ("spec", "source")
    path = str(source["path"]).strip("/").removeprefix("./")
    refs = {
        str(other["ref"]): ""
        for other in sources
        if isinstance(other.get("ref"), str) and _is_same_repository(other.get("repoURL"), source.get("repoURL"))
    }
    helm = _to_mapping(source.get("helm"))
    node = application.document.find((*where, "helm"))
    namespace = _to_mapping(application.spec.get("destination")).get("namespace")
    return HelmSource(application.name, path, helm, application.file, node, refs, str(namespace or ""))


def build_application_values(application: ManifestApplication, read_file: FileReader) -> LayeredValues:
    """Return the values that an Application's chart renders with. Raises ValueLayersError if they are unknown."""
    return build_layered_values(find_helm_source(application), read_file)


def build_default_values(environment: EnvironmentConfig, chart: str, read_file: FileReader) -> LayeredValues:
    """Return the chart's values with the environment's overlay, for an environment without an Application in git."""
    if read_file(environment.values) is None:
        message = f"the overlay {environment.values} does not exist"
        raise ValueLayersError(Problem(environment.values, "missing-values", message, environment.values))
    source = HelmSource(environment.name, chart, {"valueFiles": ["/" + environment.values]}, environment.values)
    return build_layered_values(source, read_file)


def _build_application_error(application: ManifestApplication, message: str) -> ValueLayersError:
    location = application.locate("source")
    problem = Problem(application.file, "bad-application", message, location.file, location.line, location.column)
    return ValueLayersError(problem)


def _is_same_repository(one: Json, other: Json) -> bool:
    return normalize_git_url(str(one or "")) == normalize_git_url(str(other or ""))


def normalize_git_url(url: str) -> str:
    """Return a repository's URL in the form in which Argo CD compares URLs: `.git` and the SSH spelling are ignored."""
    text = url.strip().lower().removeprefix("ssh://")
    if "://" not in text:
        host, colon, path = text.partition(":")
        text = f"{host}/{path}" if colon and "/" not in host else text
    return text.removesuffix(".git")


def _list_sources(spec: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    several = [source for source in _get_list(spec, "sources") if isinstance(source, dict)]
    return [*several] if several else [_to_mapping(spec.get("source"))]


def _to_mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _get_list(value: Mapping[str, Json], key: str) -> list[Json]:
    found = value.get(key)
    return found if isinstance(found, list) else []
