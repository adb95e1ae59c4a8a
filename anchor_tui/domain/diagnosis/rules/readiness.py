"""Processes that run and do not become ready."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.diagnosis.rule import WorkloadRule, blame, name_subject, quote, quote_event
from anchor_tui.domain.model import Diagnosis

GRACE = timedelta(minutes=2)
"""A probe that fails for so long does not belong to a normal start any more."""
_MANY_FAILURES = 20


def find_readiness_failure(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a process that runs and whose readiness probe fails, with the answer to the probe.

    During the first two minutes that can be a normal start, so the rollout is not called failing yet.
    """
    event = branch.find_warning("Unhealthy", "Readiness probe failed")
    container = branch.failing_container
    if event is None or container is None or container.running_since is None:
        return None
    answer = quote(event.message.partition("probe failed: ")[2] or event.message)
    began = event.first_at or container.running_since
    is_final = evidence.now - began >= GRACE or event.count >= _MANY_FAILURES
    cause = f"{name_subject(branch, container.name)} is not ready: its readiness probe fails: {answer}"
    next_step = "Read the log for the reason of the answer, and check what the probe depends on"
    return blame(
        branch,
        "readiness-probe",
        cause,
        next_step,
        evidence=(quote_event(event),),
        blocking=is_final,
        since=began,
    )


RULES = (WorkloadRule(("readiness-probe",), "Not ready", "events, pod manifest", find_readiness_failure),)
