"""Compares snapshots without their ages: the times of readings, and those in sentences.

A recording is not continued by a snapshot in which only these differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from anchor_tui.domain.identity import find_changes
from anchor_tui.domain.model import Application, Environment, Finding, Problem, Snapshot, SourceState, Verdict
from anchor_tui.domain.since import omit_ages

_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)


def differs_beyond_ages(before: Snapshot, after: Snapshot) -> bool:
    """Return True if anything but ages differs. Parts that are the same objects are not examined."""
    return (
        len(before.environments) != len(after.environments)
        or any(
            old is not new and _differs_environment(old, new)
            for old, new in zip(before.environments, after.environments, strict=True)
        )
        or _omit_ages(before) != _omit_ages(after)
        or _differ(before.findings, after.findings)
    )


def is_same_application(one: Application, other: Application) -> bool:
    """Return True if the applications differ at most in the time of their reconciliation."""
    return one is other or replace(one, reconciled_at=other.reconciled_at) == other


def _differs_environment(before: Environment, after: Environment) -> bool:
    old, new = before.applications, after.applications
    return (
        len(old) != len(new)
        or not all(is_same_application(old[place], new[place]) for place in find_changes(old, new))
        or _omit_environment_ages(before) != _omit_environment_ages(after)
        or _differ(before.findings, after.findings)
    )


def _differ(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> bool:
    if before is after or before == after:
        return False
    return tuple(map(_omit_finding_age, before)) != tuple(map(_omit_finding_age, after))


def _omit_ages(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot without ages, environments and findings."""
    return replace(
        snapshot,
        taken_at=_NO_TIME,
        verdict=_omit_verdict_ages(snapshot.verdict),
        sources=tuple(map(_omit_source_age, snapshot.sources)),
        environments=(),
        problems=_omit_problem_ages(snapshot.problems),
        findings=(),
    )


def _omit_environment_ages(environment: Environment) -> Environment:
    """Return the environment without ages, applications and findings."""
    return replace(
        environment,
        verdict=_omit_verdict_ages(environment.verdict),
        problems=_omit_problem_ages(environment.problems),
        applications=(),
        findings=(),
    )


def _omit_verdict_ages(verdict: Verdict) -> Verdict:
    return replace(verdict, reasons=tuple(map(omit_ages, verdict.reasons)))


def _omit_source_age(source: SourceState) -> SourceState:
    error = source.error
    if error is not None:
        error = replace(error, message=omit_ages(error.message))
    return replace(source, taken_at=None, age_s=None, latency_ms=None, budget=None, error=error)


def _omit_problem_ages(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(replace(problem, message=omit_ages(problem.message)) for problem in problems)


def _omit_finding_age(finding: Finding) -> Finding:
    return replace(finding, message=omit_ages(finding.message), full_message=None)
