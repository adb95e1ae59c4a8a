"""Kubernetes manifests as parsed JSON → what the rules ask about: workloads, containers, their environment.

Whatever carries a Pod template is a workload, whether or not its kind is known: Deployments, Jobs and
CronJobs, and custom kinds too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from anchor_tui.domain.environs import Sources, Variable, environ_of, read_sources
from anchor_tui.domain.model import Value
from anchor_tui.domain.shapes import Manifest, mapping, mappings, sequence, text, whole


class Resource(Value, frozen=True):
    """One object. `stale` is one that lives and that git no longer has; `kept` is what keeps it from a prune."""

    group: str
    kind: str
    namespace: str
    name: str
    manifest: Manifest
    application: str = ""
    stale: bool = False
    kept: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def is_hook(self) -> bool:
        """Whether Argo CD or Helm runs it at a moment of a sync, and does not keep it."""
        annotations = mapping(self.manifest, "metadata", "annotations")
        return "argocd.argoproj.io/hook" in annotations or "helm.sh/hook" in annotations


class Container(Value, frozen=True):
    """One container. `init` is one that has ended before the others begin."""

    name: str
    image: str
    init: bool
    environ: Mapping[str, Variable]
    open: tuple[str, ...]
    """What fills its environment and could not be read."""
    requests: object = None
    limits: object = None


class Workload(Value, frozen=True):
    """Whatever runs Pods. `replicas` is None where nothing is said, `odd` what of it is not as it should be."""

    resource: Resource
    pod: Manifest
    containers: tuple[Container, ...]
    replicas: int | None = None
    odd: str | None = None

    def __str__(self) -> str:
        return str(self.resource)

    @property
    def main(self) -> Container | None:
        """The container that gives the workload its name, else the first."""
        running = [each for each in self.containers if not each.init]
        own = (each for each in running if each.name == self.resource.name)
        return next(own, running[0] if running else None)


class Manifests(Value, frozen=True):
    """Everything that an environment's applications render, or have live.

    `missing` says for which application nothing came, and why; `odd` what is in a shape that was not understood.
    """

    resources: tuple[Resource, ...]
    workloads: tuple[Workload, ...]
    sources: Sources
    missing: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether what is not here is not there either."""
        return not self.missing and not self.odd

    def named(self, name: str) -> Workload | None:
        """The workload of a name, a Deployment before others."""
        found = [each for each in self.workloads if each.resource.name == name]
        return min(found, key=lambda each: each.resource.kind != "Deployment", default=None)

    def of_kind(self, kind: str) -> Iterator[Resource]:
        """The objects of a kind."""
        return (each for each in self.resources if each.kind == kind)


def read_manifests(
    manifests: Iterable[object], application: str = "", *, missing: Iterable[str] = (), live: bool = False
) -> Manifests:
    """Manifests as `helm template` or Argo CD render them. `live` is whether they come from the cluster."""
    resources, odd = [], []
    for manifest in _flat(manifests):
        found = read_resource(manifest, application)
        if found is None:
            odd.append("a manifest without kind or name")
        else:
            resources.append(found)
    return assemble_manifests(resources, missing=missing, odd=odd, live=live)


def assemble_manifests(
    resources: Iterable[Resource], *, missing: Iterable[str] = (), odd: Iterable[str] = (), live: bool = False
) -> Manifests:
    """The resources with their workloads, each container's environment filled in."""
    every = tuple(resources)
    sources = read_sources(((each.kind, each.group, each.manifest) for each in every), live=live)
    workloads = tuple(found for each in every if (found := _workload(each, sources)) is not None)
    strange = tuple(f"{each}: {each.odd}" for each in workloads if each.odd)
    return Manifests(every, workloads, sources, tuple(missing), (*odd, *strange))


def read_resource(manifest: object, application: str = "") -> Resource | None:
    """One object; None where it has no kind or no name."""
    about = mapping(manifest)
    kind, name = text(about, "kind"), text(about, "metadata", "name") or text(about, "metadata", "generateName")
    if not kind or not name:
        return None
    group = text(about, "apiVersion").rpartition("/")[0]
    return Resource(group, kind, text(about, "metadata", "namespace"), name, about, application)


def _flat(manifests: Iterable[object]) -> Iterator[object]:
    """A `List` is the objects in it; nothing at all is no object."""
    for manifest in manifests:
        if text(manifest, "kind") == "List" and not text(manifest, "metadata", "name"):
            yield from sequence(manifest, "items")
        elif manifest is not None:
            yield manifest


_TEMPLATES = (("spec", "jobTemplate", "spec", "template"), ("spec", "template"))


def _workload(resource: Resource, sources: Sources) -> Workload | None:
    """The workload that an object is, None where it has no Pods of its own."""
    pod = _pod(resource)
    if pod is None or mapping(resource.manifest, "metadata").get("ownerReferences"):
        return None
    listed = pod.get("containers")
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed) or not listed:
        return Workload(resource, pod, (), odd="its containers are no list of containers")
    containers = tuple(
        _container(each, resource, sources, init=init)
        for init, key in ((True, "initContainers"), (False, "containers"))
        for each in mappings(pod, key)
    )
    return Workload(resource, pod, containers, whole(resource.manifest, "spec", "replicas"), _oddity(resource, pod))


def _pod(resource: Resource) -> Manifest | None:
    """The Pod's spec, wherever the kind keeps it; None where there is none."""
    if resource.kind == "Pod":
        return mapping(resource.manifest, "spec")
    for path in _TEMPLATES:
        pod = mapping(resource.manifest, *path, "spec")
        if "containers" in pod:
            return pod
    known = resource.group in {"apps", "batch"} and resource.kind != "ControllerRevision"
    return {} if known else None


def _oddity(resource: Resource, pod: Manifest) -> str | None:
    replicas = mapping(resource.manifest, "spec").get("replicas")
    if replicas is not None and (not isinstance(replicas, int) or isinstance(replicas, bool)):
        return f"its replicas are `{replicas}`, which is no number"
    init = pod.get("initContainers")
    return "its initContainers are no list" if init is not None and not isinstance(init, list) else None


def _container(container: Manifest, resource: Resource, sources: Sources, *, init: bool) -> Container:
    environ, opened = environ_of(container, str(resource), sources)
    sidecar = init and text(container, "restartPolicy") == "Always"
    return Container(
        text(container, "name"),
        text(container, "image"),
        init and not sidecar,
        environ,
        opened,
        mapping(container, "resources", "requests").get("memory"),
        mapping(container, "resources", "limits").get("memory"),
    )
