"""Findings of every status, for the policy pane and the formats of snapshots."""

from __future__ import annotations

from typing import Any

from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.engine import PolicyFindings
from tests.values import replace

OVERLAY = "infra/helm/platform/environments/prod/values.yaml"


def make_finding(check: str, status: str = "fail", evidence: str = "git", **changes: Any) -> Finding:
    base = Finding(check, f"Title of {check}", "error", status, evidence, f"{check} in {evidence}")
    return replace(base, **changes)


MOCK = "mock.control-center-url"
FINDINGS = PolicyFindings(
    {
        "prod": (
            make_finding(MOCK, evidence="git", file=OVERLAY, line=41, fix="name the real one"),
            make_finding(MOCK, evidence="rendered"),
            make_finding(MOCK, "pass", evidence="live"),
            make_finding("runtime.memory-budget", level="warning", evidence="rendered"),
            make_finding("workers.gateway-image", "unknown", evidence="live"),
            make_finding("auth.jwt-required", "waived"),
            make_finding("release.pinned", "pass"),
            make_finding("argo.at-head", "skipped", evidence="live-spec"),
        )
    },
    (make_finding("ci.green", "pass", evidence="ci"),),
)
