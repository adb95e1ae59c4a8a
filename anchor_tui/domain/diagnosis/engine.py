"""Derives the cause of a failure from its evidence. Pure: equal evidence gives an equal diagnosis."""

from __future__ import annotations

from msgspec.structs import replace

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.diagnosis.registry import APPLICATION_RULES, WORKLOAD_RULES
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Diagnosis


def diagnose(evidence: FailureEvidence) -> Diagnosis | None:
    """Return the cause of a failure, the causes of other workloads in `also`; None if nothing has failed.

    An application that is Progressing and that no rule explains merely takes its time: None. One that has failed and
    that no rule explains gets a diagnosis without a rule, which names what was examined.
    """
    found = [diagnosis for rule in APPLICATION_RULES if (diagnosis := rule.find(evidence)) is not None]
    found += [diagnosis for branch in evidence.branches if (diagnosis := _explain(branch, evidence)) is not None]
    if not found:
        return _describe_unexplained(evidence) if _has_failed(evidence) else None
    found.sort(key=lambda diagnosis: not diagnosis.blocking)
    causes = dict.fromkeys(diagnosis.cause for diagnosis in found[1:] if diagnosis.cause != found[0].cause)
    return replace(found[0], also=tuple(causes))


def _explain(branch: BranchEvidence, evidence: FailureEvidence) -> Diagnosis | None:
    results = (rule.find(branch, evidence) for rule in WORKLOAD_RULES)
    return next((diagnosis for diagnosis in results if diagnosis is not None), None)


def _has_failed(evidence: FailureEvidence) -> bool:
    return evidence.application.health in {"Degraded", "Missing", "Unknown"}


def _describe_unexplained(evidence: FailureEvidence) -> Diagnosis:
    """Return a diagnosis without a rule. Its evidence are the things that were examined, and what is missing."""
    examined = [f"{format_count(len(evidence.tree.nodes), 'resource')} of the tree"]
    for branch in evidence.branches:
        parts = [format_count(len(branch.events), "event")]
        parts += ["the pod"] if branch.pod else []
        parts += [format_count(len(branch.log), "log line")] if branch.log else []
        examined.append(f"{branch.leaf.key}: {', '.join(parts)}")
    missing = (*evidence.missing, *(text for branch in evidence.branches for text in branch.missing))
    return Diagnosis(
        "cause not found",
        blocking=False,
        evidence=(f"examined: {'; '.join(examined)}", *(f"not read: {text}" for text in missing)),
        next_step="Open the resources of the application and read their events and logs",
    )
