"""Findings by check: one result for all the evidence that was looked at, the worst of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from anchor_tui.domain.model import Finding, FindingStatus, ValueObject

_WORST_STATUS_FIRST: tuple[FindingStatus, ...] = ("fail", "unknown", "waived", "pass", "skipped")


class CheckResult(ValueObject, frozen=True):
    """What one check came to. It holds where it holds in any evidence and fails in none."""

    check: str
    title: str
    level: Literal["error", "warning", "info"]
    status: FindingStatus
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Finding:
        """The first of the findings that decide."""
        return next(each for each in self.findings if each.status == self.status)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The kinds of evidence that decide, each once."""
        return tuple(dict.fromkeys(each.evidence for each in self.findings if each.status == self.status))


def group_by_check(findings: Iterable[Finding]) -> tuple[CheckResult, ...]:
    """The results, worst first: failed errors, failed warnings, unknown, waived, holding, skipped."""
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.check, []).append(finding)
    return tuple(sorted(map(_build_result, grouped.values()), key=_sort_key))


def _build_result(found: list[Finding]) -> CheckResult:
    status = min((each.status for each in found), key=_WORST_STATUS_FIRST.index)
    deciding = [each for each in found if each.status == status]
    level = "error" if any(each.level == "error" for each in deciding) else deciding[0].level
    return CheckResult(found[0].check, found[0].title, level, status, tuple(found))


def _sort_key(result: CheckResult) -> tuple[int, bool, str]:
    return _WORST_STATUS_FIRST.index(result.status), result.level != "error", result.check
