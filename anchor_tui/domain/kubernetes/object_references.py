"""The references between Kubernetes objects: which objects still need one that is going to be deleted.

Covered are names in fields (ConfigMap, Secret, PersistentVolumeClaim, ServiceAccount, the target of an autoscaler, the
backends of an Ingress or a route, and others) and the host names of Services in variables, arguments, ConfigMaps and
custom resources. Values of Secrets are unknown: Argo CD masks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from anchor_tui.domain.json_access import JsonMapping, get_list, get_mapping, get_mappings, get_text
from anchor_tui.domain.kubernetes.service_hosts import ServiceAddress, find_mention
from anchor_tui.domain.kubernetes.workloads import KubernetesResource, Workload, build_manifests
from anchor_tui.domain.model import ValueObject


class ObjectIdentity(NamedTuple):
    """The kind, namespace and name of an object. Groups are left out: references rarely contain them."""

    kind: str
    namespace: str
    name: str


class ObjectReference(ValueObject, frozen=True):
    """A reference of `owner` to `target`. `place` names the field or the variable.

    `is_certain` is False for a single word that may be a host name or not.
    """

    owner: KubernetesResource
    target: KubernetesResource
    place: str
    is_certain: bool = True

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """The reference without the contents of its objects, which differ between the rendered and the live ones."""
        owner, target = self.owner, self.target
        return (owner.kind, owner.namespace, owner.name, target.kind, target.name, self.place)

    def __str__(self) -> str:
        verb = "uses" if self.is_certain else "may use"
        return f"{self.owner} {verb} {self.target} ({self.place})"


def find_references(
    deleted: Sequence[KubernetesResource], remaining: Iterable[KubernetesResource]
) -> tuple[ObjectReference, ...]:
    """Return the references from the remaining objects to the deleted ones, each once."""
    every = tuple(remaining)
    targets = {identity: resource for resource in deleted for identity in _list_created_objects(resource)}
    targets |= {ObjectIdentity(resource.kind, resource.namespace, resource.name): resource for resource in deleted}
    services = {
        ServiceAddress(resource.name, resource.namespace): resource
        for resource in deleted
        if resource.kind == "Service" and not resource.group
    }
    kinds = {_defined_kind(resource): resource for resource in deleted if resource.kind == "CustomResourceDefinition"}
    workloads = {id(workload.resource): workload for workload in build_manifests(every).workloads}
    found: dict[tuple[str, ...], ObjectReference] = {}
    for owner in every:
        workload = workloads.get(id(owner))
        references = [
            *(
                ObjectReference(owner, targets[identity], place)
                for place, identity in _list_named_objects(owner, workload)
                if identity in targets
            ),
            *([ObjectReference(owner, kinds[owner.group, owner.kind], "its kind")] if _kind(owner) in kinds else []),
            *(_find_service_mentions(owner, workload, services) if services else ()),
        ]
        for reference in references:
            known = found.get(reference.key)
            if known is None or (reference.is_certain and not known.is_certain):
                found[reference.key] = reference
    return tuple(found[key] for key in sorted(found))


def has_hidden_values(resources: Iterable[KubernetesResource]) -> bool:
    """Return True if a variable of a workload is unknown or has an unknown value, such as one of a Secret."""
    return any(
        container.unreadable_env or any(variable.text is None for variable in container.env.values())
        for workload in build_manifests(resources).workloads
        for container in workload.containers
    )


def _list_created_objects(resource: KubernetesResource) -> Iterator[ObjectIdentity]:
    """Yield the Secret that an object creates and that is deleted with it."""
    manifest, name = resource.manifest, ""
    match resource.kind:
        case "ExternalSecret":
            if get_text(manifest, "spec", "target", "creationPolicy") not in {"Orphan", "Merge", "None"}:
                name = get_text(manifest, "spec", "target", "name") or resource.name
        case "SealedSecret":
            name = get_text(manifest, "spec", "template", "metadata", "name") or resource.name
        case "Certificate":
            name = get_text(manifest, "spec", "secretName")
        case _:
            pass
    if name:
        yield ObjectIdentity("Secret", resource.namespace, name)


def _kind(resource: KubernetesResource) -> tuple[str, str]:
    return resource.group, resource.kind


def _defined_kind(definition: KubernetesResource) -> tuple[str, str]:
    spec = get_mapping(definition.manifest, "spec")
    return get_text(spec, "group"), get_text(spec, "names", "kind")


# --- names in fields ----------------------------------------------------------------------------------

_NamedObject = tuple[str, ObjectIdentity]


def _list_named_objects(owner: KubernetesResource, workload: Workload | None) -> Iterator[_NamedObject]:
    """Yield each object that a manifest names, with the place."""
    spec, namespace = get_mapping(owner.manifest, "spec"), owner.namespace
    if namespace:
        yield "its namespace", ObjectIdentity("Namespace", "", namespace)
    if workload is not None:
        yield from _list_pod_objects(workload.pod, namespace)
    for key in ("scaleTargetRef", "targetRef"):
        target = get_mapping(spec, key)
        if name := get_text(target, "name"):
            yield key, ObjectIdentity(get_text(target, "kind") or "Deployment", namespace, name)
    match owner.kind:
        case "StatefulSet":
            yield "serviceName", ObjectIdentity("Service", namespace, get_text(spec, "serviceName"))
        case "Ingress":
            yield from _list_ingress_objects(spec, namespace)
        case "ServiceAccount":
            for key in ("secrets", "imagePullSecrets"):
                for item in get_mappings(owner.manifest, key):
                    yield key, ObjectIdentity("Secret", namespace, get_text(item, "name"))
        case "RoleBinding" | "ClusterRoleBinding":
            yield from _list_binding_objects(owner)
        case "PersistentVolumeClaim":
            yield "storageClassName", ObjectIdentity("StorageClass", "", get_text(spec, "storageClassName"))
        case "ExternalSecret":
            store = get_mapping(spec, "secretStoreRef")
            kind = get_text(store, "kind") or "SecretStore"
            name = get_text(store, "name")
            yield "secretStoreRef", ObjectIdentity(kind, namespace if kind == "SecretStore" else "", name)
        case _:
            pass
    if not owner.group.startswith("apps") and owner.kind != "Ingress":
        yield from _list_service_fields(owner.manifest, namespace)


def _list_pod_objects(pod: JsonMapping, namespace: str) -> Iterator[_NamedObject]:
    account = get_text(pod, "serviceAccountName") or get_text(pod, "serviceAccount")
    yield "serviceAccountName", ObjectIdentity("ServiceAccount", namespace, account)
    yield "priorityClassName", ObjectIdentity("PriorityClass", "", get_text(pod, "priorityClassName"))
    for item in get_mappings(pod, "imagePullSecrets"):
        yield "imagePullSecrets", ObjectIdentity("Secret", namespace, get_text(item, "name"))
    for volume in get_mappings(pod, "volumes"):
        for place, kind, name in _list_volume_objects(volume):
            yield place, ObjectIdentity(kind, namespace, name)
    for key in ("initContainers", "containers"):
        for container in get_mappings(pod, key):
            for place, kind, name in _list_env_objects(container):
                yield place, ObjectIdentity(kind, namespace, name)


def _list_volume_objects(volume: JsonMapping) -> Iterator[tuple[str, str, str]]:
    """Yield (place, kind, name) for the objects that a volume mounts."""
    place = f"volume {get_text(volume, 'name')}"
    yield place, "ConfigMap", get_text(volume, "configMap", "name")
    yield place, "Secret", get_text(volume, "secret", "secretName")
    yield place, "PersistentVolumeClaim", get_text(volume, "persistentVolumeClaim", "claimName")
    yield place, "SecretProviderClass", get_text(volume, "csi", "volumeAttributes", "secretProviderClass")
    yield place, "Secret", get_text(volume, "csi", "nodePublishSecretRef", "name")
    for item in get_mappings(volume, "projected", "sources"):
        yield place, "ConfigMap", get_text(item, "configMap", "name")
        yield place, "Secret", get_text(item, "secret", "name")


def _list_env_objects(container: JsonMapping) -> Iterator[tuple[str, str, str]]:
    """Yield (place, kind, name) for the objects that set variables of a container."""
    for item in get_mappings(container, "env"):
        for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            yield get_text(item, "name"), kind, get_text(item, "valueFrom", key, "name")
    for item in get_mappings(container, "envFrom"):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            yield "envFrom", kind, get_text(item, key, "name")


def _list_ingress_objects(spec: JsonMapping, namespace: str) -> Iterator[_NamedObject]:
    backends = [get_mapping(spec, "defaultBackend"), get_mapping(spec, "backend")]
    for rule in get_mappings(spec, "rules"):
        backends += [get_mapping(path, "backend") for path in get_mappings(rule, "http", "paths")]
    for backend in backends:
        name = get_text(backend, "service", "name") or get_text(backend, "serviceName")
        yield "backend", ObjectIdentity("Service", namespace, name)
    for item in get_mappings(spec, "tls"):
        yield "tls", ObjectIdentity("Secret", namespace, get_text(item, "secretName"))
    yield "ingressClassName", ObjectIdentity("IngressClass", "", get_text(spec, "ingressClassName"))


def _list_binding_objects(binding: KubernetesResource) -> Iterator[_NamedObject]:
    role = get_mapping(binding.manifest, "roleRef")
    kind = get_text(role, "kind")
    scope = binding.namespace if kind == "Role" else ""
    yield "roleRef", ObjectIdentity(kind, scope, get_text(role, "name"))
    for subject in get_mappings(binding.manifest, "subjects"):
        if get_text(subject, "kind") == "ServiceAccount":
            scope = get_text(subject, "namespace") or binding.namespace
            yield "subjects", ObjectIdentity("ServiceAccount", scope, get_text(subject, "name"))


_SERVICE_KEYS = frozenset({"service", "services", "backendRefs", "backendRef", "serviceRef", "targetService"})


def _list_service_fields(value: object, namespace: str) -> Iterator[_NamedObject]:
    """Yield the Services in fields such as `backendRefs` of a route or `clientConfig.service` of a webhook."""
    for key, item in _walk_fields(value):
        if key in _SERVICE_KEYS and isinstance(item, Mapping) and get_text(item, "kind") in {"", "Service"}:
            scope = get_text(item, "namespace") or namespace
            yield key, ObjectIdentity("Service", scope, get_text(item, "name"))


def _walk_fields(value: object, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value below a JSON value with its key; the items of a list have the key of the list."""
    yield key, value
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk_fields(item, str(name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _walk_fields(item, key)


# --- host names in texts ------------------------------------------------------------------------------


def _find_service_mentions(
    owner: KubernetesResource, workload: Workload | None, services: Mapping[ServiceAddress, KubernetesResource]
) -> Iterator[ObjectReference]:
    texts = tuple(_list_texts(owner, workload))
    for address, service in services.items():
        for place, text, variable in texts:
            mention = find_mention(text, address, owner.namespace, variable)
            if mention != "none":
                yield ObjectReference(owner, service, place, mention == "certain")


def _list_texts(owner: KubernetesResource, workload: Workload | None) -> Iterator[tuple[str, str, str | None]]:
    """Yield (place, text, variable) for the texts of an object that can contain a host name."""
    if workload is not None:
        for container in workload.containers:
            for name, variable in container.env.items():
                if variable.text is not None:
                    yield name, variable.text, name
        for key in ("initContainers", "containers"):
            for item in get_mappings(workload.pod, key):
                yield from _list_argument_texts(item)
        return
    match owner.kind:
        case "ConfigMap":
            for name, text in get_mapping(owner.manifest, "data").items():
                if isinstance(text, str):
                    yield f"data.{name}", text, None
        case "Secret" | "CustomResourceDefinition":
            return
        case _:
            for key, text in _walk_fields(get_mapping(owner.manifest, "spec"), "spec"):
                if isinstance(text, str):
                    yield key, text, key if key in {"host", "externalName", "address"} else None


def _list_argument_texts(container: JsonMapping) -> Iterator[tuple[str, str, str | None]]:
    flag = ""
    for key in ("command", "args"):
        for text in (item for item in get_list(container, key) if isinstance(item, str)):
            name, separator, value = text.partition("=")
            if text.startswith("-") and separator:
                yield key, value, name.lstrip("-")
            else:
                yield key, text, flag or None
            flag = text.lstrip("-") if text.startswith("-") and not separator else ""
