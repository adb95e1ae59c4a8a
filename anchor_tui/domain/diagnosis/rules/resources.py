"""Resources that report their failure themselves."""

from __future__ import annotations

import re

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.diagnosis.rule import WorkloadRule, blame, quote, quote_event
from anchor_tui.domain.model import Diagnosis

_CONSEQUENCE = re.compile(r"progress deadline|^Waiting for |^back-off ", re.IGNORECASE)
"""Messages that follow from a cause below the resource, and never are the cause."""


def find_failed_job(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a Job that failed, and whether it is a hook of the sync."""
    if branch.leaf.key.kind != "Job" or branch.leaf.health != "Degraded":
        return None
    name = branch.leaf.key.name
    hook = next((result.hook for result in evidence.details.sync_results if result.resource == branch.leaf.key), "")
    event = next((found for found in branch.warnings), None)
    reason = quote(event.message if event else branch.leaf.message) or "the reason is unknown"
    cause = f"{f'{hook} hook ' if hook else ''}Job {name} failed: {reason}"
    next_step = "Read the log of its pod, then run the sync again" if hook else "Read the log of its pod"
    return blame(branch, "failed-job", cause, next_step, evidence=(quote_event(event),) if event else ())


def find_own_message(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a resource that is Degraded and reports why, such as an ExternalSecret or a Certificate."""
    leaf = branch.leaf
    if leaf.health != "Degraded" or not leaf.message or _CONSEQUENCE.search(leaf.message):
        return None
    cause = f"{leaf.key.kind} {leaf.key.name} is Degraded: {quote(leaf.message)}"
    events = tuple(quote_event(event) for event in branch.warnings[:1])
    return blame(branch, "degraded-resource", cause, f"Read the events of {leaf.key}", evidence=events)


RULES = (
    WorkloadRule(("failed-job",), "Failed Job or hook", "tree, events", find_failed_job),
    WorkloadRule(("degraded-resource",), "Resource that reports its own failure", "tree", find_own_message),
)
