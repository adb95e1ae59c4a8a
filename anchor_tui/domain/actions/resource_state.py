"""The current state of one resource: its place in the tree, the actions that Argo CD offers, the token's right."""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.domain.actions.application_state import Permission
from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from anchor_tui.domain.json_access import JsonMapping, get_int, get_mapping, get_text
from anchor_tui.domain.model import ValueObject

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation of a Pod template that a restart sets."""


class OfferedAction(ValueObject, frozen=True):
    """One action of `GET …/resource/actions`. A disabled one does not fit the present state of the resource."""

    name: str
    parameters: tuple[str, ...] = ()
    is_disabled: bool = False
    display_name: str = ""


class ResourceState(ValueObject, frozen=True):
    """A resource as it was read for a plan.

    `owners` are listed the direct one first. `pod_count` is the number of pods below the last owner, or below the
    resource itself. `right` is the right in Argo CD's RBAC that the action needs, `may_act` the answer of `can-i`.
    """

    node: ResourceNode
    owners: tuple[ResourceNode, ...] = ()
    pod_count: int = 0
    actions: tuple[OfferedAction, ...] = ()
    right: str = ""
    may_act: Permission = "unknown"

    @property
    def workload(self) -> ResourceNode:
        """The last owner: the resource whose health shows the effect."""
        return self.owners[-1] if self.owners else self.node


class LiveResource(ValueObject, frozen=True):
    """The facts of a live object by which the effect of an action is recognised."""

    uid: str = ""
    restarted_at: str = ""
    paused: bool = False
    replicas: int | None = None
    is_deleting: bool = False


def read_live_resource(manifest: JsonMapping) -> LiveResource:
    """Return the facts of a live object."""
    return LiveResource(
        get_text(manifest, "metadata", "uid"),
        # Argo Rollouts uses a field of the spec, every other workload an annotation of its Pod template.
        get_text(manifest, "spec", "template", "metadata", "annotations", RESTARTED_AT)
        or get_text(manifest, "spec", "restartAt"),
        bool(get_mapping(manifest, "spec").get("paused")) or bool(get_mapping(manifest, "spec").get("suspend")),
        get_int(manifest, "spec", "replicas"),
        bool(get_text(manifest, "metadata", "deletionTimestamp")),
    )


def has_recognisable_effect(action: str, parameters: Mapping[str, str]) -> bool:
    """Return whether the effect of an action can be recognised in the live object."""
    is_scaling = action == "scale" and parameters.get("replicas", "").isdecimal()
    return is_scaling or action in {"restart", "resume", "pause"}


def shows_effect(action: str, parameters: Mapping[str, str], before: LiveResource, now: LiveResource) -> bool:
    """Return whether the live object shows that an action was carried out after `before` was read."""
    match action:
        case "restart":
            return bool(now.restarted_at) and now.restarted_at != before.restarted_at
        case "resume":
            return before.paused and not now.paused
        case "pause":
            return now.paused and not before.paused
        case "scale":
            return before.replicas != now.replicas and parameters.get("replicas") == str(now.replicas)
        case _:
            return False


def select_resource(tree: ResourceTree, name: str, application: str) -> ResourceNode | Refusal:
    """Return the only resource that a name means: `Kind/name`, optionally with namespace, or with group and namespace.

    The kind may be in lower case.
    """
    found = [node for node in tree.nodes if _fold_kind(name) in {*map(_fold_kind, _list_names(node.key))}]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(sorted(full_name(node.key) for node in found))
        return Refusal(application, "ambiguous", f"several resources are called {name}: use one of {choices}")
    kind = name.partition("/")[0].lower()
    near = [node for node in tree.nodes if node.key.kind.lower() == kind] or list(tree.nodes)
    some = ", ".join(sorted({str(node.key) for node in near})[:8]) or "none"
    return Refusal(application, "no-resource", f"it has no resource {name}; it has {some}")


def full_name(key: ResourceKey) -> str:
    """Return the name of a resource that no other resource of the application has."""
    return "/".join(part for part in (key.group, key.kind, key.namespace, key.name) if part)


def resource_ref_of(key: ResourceKey) -> ResourceRef:
    """Return the reference of a resource for steps."""
    return ResourceRef(key.kind, key.namespace, key.name, key.group)


def _list_names(key: ResourceKey) -> tuple[str, ...]:
    return (str(key), f"{key.kind}/{key.namespace}/{key.name}", f"{key.group}/{key}", full_name(key))


def _fold_kind(name: str) -> str:
    """Return a name in lower case: the names of Kubernetes objects are, and kinds differ in more than case."""
    return name.lower()
