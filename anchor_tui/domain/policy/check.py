"""One rule as a value, and how it becomes findings.

A check is one function from the facts and the kind of evidence to what it was told; the rest is the same for
all: evidence that is not there is `unknown` or `skipped` with its reason, and never `pass`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from anchor_tui.config.model import RuleSet
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.helm.value_layers import SourceLocation
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import EvidenceKind, Finding, ValueObject
from anchor_tui.domain.policy.evidence.facts import EvidenceUnavailable, Facts, NotApplicable

FindingLevel: TypeAlias = Literal["error", "warning", "info"]


class CheckOutcome(ValueObject, frozen=True):
    """What one thing that was looked at tells of a rule."""

    status: Literal["pass", "fail", "unknown", "skipped"]
    message: str
    place: SourceLocation | None = None
    resource: str | None = None
    level: FindingLevel | None = None
    """Where it weighs otherwise than the check."""
    fix: str | None = None


def passed(message: str, place: SourceLocation | None = None, resource: str | None = None) -> CheckOutcome:
    """The rule is kept here."""
    return CheckOutcome("pass", message, place, resource)


def failed(
    message: str,
    place: SourceLocation | None = None,
    resource: str | None = None,
    *,
    level: FindingLevel | None = None,
    fix: str | None = None,
) -> CheckOutcome:
    """The rule is broken here."""
    return CheckOutcome("fail", message, place, resource, level, fix)


def unclear(
    reason: str, place: SourceLocation | None = None, resource: str | None = None, *, fix: str | None = None
) -> CheckOutcome:
    """It cannot be told here, and why; `fix` is what would let it be told."""
    return CheckOutcome("unknown", reason, place, resource, None, fix)


EvaluateCheck: TypeAlias = Callable[[Facts, EvidenceKind], Iterable[CheckOutcome]]


class Check(ValueObject, frozen=True):
    """One rule. `section` is where docs/gitops.md states it, `why` are the owners' own words.

    `rules` are the sets of rules that it belongs to; one that belongs to none is about the estate as a whole.
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
    """Where a set of rules takes it more seriously."""

    def level_for(self, rules: RuleSet | None) -> FindingLevel:
        """How much a failure weighs."""
        return self.levels.get(rules or "", self.level)

    def run(self, facts: Facts) -> tuple[Finding, ...]:
        """What each kind of evidence says of this rule."""
        return tuple(finding for evidence in self.evidence for finding in self._evaluate_evidence(facts, evidence))

    def skip(self, facts: Facts, reason: str) -> tuple[Finding, ...]:
        """Not run, and why."""
        told = CheckOutcome("skipped", reason)
        return tuple(self._build_finding(facts, evidence, told) for evidence in self.evidence)

    def _evaluate_evidence(self, facts: Facts, evidence: EvidenceKind) -> Iterable[Finding]:
        try:
            told = tuple(self.evaluate(facts, evidence))
        except EvidenceUnavailable as error:
            status: Literal["skipped", "unknown"] = "skipped" if isinstance(error.cause, NotApplicable) else "unknown"
            place = None if isinstance(error.cause, NotApplicable) else error.cause.place
            told = (CheckOutcome(status, error.cause.reason, place),)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one rule must not take the others' word away
            told = (CheckOutcome("unknown", format_internal_error(error)),)
        for each in _summarize_outcomes(told, _unreadable_parts(facts, evidence)):
            yield self._build_finding(facts, evidence, each)

    def _build_finding(self, facts: Facts, evidence: EvidenceKind, told: CheckOutcome) -> Finding:
        rules = facts.environment.rules if facts.environment else None
        place = told.place or SourceLocation("")
        return Finding(
            check=self.id,
            title=self.title,
            level=told.level or self.level_for(rules),
            status=told.status,
            evidence=evidence,
            message=told.message,
            fix=told.fix or (self.fix if told.status == "fail" else None),
            file=place.file or None,
            line=place.line,
            column=place.column,
            resource=told.resource,
        )


def _summarize_outcomes(told: Iterable[CheckOutcome], blind: str) -> tuple[CheckOutcome, ...]:
    """Every failure; else why it cannot be told; else that it holds."""
    found = tuple(told)
    failed = tuple(each for each in found if each.status == "fail")
    unknown = tuple(each for each in found if each.status == "unknown")
    if failed:
        return failed
    if unknown:
        first = unknown[0]
        reasons = "; ".join(dict.fromkeys(each.message for each in unknown))
        return (unclear(reasons, first.place, first.resource, fix=first.fix),)
    if not found:
        return (unclear(blind or "nothing was found to judge it by"),)
    if blind and found[0].status == "pass":
        return (unclear(f"nothing breaks it as far as can be seen, but {blind}"),)
    return (found[0],)


def _unreadable_parts(facts: Facts, evidence: EvidenceKind) -> str:
    """What of an evidence could not be read, in which a failure may hide."""
    manifests = {"rendered": facts.rendered, "live": facts.live}.get(evidence)
    if not isinstance(manifests, Manifests):
        return ""
    return "; ".join((*manifests.missing, *manifests.unreadable)[:3])
