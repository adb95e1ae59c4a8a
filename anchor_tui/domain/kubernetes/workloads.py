"""Read Kubernetes manifests (parsed JSON) into workloads, containers and their environment variables.

Every object with a Pod template is a workload: Deployments, Jobs, CronJobs, and custom kinds too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from anchor_tui.domain.json_access import (
    ODD_VALUE_FAULTS,
    JsonMapping,
    describe_value,
    get_int,
    get_list,
    get_mapping,
    get_mappings,
    get_text,
    is_deeper_than,
)
from anchor_tui.domain.kubernetes.container_env import EnvSources, EnvVariable, read_env_sources, resolve_container_env
from anchor_tui.domain.model import ValueObject

MAX_MANIFEST_DEPTH = 200
"""The levels of an object that is read. The functions that walk or compare objects are recursive."""


class KubernetesResource(ValueObject, frozen=True):
    """One object. `stale` means live, but not in git any more; `prune_protection` is the option against pruning."""

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
        """True if Argo CD or Helm runs the object during a sync and does not keep it."""
        annotations = get_mapping(self.manifest, "metadata", "annotations")
        return "argocd.argoproj.io/hook" in annotations or "helm.sh/hook" in annotations


class PodContainer(ValueObject, frozen=True):
    """One container. `init` is True if it ends before the other containers start."""

    name: str
    image: str
    init: bool
    env: Mapping[str, EnvVariable]
    unreadable_env: tuple[str, ...]
    """Sentences about environment variables that could not be read."""
    requests: object = None
    limits: object = None


class Workload(ValueObject, frozen=True):
    """An object that runs Pods. `replicas` is None if it is not set; `malformation` describes a wrong structure."""

    resource: KubernetesResource
    pod: JsonMapping
    containers: tuple[PodContainer, ...]
    replicas: int | None = None
    malformation: str | None = None

    def __str__(self) -> str:
        return str(self.resource)

    @property
    def main_container(self) -> PodContainer | None:
        """The container with the workload's name, else the first."""
        running = [container for container in self.containers if not container.init]
        own = (container for container in running if container.name == self.resource.name)
        return next(own, running[0] if running else None)


ScaleTarget: TypeAlias = tuple[str, str]
"""The kind and the name of a workload that an autoscaler scales."""


class Manifests(ValueObject, frozen=True):
    """The objects that an environment's applications render or have live.

    `missing` are sentences about applications without objects; `unreadable` about objects of an unsupported structure.
    """

    resources: tuple[KubernetesResource, ...]
    workloads: tuple[Workload, ...]
    sources: EnvSources
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    autoscalers: Mapping[ScaleTarget, KubernetesResource] = {}
    """The autoscaler of each workload that has one. A HorizontalPodAutoscaler has precedence over a ScaledObject."""

    @property
    def is_complete(self) -> bool:
        """True if an object that is not included does not exist either."""
        return not self.missing and not self.unreadable

    def find_workload(self, name: str) -> Workload | None:
        """Return the workload with this name; a Deployment has precedence."""
        found = [workload for workload in self.workloads if workload.resource.name == name]
        return min(found, key=lambda workload: workload.resource.kind != "Deployment", default=None)


def read_manifests(
    manifests: Iterable[object], application: str = "", *, missing: Iterable[str] = (), live: bool = False
) -> Manifests:
    """Read manifests as rendered by `helm template` or Argo CD. `live` is True if they come from the cluster."""
    resources, unreadable = [], []
    for manifest in _flatten_lists(manifests):
        found = read_resource(manifest, application)
        if found is None:
            unreadable.append(f"a manifest without kind or name, or of more than {MAX_MANIFEST_DEPTH} levels")
        else:
            resources.append(found)
    return build_manifests(resources, missing=missing, unreadable=unreadable, live=live)


