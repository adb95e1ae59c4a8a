"""Secrets, config maps and volumes that a pod needs and does not get."""

from __future__ import annotations

import re

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.diagnosis.rule import WorkloadRule, blame, name_subject, quote, quote_event
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.model import Diagnosis

_KIND_NAMES = {"secret": "Secret", "configmap": "ConfigMap", "persistentvolumeclaim": "PersistentVolumeClaim"}
_MISSING_OBJECT = re.compile(
    r"(?P<kind>secret|configmap|persistentvolumeclaim)s? \"(?P<name>[^\"]+)\" not found", re.IGNORECASE
)
_MISSING_KEY = re.compile(r"couldn't find key (?P<key>\S+) in (?P<kind>\w+) (?:\S+/)?(?P<name>[^\s/]+)")
_MISSING_VOLUME_KEY = re.compile(r"references non-existent (?P<kind>secret|config) key: (?P<key>\S+)")
_VOLUME = re.compile(r"for volume \"(?P<volume>[^\"]+)\"")
_PROVIDERS = {"Secret": ("Secret", "ExternalSecret", "SealedSecret"), "ConfigMap": ("ConfigMap",)}
_WAITING_REASONS = frozenset({"CreateContainerConfigError"})


def find_missing_configuration(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a Secret or ConfigMap that a container needs and that is missing or lacks a key.

    The diagnosis names the resource in git that provides it, if there is one.
    """
    container = branch.failing_container
    if container is None or container.waiting_reason not in _WAITING_REASONS:
        return None
    subject, message = name_subject(branch, container.name), container.waiting_message or branch.leaf.message
    if found := _MISSING_KEY.search(message):
        kind, name, key = _KIND_NAMES.get(found["kind"].lower(), found["kind"]), found["name"], found["key"]
        cause = f"{subject} cannot start: {kind} {name} lacks the key {key}"
        next_step = f"Add {key} to what {_name_provider(evidence, kind, name)}"
        return blame(branch, "missing-key", cause, next_step, evidence=(quote(message),))
    if found := _MISSING_OBJECT.search(message):
        kind, name = _KIND_NAMES[found["kind"].lower()], found["name"]
        cause = f"{subject} cannot start: {kind} {name} does not exist"
        next_step = f"Check what {_name_provider(evidence, kind, name)}"
        return blame(branch, "missing-object", cause, next_step, evidence=(quote(message),))
    cause = f"{subject} cannot start: {quote(message)}"
    return blame(branch, "container-configuration", cause, "Correct the container's configuration in git")


def find_volume_failure(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a volume that cannot be mounted, and the object that it lacks."""
    event = branch.find_warning("FailedMount") or branch.find_warning("FailedAttachVolume")
    if event is None or (branch.pod is not None and any(found.is_ready for found in branch.pod.containers)):
        return None
    events = [found for found in branch.warnings if found.reason in {"FailedMount", "FailedAttachVolume"}]
    named = next(((found, match) for found in events if (match := _MISSING_OBJECT.search(found.message))), None)
    subject, volume = name_subject(branch), _name_volume(events)
    if named is not None:
        event, match = named
        kind, name = _KIND_NAMES[match["kind"].lower()], match["name"]
        cause = f"{subject} cannot start: {volume} needs {kind} {name}, which does not exist"
        next_step = f"Check what {_name_provider(evidence, kind, name)}"
    elif lacking := next((found for item in events if (found := _MISSING_VOLUME_KEY.search(item.message))), None):
        cause = f"{subject} cannot start: {volume} needs the key {lacking['key']}, which does not exist"
        next_step = "Add the key in git, or correct the items of the volume"
    else:
        cause = f"{subject} cannot start: {volume} cannot be mounted: {quote(event.message)}"
        next_step = "Check the volume, its claim and the node"
    return blame(branch, "volume", cause, next_step, evidence=(quote_event(event),), since=event.first_at)


def _name_volume(events: list[ClusterEvent]) -> str:
    found = next((match for event in events if (match := _VOLUME.search(event.message))), None)
    return f"volume {found['volume']}" if found else "a volume"


def _name_provider(evidence: FailureEvidence, kind: str, name: str) -> str:
    """Return a phrase that follows "what": the resource in git that provides an object, or that there is none."""
    for key in evidence.details.resource_sync:
        if key.kind in _PROVIDERS.get(kind, (kind,)) and key.name == name:
            return f"{key.kind} {key.name} in git provides"
    return f"provides {kind} {name}: git does not contain it, so it was created by hand or by another application"


RULES = (
    WorkloadRule(
        ("missing-object", "missing-key", "container-configuration"),
        "Missing Secret or ConfigMap, or a key in it",
        "pod manifest",
        find_missing_configuration,
    ),
    WorkloadRule(("volume",), "Volume that cannot be mounted", "events", find_volume_failure),
)
