"""Selection of findings by check, evidence and status."""

from __future__ import annotations

from anchor_tui.domain.model import Finding

OVERLAY = "infra/helm/platform/environments/{}/values.yaml"


def select_checks(found: tuple[Finding, ...], *statuses: str) -> set[tuple[str, str]]:
    """Return (check, evidence) of the findings with these statuses."""
    return {(finding.check, finding.evidence) for finding in found if finding.status in statuses}


def only_finding(found: tuple[Finding, ...], check: str, evidence: str) -> Finding:
    (finding,) = [finding for finding in found if (finding.check, finding.evidence) == (check, evidence)]
    return finding
