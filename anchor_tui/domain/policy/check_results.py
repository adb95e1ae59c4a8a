"""Findings grouped by check: one result for all kinds of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from anchor_tui.domain.model import Finding, FindingStatus, ValueObject

_WORST_STATUS_FIRST: tuple[FindingStatus, ...] = ("fail", "unknown", "waived", "pass", "skipped")


class CheckResult(ValueObject, frozen=True):
    """The worst status of a check over all its evidence. Skipped evidence counts only if all of it was skipped."""

    check: str
    title: str
    level: Literal["error", "warning", "info"]
    status: FindingStatus
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Finding:
        """The first finding with the status of the result."""
        return next(finding for finding in self.findings if finding.status == self.status)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The kinds of evidence with the status of the result, each once."""
        return tuple(dict.fromkeys(finding.evidence for finding in self.findings if finding.status == self.status))


def group_by_check(findings: Iterable[Finding]) -> tuple[CheckResult, ...]:
    """Return the results, worst first: failed errors, failed warnings, unknown, waived, passed, skipped."""
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.check, []).append(finding)
    return tuple(sorted(map(_build_result, grouped.values()), key=_sort_key))


def _build_result(findings: list[Finding]) -> CheckResult:
    status = min((finding.status for finding in findings), key=_WORST_STATUS_FIRST.index)
    deciding = [finding for finding in findings if finding.status == status]
    level = "error" if any(finding.level == "error" for finding in deciding) else deciding[0].level
    return CheckResult(findings[0].check, findings[0].title, level, status, tuple(findings))


def _sort_key(result: CheckResult) -> tuple[int, bool, str]:
    return _WORST_STATUS_FIRST.index(result.status), result.level != "error", result.check
