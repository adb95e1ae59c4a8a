"""The manifests that `helm template` gives for the sample chart and merged values.

This follows the sample ops repo's chart (infra/helm/platform/templates) without helm: a gateway, a web frontend, two
workers with the gateway's image, an optional status mock and the ExternalSecret. Other charts are not supported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from ruamel.yaml.error import YAMLError

from anchor_tui.sandbox.git.repository import MemoryRepository
from anchor_tui.sandbox.yaml_loader import load_yaml

Values = Mapping[str, Any]


class RenderError(Exception):
    """The chart does not render. Argo CD shows the message as a ComparisonError."""


@dataclass(frozen=True, slots=True)
class RenderedResource:
    """A rendered object with its manifest."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    manifest: Mapping[str, Any] = field(repr=False)
    images: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The identity in the cluster: group, kind, namespace and name."""
        return (self.group, self.kind, self.namespace, self.name)


def _parse_yaml(text: str) -> Any:  # noqa: ANN401 - YAML
    try:
        return load_yaml(text)
    except YAMLError as error:
        raise RenderError(f"error converting YAML to JSON: {error}") from error


def merge_values(layers: Iterable[Values]) -> dict[str, Any]:
    """Merge layers of values as Helm does: mappings merge, null removes, other values replace."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = merged.get(key)
            if isinstance(value, Mapping) and isinstance(below, Mapping):
                merged[key] = merge_values((below, value))
            elif value is None and key in merged:
                del merged[key]
            else:
                merged[key] = value
    return merged


def render_target(
    repository: MemoryRepository, commit: str, source: Mapping[str, Any], namespace: str
) -> tuple[RenderedResource, ...]:
    """Return the resources that an Application's source renders at a commit. Raises RenderError."""
    path, helm = source.get("path", ""), source.get("helm", {})
    if repository.find_entry(commit, path) is None:
        raise RenderError(f"{path}: app path does not exist")
    files = ["values.yaml", *(name for name in helm.get("valueFiles", ()) if name != "values.yaml")]
    texts = []
    for name in files:
        entry = repository.find_entry(commit, f"{path}/{name}")
        if entry is None:
            raise RenderError(
                f"`helm template .` failed exit status 1: Error: open {path}/{name}: no such file or directory"
            )
        texts.append((name, repository.read_text(entry.sha)))
    inline = {key: helm[key] for key in ("values", "valuesObject", "parameters") if key in helm}
    return _render_texts(tuple(texts), msgspec.json.encode(inline), namespace)


@lru_cache(maxsize=512)
def _render_texts(texts: tuple[tuple[str, str], ...], inline: bytes, namespace: str) -> tuple[RenderedResource, ...]:
    """Render and cache: most comparisons render the same texts again."""
    return render_chart(merge_value_layers(texts, msgspec.json.decode(inline)), namespace)


def merge_value_layers(texts: Iterable[tuple[str, str]], inline: Values) -> dict[str, Any]:
    """Merge Helm's layers in their order: chart values, valueFiles, values, valuesObject, parameters."""
    layers = [_require_mapping(_parse_yaml(text), name) for name, text in texts]
    if "values" in inline:
        layers.append(_require_mapping(_parse_yaml(inline["values"]), "values"))
    layers.append(inline.get("valuesObject", {}))
    for parameter in inline.get("parameters", ()):
        layer: Any = parameter["value"]
        for part in reversed(parameter["name"].split(".")):
            layer = {part: layer}
        layers.append(layer)
    return merge_values(layers)


def _require_mapping(value: object, name: str) -> Values:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RenderError(f"`helm template .` failed exit status 1: Error: failed to parse {name}: not a mapping")
    return value


def render_chart(values: Values, namespace: str) -> tuple[RenderedResource, ...]:
    """Return every object of an environment, ordered as in Argo CD's lists. Raises RenderError."""
    try:
        found = tuple(_render_resources(values, namespace))
    except (KeyError, TypeError, AttributeError) as error:
        raise RenderError(
            f"`helm template . --namespace {namespace}` failed exit status 1: Error: template: platform: {error!r}"
        ) from error
    return tuple(sorted(found, key=lambda resource: resource.key))


def _render_resources(values: Values, namespace: str) -> Iterable[RenderedResource]:
    for name in ("gateway", "web"):
        yield _render_deployment(f"anchor-{name}", values[name], values[name]["image"], values, namespace)
        yield _render_service(f"anchor-{name}", namespace)
    for name in ("outbox", "job"):
        worker = values["workers"][name]
        if worker["enabled"]:
            yield _render_deployment(f"anchor-{name}-worker", worker, values["gateway"]["image"], values, namespace)
    mock = values["statusMock"]
    if mock["enabled"]:
        yield _render_deployment("status-mock", {"replicas": 1}, mock["image"], values, namespace)
        yield _render_service("status-mock", namespace)
    if values.get("secrets"):
        yield _render_external_secret(values["secrets"], namespace)


def format_image_reference(image: Values) -> str:
    """Return `repository:tag@digest`; the digest is optional."""
    digest = image.get("digest")
    return f"{image['repository']}:{image['tag']}" + (f"@{digest}" if digest else "")


def _render_deployment(name: str, part: Values, image: Values, values: Values, namespace: str) -> RenderedResource:
    container: dict[str, Any] = {"name": name, "image": format_image_reference(image)}
    if part.get("command"):
        container["command"] = part["command"]
    if part.get("env"):
        container["env"] = [
            {"name": key, "value": _format_env_value(value)} for key, value in sorted(part["env"].items())
        ]
    container["envFrom"] = [{"secretRef": {"name": values["secrets"]["name"]}}]
    if part.get("resources"):
        container["resources"] = part["resources"]
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app": name, "app.kubernetes.io/part-of": "anchor-msp"},
        },
        "spec": {
            "replicas": part["replicas"],
            "selector": {"matchLabels": {"app": name}},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {
                    "maxSurge": values["rollout"]["maxSurge"],
                    "maxUnavailable": values["rollout"]["maxUnavailable"],
                },
            },
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }
    return RenderedResource("apps", "v1", "Deployment", namespace, name, manifest, (container["image"],))


def _format_env_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _render_service(name: str, namespace: str) -> RenderedResource:
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "anchor-msp"},
        },
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    }
    return RenderedResource("", "v1", "Service", namespace, name, manifest)


def _render_external_secret(secrets: Values, namespace: str) -> RenderedResource:
    remote = secrets["remoteKey"]
    manifest = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {
            "name": secrets["name"],
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "anchor-msp"},
        },
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": secrets["store"]},
            "target": {"name": secrets["name"]},
            "data": [{"secretKey": key, "remoteRef": {"key": remote, "property": key}} for key in secrets["keys"]],
        },
    }
    return RenderedResource("external-secrets.io", "v1", "ExternalSecret", namespace, secrets["name"], manifest)