def build_manifests(
    resources: Iterable[KubernetesResource],
    *,
    missing: Iterable[str] = (),
    unreadable: Iterable[str] = (),
    live: bool = False,
) -> Manifests:
    """Return the resources with their workloads and the environment variables of each container."""
    every = tuple(resources)
    sources = read_env_sources(((resource.kind, resource.manifest) for resource in every), live=live)
    workloads = tuple(found for resource in every if (found := _read_workload(resource, sources)) is not None)
    malformed = (f"{workload}: {workload.malformation}" for workload in workloads if workload.malformation)
    return Manifests(every, workloads, sources, tuple(missing), (*unreadable, *malformed), _find_autoscalers(every))


def _find_autoscalers(resources: Iterable[KubernetesResource]) -> dict[ScaleTarget, KubernetesResource]:
    found: dict[ScaleTarget, KubernetesResource] = {}
    for resource in sorted(resources, key=lambda resource: resource.kind):
        if resource.kind in {"HorizontalPodAutoscaler", "ScaledObject"}:
            target = get_mapping(resource.manifest, "spec", "scaleTargetRef")
            found.setdefault((get_text(target, "kind") or "Deployment", get_text(target, "name")), resource)
    return found


def read_resource(manifest: object, application: str = "") -> KubernetesResource | None:
    """Return one object; None if it has no kind or no name, or more than MAX_MANIFEST_DEPTH levels."""
    if is_deeper_than(manifest, MAX_MANIFEST_DEPTH):
        return None
    parsed = get_mapping(manifest)
    kind = get_text(parsed, "kind")
    name = get_text(parsed, "metadata", "name") or get_text(parsed, "metadata", "generateName")
    if not kind or not name:
        return None
    group = get_text(parsed, "apiVersion").rpartition("/")[0]
    return KubernetesResource(group, kind, get_text(parsed, "metadata", "namespace"), name, parsed, application)


def _flatten_lists(manifests: Iterable[object]) -> Iterator[object]:
    """Yield the objects of each `List` and all other objects; None is dropped."""
    for manifest in manifests:
        if get_text(manifest, "kind") == "List" and not get_text(manifest, "metadata", "name"):
            yield from get_list(manifest, "items")
        elif manifest is not None:
            yield manifest


_POD_TEMPLATE_PATHS = (("spec", "jobTemplate", "spec", "template"), ("spec", "template"))


def _read_workload(resource: KubernetesResource, sources: EnvSources) -> Workload | None:
    """Return the workload of an object as `_build_workload` does. An odd value makes only this object malformed."""
    try:
        return _build_workload(resource, sources)
    except ODD_VALUE_FAULTS as error:
        return Workload(resource, {}, (), malformation=f"it cannot be read ({type(error).__name__})")


def _build_workload(resource: KubernetesResource, sources: EnvSources) -> Workload | None:
    """Return the workload of an object; None if the object has no Pods of its own."""
    pod = _find_pod_spec(resource)
    if pod is None or get_mapping(resource.manifest, "metadata").get("ownerReferences"):
        return None
    listed = pod.get("containers")
    if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed) or not listed:
        return Workload(resource, pod, (), malformation="its containers are not a list of containers")
    containers = tuple(
        _build_container(container, resource, sources, init=init)
        for init, key in ((True, "initContainers"), (False, "containers"))
        for container in get_mappings(pod, key)
    )
    return Workload(
        resource, pod, containers, get_int(resource.manifest, "spec", "replicas"), _describe_malformation(resource, pod)
    )


def _find_pod_spec(resource: KubernetesResource) -> JsonMapping | None:
    """Return the Pod's spec, by the structure of the kind; None if there is none."""
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
        return f"its replicas are {describe_value(replicas)}, which is not a number"
    init = pod.get("initContainers")
    return "its initContainers are not a list" if init is not None and not isinstance(init, list) else None


def _build_container(
    container: JsonMapping, resource: KubernetesResource, sources: EnvSources, *, init: bool
) -> PodContainer:
    env, unreadable = resolve_container_env(container, str(resource), sources)
    sidecar = init and get_text(container, "restartPolicy") == "Always"
    return PodContainer(
        get_text(container, "name"),
        get_text(container, "image"),
        init and not sidecar,
        env,
        unreadable,
        get_mapping(container, "resources", "requests").get("memory"),
        get_mapping(container, "resources", "limits").get("memory"),
    )
