"""One rule as a value, and how it becomes findings.

A check is one function from the facts and the kind of evidence to what it was told; the rest is the same for
all: evidence that is not there is `unknown` or `skipped` with its reason, and never `pass`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from anchor_tui.config.model import RuleSet
from anchor_tui.domain.helm.value_layers import SourceLocation
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import EvidenceKind, Finding, ValueObject
from anchor_tui.domain.policy.facts import Facts, LackingError, NotApplicable

Grade: TypeAlias = Literal["error", "warning", "info"]


class Told(ValueObject, frozen=True):
    """What one thing that was looked at tells of a rule."""

    status: Literal["pass", "fail", "unknown", "skipped"]
    message: str
    place: SourceLocation | None = None
    resource: str | None = None
    level: Grade | None = None
    """Where it weighs otherwise than the check."""
    fix: str | None = None


def holds(message: str, place: SourceLocation | None = None, resource: str | None = None) -> Told:
    """The rule is kept here."""
    return Told("pass", message, place, resource)


def fails(
    message: str,
    place: SourceLocation | None = None,
    resource: str | None = None,
    *,
    level: Grade | None = None,
    fix: str | None = None,
) -> Told:
    """The rule is broken here."""
    return Told("fail", message, place, resource, level, fix)


def unclear(
    reason: str, place: SourceLocation | None = None, resource: str | None = None, *, fix: str | None = None
) -> Told:
    """It cannot be told here, and why; `fix` is what would let it be told."""
    return Told("unknown", reason, place, resource, None, fix)


Judge: TypeAlias = Callable[[Facts, EvidenceKind], Iterable[Told]]


class Check(ValueObject, frozen=True):
    """One rule. `section` is where docs/gitops.md states it, `why` are the owners' own words.

    `rules` are the sets of rules that it belongs to; one that belongs to none is about the estate as a whole.
    """

    id: str
    title: str
    level: Grade
    rules: tuple[RuleSet, ...]
    evidence: tuple[EvidenceKind, ...]
    section: str
    why: str
    fix: str
    judge: Judge
    levels: Mapping[str, Grade] = {}
    """Where a set of rules takes it more seriously."""

    def grade(self, rules: RuleSet | None) -> Grade:
        """How much a failure weighs."""
        return self.levels.get(rules or "", self.level)

    def run(self, facts: Facts) -> tuple[Finding, ...]:
        """What each kind of evidence says of this rule."""
        return tuple(finding for evidence in self.evidence for finding in self._judged(facts, evidence))

    def skip(self, facts: Facts, reason: str) -> tuple[Finding, ...]:
        """Not run, and why."""
        told = Told("skipped", reason)
        return tuple(self._finding(facts, evidence, told) for evidence in self.evidence)

    def _judged(self, facts: Facts, evidence: EvidenceKind) -> Iterable[Finding]:
        try:
            told = tuple(self.judge(facts, evidence))
        except LackingError as error:
            status: Literal["skipped", "unknown"] = "skipped" if isinstance(error.lack, NotApplicable) else "unknown"
            place = None if isinstance(error.lack, NotApplicable) else error.lack.place
            told = (Told(status, error.lack.reason, place),)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one rule must not take the others' word away
            told = (Told("unknown", f"a fault in anchor-tui: {type(error).__name__}"),)
        for each in _settled(told, _blindness(facts, evidence)):
            yield self._finding(facts, evidence, each)

    def _finding(self, facts: Facts, evidence: EvidenceKind, told: Told) -> Finding:
        rules = facts.environment.rules if facts.environment else None
        place = told.place or SourceLocation("")
        return Finding(
            check=self.id,
            title=self.title,
            level=told.level or self.grade(rules),
            status=told.status,
            evidence=evidence,
            message=told.message,
            fix=told.fix or (self.fix if told.status == "fail" else None),
            file=place.file or None,
            line=place.line,
            column=place.column,
            resource=told.resource,
        )


def _settled(told: Iterable[Told], blind: str) -> tuple[Told, ...]:
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


def _blindness(facts: Facts, evidence: EvidenceKind) -> str:
    """What of an evidence could not be read, in which a failure may hide."""
    manifests = {"rendered": facts.rendered, "live": facts.live}.get(evidence)
    if not isinstance(manifests, Manifests):
        return ""
    return "; ".join((*manifests.missing, *manifests.unreadable)[:3])
