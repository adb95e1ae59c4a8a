"""A policy rule as a value, and its conversion to findings.

A check evaluates one kind of evidence and yields outcomes. Evidence that is missing becomes `unknown` or `skipped`
with its reason. It never becomes `pass`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from anchor_tui.config.model import RuleSet
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.helm.value_layers import SourceLocation
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import EvidenceKind, Finding, ValueObject
from anchor_tui.domain.policy.evidence.facts import EvidenceUnavailable, Facts, NotApplicable, PendingEvidence
from anchor_tui.domain.text_limits import limit_texts

FindingLevel: TypeAlias = Literal["error", "warning", "info"]


class CheckOutcome(ValueObject, frozen=True):
    """The result of a check for one file, value or resource."""

    status: Literal["pass", "fail", "unknown", "skipped"]
    message: str
    location: SourceLocation | None = None
    resource: str | None = None
    level: FindingLevel | None = None
    """Overrides the level of the check."""
    fix: str | None = None
    """Overrides the fix of the check."""
    pending: bool = False
    """True if the outcome is unknown only until two sources are at the same commit."""


def passed(message: str, location: SourceLocation | None = None, resource: str | None = None) -> CheckOutcome:
    """Return an outcome that complies with the rule."""
    return CheckOutcome("pass", message, location, resource)


def failed(
    message: str,
    location: SourceLocation | None = None,
    resource: str | None = None,
    *,
    level: FindingLevel | None = None,
    fix: str | None = None,
) -> CheckOutcome:
    """Return an outcome that violates the rule."""
    return CheckOutcome("fail", message, location, resource, level, fix)


def unknown(
    reason: str, location: SourceLocation | None = None, resource: str | None = None, *, fix: str | None = None
) -> CheckOutcome:
    """Return an undecided outcome; `fix` describes how to make it decidable."""
    return CheckOutcome("unknown", reason, location, resource, None, fix)


def pending(reason: str, resource: str | None = None) -> CheckOutcome:
    """Return an outcome that is unknown until two sources are at the same commit."""
    return CheckOutcome("unknown", f"pending: {reason}", None, resource, pending=True)


EvaluateCheck: TypeAlias = Callable[[Facts, EvidenceKind], Iterable[CheckOutcome]]


class Check(ValueObject, frozen=True):
    """One policy rule.

    `section` is its section of docs/gitops.md and `why` quotes it. `rules` are the rule sets that contain the check;
    a check without rule sets is about the repositories and not about one environment.
    """

    id: str
    title: str
    level: FindingLevel
    rules: tuple[RuleSet, ...]
    evidence: tuple[EvidenceKind, ...]
    section: str
    why: str
    fix: str
    evaluate: EvaluateCheck
    levels: Mapping[str, FindingLevel] = {}
    """Levels that differ from `level`, by rule set."""
    can_be_disabled: bool = True
    """False if `[policy] disable` does not apply to it."""

    def level_for(self, rules: RuleSet | None) -> FindingLevel:
        """Return the level of a failure under a rule set."""
        return self.levels.get(rules or "", self.level)

    def run(self, facts: Facts) -> tuple[Finding, ...]:
        """Evaluate each kind of evidence and return the findings."""
        return tuple(finding for evidence in self.evidence for finding in self._evaluate_evidence(facts, evidence))

    def skip(self, facts: Facts, reason: str) -> tuple[Finding, ...]:
        """Return one skipped finding for each kind of evidence."""
        outcome = CheckOutcome("skipped", reason)
        return tuple(self._build_finding(facts, evidence, outcome) for evidence in self.evidence)

    def _evaluate_evidence(self, facts: Facts, evidence: EvidenceKind) -> Iterable[Finding]:
        outcomes: tuple[CheckOutcome, ...]
        try:
            outcomes = _summarize_outcomes(tuple(self.evaluate(facts, evidence)), _unreadable_parts(facts, evidence))
        except EvidenceUnavailable as error:
            if isinstance(error.cause, NotApplicable):
                outcomes = (CheckOutcome("skipped", error.cause.reason),)
            elif isinstance(error.cause, PendingEvidence):
                outcomes = (pending(error.cause.reason),)
            else:
                outcomes = (unknown(error.cause.reason, error.cause.location),)
        except Exception as error:  # noqa: BLE001 - an internal error in one rule must not suppress the other rules
            outcomes = (unknown(format_internal_error(error)),)
        for outcome in outcomes:
            yield self._build_finding(facts, evidence, outcome)

    def _build_finding(self, facts: Facts, evidence: EvidenceKind, outcome: CheckOutcome) -> Finding:
        rules = facts.environment.rules if facts.environment else None
        location = outcome.location or SourceLocation("")
        finding = Finding(
            check=self.id,
            title=self.title,
            level=outcome.level or self.level_for(rules),
            status=outcome.status,
            evidence=evidence,
            message=outcome.message,
            fix=outcome.fix or (self.fix if outcome.status == "fail" else None),
            file=location.file or None,
            line=location.line,
            column=location.column,
            resource=outcome.resource,
            pending=outcome.pending,
        )
        return limit_texts(finding)


def _summarize_outcomes(outcomes: Sequence[CheckOutcome], unreadable: str) -> tuple[CheckOutcome, ...]:
    """Return every failure; without failures one unknown outcome with all reasons; otherwise the first outcome.

    `unreadable` names evidence that could not be read. A failure may hide there, so nothing passes with it.
    """
    failures = tuple(outcome for outcome in outcomes if outcome.status == "fail")
    if failures:
        return failures
    unknowns = [outcome for outcome in outcomes if outcome.status == "unknown"]
    if unknowns:
        first = unknowns[0]
        reasons = "; ".join(dict.fromkeys(outcome.message for outcome in unknowns))
        is_pending = all(outcome.pending for outcome in unknowns)
        return (CheckOutcome("unknown", reasons, first.location, first.resource, None, first.fix, is_pending),)
    if not outcomes:
        return (unknown(unreadable or "found nothing to check"),)
    if unreadable and outcomes[0].status == "pass":
        return (unknown(f"no violation found, but not everything could be read: {unreadable}"),)
    return (outcomes[0],)


def _unreadable_parts(facts: Facts, evidence: EvidenceKind) -> str:
    """Describe the manifests that are missing or unreadable; at most three."""
    manifests = {"rendered": facts.rendered, "live": facts.live}.get(evidence)
    if not isinstance(manifests, Manifests):
        return ""
    return "; ".join((*manifests.missing, *manifests.unreadable)[:3])
