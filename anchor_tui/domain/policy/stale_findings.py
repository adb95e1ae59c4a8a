"""Findings of sources that no longer answer: a passed check is unknown then, and every message names its age."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from anchor_tui.domain.model import Finding, SourceState

GITHUB_EVIDENCE = frozenset({"git", "manifest", "settings", "ci"})
"""The evidence that comes from GitHub. All other evidence comes from Argo CD."""
CHECKS_OF_BOTH_SOURCES = frozenset({"release.contract-aligned", "argo.at-head"})
"""The checks that compare evidence of Argo CD with git."""


def mark_stale_findings(findings: tuple[Finding, ...], sources: Sequence[SourceState]) -> tuple[Finding, ...]:
    """Return the findings as they are known now. `sources` are the states of the sources that they come from."""
    lost = [source for source in sources if source.state in {"stale", "missing"}]
    return tuple(_mark_stale(finding, lost) for finding in findings) if lost else findings


def _mark_stale(finding: Finding, lost: Sequence[SourceState]) -> Finding:
    source = next((source for source in lost if source.kind in _list_source_kinds(finding)), None)
    if source is None or finding.status in {"skipped", "unknown"}:
        return finding
    age = f"as of {source.taken_at:%H:%M}Z" if source.taken_at else "from a source that does not answer"
    return replace(
        finding,
        status="unknown" if finding.status == "pass" else finding.status,
        message=f"{finding.message} ({age})",
    )


def _list_source_kinds(finding: Finding) -> set[str]:
    if finding.evidence in GITHUB_EVIDENCE:
        return {"github"}
    return {"argocd", "github"} if finding.check in CHECKS_OF_BOTH_SOURCES else {"argocd"}
