"""Read Argo CD's managed-resources response, which contains the rendered and the live objects.

For an application with a ComparisonError the response is `{}`, which means unknown, not empty. Hooks are never stale.
A stale resource is protected from pruning by the annotation of the live object, or else by the application's sync
options.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from anchor_tui.domain.json_access import ODD_VALUE_FAULTS, get_mapping, get_text
from anchor_tui.domain.kubernetes.workloads import KubernetesResource, read_resource
from anchor_tui.domain.model import Application, ValueObject

_SYNC_OPTIONS_ANNOTATION = "argocd.argoproj.io/sync-options"


def explain_unknown_resources(application: Application) -> str | None:
    """Return why the resources are unknown regardless of the managed-resources response; None if they are known."""
    if application.presence != "found":
        return f"{application.name} is {application.presence}"
    for condition in application.conditions:
        if condition.type in {"ComparisonError", "InvalidSpecError", "UnknownError"}:
            return f"{application.name}: {condition.type}: {condition.message}"
    return None


class ApplicationObjects(ValueObject, frozen=True):
    """The objects of one application: `target` are rendered, `live` are in the cluster, with the stale ones marked.

    `unreadable` are sentences about objects that could not be read.
    """

    target: tuple[KubernetesResource, ...] = ()
    live: tuple[KubernetesResource, ...] = ()
    unreadable: tuple[str, ...] = ()


def read_managed_resources(
    items: Iterable[object], application: str, sync_options: Sequence[str] = ()
) -> ApplicationObjects:
    """Return the objects of a managed-resources response; `items` is its parsed JSON."""
    target: list[KubernetesResource] = []
    live: list[KubernetesResource] = []
    unreadable: list[str] = []
    for item in items:
        rendered, target_error = _read_state(item, "targetState", application)
        found, live_error = _read_state(item, "liveState", application)
        unreadable.extend(error for error in (target_error, live_error) if error)
        if rendered is not None:
            target.append(rendered)
        if found is not None:
            stale = rendered is None and not target_error and not get_mapping(item).get("hook") and not found.is_hook
            protection = _find_prune_protection(found, sync_options) if stale else None
            live.append(replace(found, stale=stale, prune_protection=protection))
    return ApplicationObjects(tuple(target), tuple(live), tuple(unreadable))


def _read_state(item: object, key: str, application: str) -> tuple[KubernetesResource | None, str]:
    """Return an object, which is JSON in a text, and an error message. Both are empty if it is `null` or missing."""
    state = get_mapping(item).get(key)
    if state in (None, "", "null"):
        return None, ""
    try:
        found = read_resource(json.loads(state) if isinstance(state, str) else state, application)
    except ODD_VALUE_FAULTS:  # not JSON, an integer of thousands of digits, or nested too deeply
        found = None
    if found is not None and not found.namespace:  # the chart may leave it to the application's destination
        found = replace(found, namespace=get_text(item, "namespace"))
    name = f"{get_text(item, 'kind') or 'an object'}/{get_text(item, 'name') or 'without a name'}"
    return found, "" if found is not None else f"{application}: the {key} of {name} cannot be read"


def _find_prune_protection(resource: KubernetesResource, sync_options: Sequence[str]) -> str | None:
    annotation = get_text(resource.manifest, "metadata", "annotations", _SYNC_OPTIONS_ANNOTATION)
    for options in ([option.strip() for option in annotation.split(",")], sync_options):
        prune_options = [option for option in options if option.startswith("Prune=")]
        if prune_options:
            return prune_options[-1] if prune_options[-1] in {"Prune=false", "Prune=confirm"} else None
    return None
