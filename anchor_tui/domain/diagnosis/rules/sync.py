"""Applications that cannot be compared or synced."""

from __future__ import annotations

from anchor_tui.domain.application_reasons import SYNC_FAILED
from anchor_tui.domain.diagnosis.evidence import FailureEvidence
from anchor_tui.domain.diagnosis.rule import ApplicationRule, quote
from anchor_tui.domain.diagnosis.rules.admission import describe_refusal
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Diagnosis

_COMPARISON_ERRORS = frozenset({"ComparisonError", "InvalidSpecError", "UnknownError"})


def find_comparison_error(evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize an application whose manifests cannot be rendered or compared."""
    for condition in evidence.application.conditions:
        if condition.type in _COMPARISON_ERRORS:
            cause = f"Argo CD cannot compare {evidence.application.name}: {quote(condition.message)}"
            next_step = "Correct path, revision, values or destination of the application in git"
            return Diagnosis(cause, "comparison-error", None, True, None, (condition.type,), next_step)
    return None


def find_sync_failure(evidence: FailureEvidence) -> Diagnosis | None:
    """Recognize a sync that failed, and the first resource that could not be applied or the hook that failed.

    A sync that Argo CD tries again has failed too.
    """
    operation = evidence.application.operation
    if operation is None or not operation.has_failed:
        return None
    failed = [result for result in evidence.details.sync_results if result.has_failed]
    if not failed:
        cause = f"{SYNC_FAILED}{quote(operation.message or 'Argo CD does not report why')}"
        return Diagnosis(cause, "sync-failed", None, True, operation.finished_at, (), "Sync again, or read its log")
    first = next((result for result in failed if result.hook), failed[0])
    resource = f"{first.resource.kind} {first.resource.name}"
    if first.hook:
        cause = f"{SYNC_FAILED}{first.hook} hook {resource} did not succeed: {quote(first.message)}"
        next_step, rule = "Read the log of the hook, then sync again", "failed-hook"
    else:
        refusal = describe_refusal(first.message)
        reason, next_step, rule = refusal or (quote(first.message), "Correct it in git", "refused-resource")
        cause = f"{SYNC_FAILED}{resource} cannot be applied: {reason}"
    others = tuple(f"{result.resource}: {quote(result.message)}" for result in failed if result is not first)
    count = (format_count(len(failed), "resource") + " failed",) if others else ()
    return Diagnosis(cause, rule, str(first.resource), True, operation.finished_at, (*count, *others[:4]), next_step)


RULES = (
    ApplicationRule(("comparison-error",), "Application that cannot be compared", "conditions", find_comparison_error),
    ApplicationRule(
        ("refused-resource", "failed-hook", "sync-failed", "quota", "admission-webhook", "pod-security"),
        "Sync that failed",
        "operation",
        find_sync_failure,
    ),
)
