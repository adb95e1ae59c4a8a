"""Kubernetes manifests as parsed JSON → what the rules ask about: workloads, containers, their environment.

Whatever carries a Pod template is a workload, whether or not its kind is known: Deployments, Jobs and
CronJobs, and custom kinds too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from anchor_tui.domain.json_access import JsonMapping, get_int, get_list, get_mapping, get_mappings, get_text
from anchor_tui.domain.kubernetes.container_env import EnvSources, EnvVariable, read_env_sources, resolve_container_env
from anchor_tui.domain.model import ValueObject


class KubernetesResource(ValueObject, frozen=True):
    """One object. `stale` is one that lives and that git no longer has; `kept` is what keeps it from a prune."""

    group: str
    kind: str
    namespace: str
    name: str
    manifest: JsonMapping
    application: str = ""
    stale: bool = False
    prune_protection: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def is_hook(self) -> bool:
        """Whether Argo CD or Helm runs it at a moment of a sync, and does not keep it."""
        annotations = get_mapping(self.manifest, "metadata", "annotations")
        return "argocd.argoproj.io/hook" in annotations or "helm.sh/hook" in annotations


class PodContainer(ValueObject, frozen=True):
    """One container. `init` is one that has ended before the others begin."""

    name: str
    image: str
    init: bool
    env: Mapping[str, EnvVariable]
    unreadable_env: tuple[str, ...]
    """What fills its environment and could not be read."""
    requests: object = None
    limits: object = None


class Workload(ValueObject, frozen=True):
    """Whatever runs Pods. `replicas` is None where nothing is said, `odd` what of it is not as it should be."""

    resource: KubernetesResource
    pod: JsonMapping
    containers: tuple[PodContainer, ...]
    replicas: int | None = None
    malformation: str | None = None

    def __str__(self) -> str:
        return str(self.resource)

    @property
    def main_container(self) -> PodContainer | None:
        """The container that gives the workload its name, else the first."""
        running = [each for each in self.containers if not each.init]
        own = (each for each in running if each.name == self.resource.name)
        return next(own, running[0] if running else None)


class Manifests(ValueObject, frozen=True):
    """Everything that an environment's applications render, or have live.

    `missing` says for which application nothing came, and why; `odd` what is in a shape that was not understood.
    """

    resources: tuple[KubernetesResource, ...]
    workloads: tuple[Workload, ...]
    sources: EnvSources
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether what is not here is not there either."""
        return not self.missing and not self.unreadable

    def find_workload(self, name: str) -> Workload | None:
        """The workload of a name, a Deployment before others."""
        found = [each for each in self.workloads if each.resource.name == name]
        return min(found, key=lambda each: each.resource.kind != "Deployment", default=None)

    def list_kind(self, kind: str) -> Iterator[KubernetesResource]:
        """The objects of a kind."""
        return (each for each in self.resources if each.kind == kind)


def read_manifests(
    manifests: Iterable[object], application: str = "", *, missing: Iterable[str] = (), live: bool = False
) -> Manifests:
    """Manifests as `helm template` or Argo CD render them. `live` is whether they come from the cluster."""
    resources, odd = [], []
    for manifest in _flatten_lists(manifests):
        found = read_resource(manifest, application)
        if found is None:
            odd.append("a manifest without kind or name")
        else:
            resources.append(found)
    return build_manifests(resources, missing=missing, odd=odd, live=live)


def build_manifests(
    resources: Iterable[KubernetesResource], *, missing: Iterable[str] = (), odd: Iterable[str] = (), live: bool = False
) -> Manifests:
    """The resources with their workloads, each container's environment filled in."""
    every = tuple(resources)
    sources = read_env_sources(((each.kind, each.group, each.manifest) for each in every), live=live)
    workloads = tuple(found for each in every if (found := _build_workload(each, sources)) is not None)
    strange = tuple(f"{each}: {each.malformation}" for each in workloads if each.malformation)
    return Manifests(every, workloads, sources, tuple(missing), (*odd, *strange))


def read_resource(manifest: object, application: str = "") -> KubernetesResource | None:
    """One object; None where it has no kind or no name."""
    about = get_mapping(manifest)
    kind, name = (
        get_text(about, "kind"),
        get_text(about, "metadata", "name") or get_text(about, "metadata", "generateName"),
    )
    if not kind or not name:
        return None
    group = get_text(about, "apiVersion").rpartition("/")[0]
    return KubernetesResource(group, kind, get_text(about, "metadata", "namespace"), name, about, application)


def _flatten_lists(manifests: Iterable[object]) -> Iterator[object]:
    """A `List` is the objects in it; nothing at all is no object."""
    for manifest in manifests:
        if get_text(manifest, "kind") == "List" and not get_text(manifest, "metadata", "name"):
            yield from get_list(manifest, "items")
        elif manifest is not None:
            yield manifest


_POD_TEMPLATE_PATHS = (("spec", "jobTemplate", "spec", "template"), ("spec", "template"))


def _build_workload(resource: KubernetesResource, sources: EnvSources) -> Workload | None:
    """The workload that an object is, None where it has no Pods of its own."""
    pod = _find_pod_spec(resource)
    if pod is None or get_mapping(resource.manifest, "metadata").get("ownerReferences"):
        return None
    listed = pod.get("containers")
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed) or not listed:
        return Workload(resource, pod, (), malformation="its containers are no list of containers")
    containers = tuple(
        _build_container(each, resource, sources, init=init)
        for init, key in ((True, "initContainers"), (False, "containers"))
        for each in get_mappings(pod, key)
    )
    return Workload(
        resource, pod, containers, get_int(resource.manifest, "spec", "replicas"), _describe_malformation(resource, pod)
    )


def _find_pod_spec(resource: KubernetesResource) -> JsonMapping | None:
    """The Pod's spec, wherever the kind keeps it; None where there is none."""
    if resource.kind == "Pod":
        return get_mapping(resource.manifest, "spec")
    for path in _POD_TEMPLATE_PATHS:
        pod = get_mapping(resource.manifest, *path, "spec")
        if "containers" in pod:
            return pod
    known = resource.group in {"apps", "batch"} and resource.kind != "ControllerRevision"
    return {} if known else None


def _describe_malformation(resource: KubernetesResource, pod: JsonMapping) -> str | None:
    replicas = get_mapping(resource.manifest, "spec").get("replicas")
    if replicas is not None and (not isinstance(replicas, int) or isinstance(replicas, bool)):
        return f"its replicas are `{replicas}`, which is no number"
    init = pod.get("initContainers")
    return "its initContainers are no list" if init is not None and not isinstance(init, list) else None


def _build_container(
    container: JsonMapping, resource: KubernetesResource, sources: EnvSources, *, init: bool
) -> PodContainer:
    environ, opened = resolve_container_env(container, str(resource), sources)
    sidecar = init and get_text(container, "restartPolicy") == "Always"
    return PodContainer(
        get_text(container, "name"),
        get_text(container, "image"),
        init and not sidecar,
        environ,
        opened,
        get_mapping(container, "resources", "requests").get("memory"),
        get_mapping(container, "resources", "limits").get("memory"),
    )
