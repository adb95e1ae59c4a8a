"""The checks of an environment in short texts: how many passed, failed, are unknown or waived."""

from __future__ import annotations

from collections import Counter

from textual.content import Content

from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import Environment, Finding, Snapshot
from anchor_tui.domain.policy.check_results import CheckResult, group_by_check
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.source_states import is_outdated
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text

_RESULTS = IdentityCache[tuple[CheckResult, ...]]()


def list_check_results(name: str, findings: tuple[Finding, ...]) -> tuple[CheckResult, ...]:
    """Return the findings of an environment by check, grouped once for each tuple."""
    return _RESULTS.get(name, (findings,), lambda: group_by_check(findings))


def describe_policy(environment: Environment, snapshot: Snapshot) -> Content:
    """Return the numbers of passed, failed, warning, unknown and waived checks; dim if a source is not fresh."""
    counted = _count_checks(environment)
    parts = [marked_text(mark, counted[name]) for name, mark in _COUNT_MARKS if counted[name]]
    waived = muted_text(f"{counted['waived']} waived") if counted["waived"] else None
    return _dim_if_outdated(join_parts(safe_text("policy"), *parts, waived, gap=" "), environment, snapshot)


def describe_policy_briefly(environment: Environment, snapshot: Snapshot) -> Content:
    """Return the same for a narrow column: "14✓ 5✗"."""
    counted = _count_checks(environment)
    parts = [safe_text(counted[name]) + marked_text(mark) for name, mark in _COUNT_MARKS if counted[name]]
    waived = muted_text(f"{counted['waived']}w") if counted["waived"] else None
    if not environment.findings:
        return muted_text(StatusMark.NONE.glyph())
    return _dim_if_outdated(join_parts(*parts, waived, gap=" "), environment, snapshot)


def _dim_if_outdated(content: Content, environment: Environment, snapshot: Snapshot) -> Content:
    results = list_check_results(environment.name, environment.findings)
    evidence = {finding.evidence: finding for result in results for finding in result.findings}
    if not any(is_outdated(finding, environment.source, snapshot) for finding in evidence.values()):
        return content
    return Content.styled(f"{content.plain}, stale", "dim")


_COUNT_MARKS = (
    ("pass", StatusMark.OK),
    ("error", StatusMark.FAILING),
    ("warning", StatusMark.ATTENTION),
    ("unknown", StatusMark.UNKNOWN),
)


def _count_checks(environment: Environment) -> Counter[str]:
    return Counter(
        result.level if result.status == "fail" else result.status
        for result in list_check_results(environment.name, environment.findings)
    )
