"""Findings whose source does not answer any more."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import EvidenceKind, Finding, FindingStatus, SourceState
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from anchor_tui.domain.policy.stale_findings import CHECKS_OF_BOTH_SOURCES, mark_stale_findings
from tests.values import ago

LIVE = SourceState("argocd", "argocd", "https://cd", state="fresh", taken_at=ago(seconds=2))
GITHUB = SourceState("github", "github", "https://gh", state="fresh", taken_at=ago(seconds=9))
LOST_LIVE = SourceState("argocd", "argocd", "https://cd", state="stale", taken_at=ago(minutes=4))
LOST_GITHUB = SourceState("github", "github", "https://gh", state="stale", taken_at=ago(minutes=5))


def finding(evidence: EvidenceKind, status: FindingStatus = "pass", check: str = "auth.jwt-required") -> Finding:
    return Finding(check, "JWT is required", "error", status, evidence, "it is")


@pytest.mark.parametrize("evidence", ["git", "manifest", "settings", "ci"])
def test_a_lost_github_leaves_its_evidence_unknown(evidence):
    (found,) = mark_stale_findings((finding(evidence),), (LIVE, LOST_GITHUB))
    assert (found.status, found.message) == ("unknown", "it is (as of 13:57Z)")
    assert mark_stale_findings((finding(evidence),), (LOST_LIVE, GITHUB)) == (finding(evidence),)


@pytest.mark.parametrize("evidence", ["live-spec", "rendered", "live"])
def test_a_lost_argo_cd_leaves_its_evidence_unknown(evidence):
    (found,) = mark_stale_findings((finding(evidence),), (LOST_LIVE, GITHUB))
    assert (found.status, found.message) == ("unknown", "it is (as of 13:58Z)")
    assert mark_stale_findings((finding(evidence),), (LIVE, LOST_GITHUB)) == (finding(evidence),)


@pytest.mark.parametrize("status", ["fail", "waived"])
def test_a_failure_stays_one_with_its_age(status):
    (found,) = mark_stale_findings((finding("git", status),), (LIVE, LOST_GITHUB))
    assert (found.status, found.message) == (status, "it is (as of 13:57Z)")


@pytest.mark.parametrize("status", ["skipped", "unknown"])
def test_what_is_unknown_stays_unchanged(status):
    findings = (finding("git", status),)
    assert mark_stale_findings(findings, (LOST_LIVE, LOST_GITHUB)) == findings


@pytest.mark.parametrize("sources", [(LIVE, LOST_GITHUB), (LOST_LIVE, GITHUB)])
def test_a_check_of_both_sources_needs_both(sources):
    (found,) = mark_stale_findings((finding("live", check="release.contract-aligned"),), sources)
    assert found.status == "unknown"


def test_the_checks_of_both_sources_exist():
    assert set(CHECKS_BY_ID) >= CHECKS_OF_BOTH_SOURCES
