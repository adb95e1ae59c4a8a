"""Pods that no node can run, and pods that a node gave up."""

from __future__ import annotations

import re

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.diagnosis.rule import WorkloadRule, blame, name_subject, quote, quote_event
from anchor_tui.domain.model import Diagnosis

_SCALE_UP = "TriggeredScaleUp"
"""The event of the cluster autoscaler: a node is being added."""
_USAGE = re.compile(r"was using (?P<used>[\w.]+), request is (?P<requested>[\w.]+)")
_RESOURCE = re.compile(r"low on resource: (?P<resource>[\w-]+)")


def find_unschedulable(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a pod that no node can run, with the reason of the scheduler."""
    condition = branch.pod.find_condition("PodScheduled") if branch.pod else None
    event = branch.find_warning("FailedScheduling")
    is_waiting = condition is not None and condition.status == "False" and condition.reason == "Unschedulable"
    if not is_waiting and (event is None or (condition is not None and condition.status == "True")):
        return None
    message = quote(event.message if event else condition.message if condition else "")
    is_scaling = any(found.reason == _SCALE_UP for found in branch.events)
    if "PersistentVolumeClaim" in message:
        cause = f"{name_subject(branch)} waits for its volume: {message}"
        next_step = "Check the PersistentVolumeClaim and its storage class"
    else:
        cause = f"No node can run {name_subject(branch)}: {message}"
        next_step = "Lower its requests in git, or add a node"
    if is_scaling:
        next_step = "The cluster adds a node; wait for it"
    quoted = (quote_event(event),) if event else ()
    since = (condition.since if condition else None) or (event.first_at if event else None)
    return blame(branch, "unschedulable", cause, next_step, evidence=quoted, blocking=not is_scaling, since=since)


def find_eviction(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a pod that its node evicted, with the resource that the node lacked."""
    if branch.leaf.status_reason != "Evicted" and not (branch.pod and branch.pod.reason == "Evicted"):
        return None
    message = branch.leaf.message or (branch.pod.message if branch.pod else "")
    resource, usage = _RESOURCE.search(message), _USAGE.search(message)
    cause = (
        f"{name_subject(branch)} was evicted: its node ran out of {resource['resource'] if resource else 'a resource'}"
    )
    if usage:
        cause += f"; it used {usage['used']} and requests {usage['requested']}"
    next_step = "Raise its request in git to what it uses, or find what else fills the node"
    return blame(branch, "evicted", cause, next_step, evidence=(quote(message),))


RULES = (
    WorkloadRule(("unschedulable",), "No node for a pod", "pod manifest, events", find_unschedulable),
    WorkloadRule(("evicted",), "Evicted by its node", "tree", find_eviction),
)
