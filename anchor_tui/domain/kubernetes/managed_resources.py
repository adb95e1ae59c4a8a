"""Argo CD's managed-resources → what is rendered and what is live, one answer for both.

An application with a ComparisonError answers `{}`: nothing is known then, which is not nothing. Hooks are
never stale. What keeps a stale resource from a prune is told by the live object's own annotation, or else by
the application's sync options.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from anchor_tui.domain.json_access import get_mapping, get_text
from anchor_tui.domain.kubernetes.workloads import KubernetesResource, read_resource
from anchor_tui.domain.model import Application, ValueObject

_SYNC_OPTIONS_ANNOTATION = "argocd.argoproj.io/sync-options"


def explain_unknown_resources(application: Application) -> str | None:
    """Why an application's resources cannot be told, whatever managed-resources says; None where they can."""
    if application.presence != "found":
        return f"{application.name} is {application.presence}"
    for condition in application.conditions:
        if condition.type in {"ComparisonError", "InvalidSpecError", "UnknownError"}:
            return f"{application.name}: {condition.type}: {condition.message}"
    return None


class ApplicationObjects(ValueObject, frozen=True):
    """The objects of one application: `target` as rendered, `live` with the stale ones marked.

    `odd` tells what could not be read of it.
    """

    target: tuple[KubernetesResource, ...] = ()
    live: tuple[KubernetesResource, ...] = ()
    unreadable: tuple[str, ...] = ()


def read_managed_resources(
    items: Iterable[object], application: str, sync_options: Sequence[str] = ()
) -> ApplicationObjects:
    """What managed-resources answered, as parsed JSON: its `items`."""
    target: list[KubernetesResource] = []
    live: list[KubernetesResource] = []
    odd: list[str] = []
    for item in items:
        wanted, target_odd = _read_state(item, "targetState", application)
        found, live_odd = _read_state(item, "liveState", application)
        odd.extend(each for each in (target_odd, live_odd) if each)
        if wanted is not None:
            target.append(wanted)
        if found is not None:
            stale = wanted is None and not target_odd and not get_mapping(item).get("hook") and not found.is_hook
            live.append(
                replace(
                    found, stale=stale, prune_protection=_find_prune_protection(found, sync_options) if stale else None
                )
            )
    return ApplicationObjects(tuple(target), tuple(live), tuple(odd))


def _read_state(item: object, key: str, application: str) -> tuple[KubernetesResource | None, str]:
    """An object, which comes as JSON in a text, or what is wrong with it; neither where it is `null` or not there."""
    said = get_mapping(item).get(key)
    if said in (None, "", "null"):
        return None, ""
    try:
        found = read_resource(json.loads(said) if isinstance(said, str) else said, application)
    except ValueError:
        found = None
    name = f"{get_text(item, 'kind') or 'an object'}/{get_text(item, 'name') or 'without a name'}"
    return found, "" if found is not None else f"{application}: the {key} of {name} cannot be read"


def _find_prune_protection(resource: KubernetesResource, sync_options: Sequence[str]) -> str | None:
    annotation = get_text(resource.manifest, "metadata", "annotations", _SYNC_OPTIONS_ANNOTATION)
    for options in ([each.strip() for each in annotation.split(",")], sync_options):
        said = [each for each in options if each.startswith("Prune=")]
        if said:
            return said[-1] if said[-1] in {"Prune=false", "Prune=confirm"} else None
    return None
