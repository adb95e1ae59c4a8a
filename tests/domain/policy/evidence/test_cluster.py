"""Cluster evidence of several applications, some without resources."""

from __future__ import annotations

import json
from typing import Any

from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import ApplicationCondition
from anchor_tui.domain.policy.evidence.cluster import ApplicationResources, list_created_secrets, read_cluster_evidence
from anchor_tui.domain.policy.evidence.facts import MissingEvidence, PolicyFacts
from tests.argocd_recordings import load_recording
from tests.domain.policy.sample_repo import PASSING_FACTS, evaluate, only_finding
from tests.values import application, replace

MAIN = application("anchor-msp-prod")
MORE = application("anchor-msp-extra")
ITEMS = load_recording("managed-resources-prod").body["items"]
SECRET = json.loads(load_recording("resource-secret").body["manifest"])


def evaluate_prod(rendered: Any, live: Any, check: str, evidence: str) -> tuple[str, str]:
    prod = replace(PASSING_FACTS.environments["prod"], rendered=rendered, live=live)
    finding = only_finding(evaluate(PolicyFacts({"prod": prod}, PASSING_FACTS.estate)), "prod", check, evidence)
    return finding.status, finding.message


def test_one_response_contains_rendered_and_live_manifests() -> None:
    found = read_cluster_evidence([MAIN], {MAIN.id: ApplicationResources(ITEMS, secrets=[SECRET])})

    assert isinstance(found.rendered, Manifests)
    assert isinstance(found.live, Manifests)
    assert len(found.rendered.resources) == 7
    assert len(found.live.resources) == 8
    assert list_created_secrets(found.live.resources) == (("anchor-prod", "anchor-platform"),)
    assert evaluate_prod(found.rendered, found.live, "secrets.required-keys", "live")[0] == "pass"


def test_an_application_without_answer_prevents_a_pass() -> None:
    found = read_cluster_evidence(
        [MAIN, MORE], {MAIN.id: ApplicationResources(ITEMS), MORE.id: MissingEvidence("anchor-msp-extra: 403")}
    )

    status, message = evaluate_prod(found.rendered, found.live, "mock.workloads-absent", "live")

    assert status == "unknown"
    assert "anchor-msp-extra: 403" in message


def test_a_comparison_error_makes_the_evidence_missing() -> None:
    broken = replace(MAIN, conditions=(ApplicationCondition("ComparisonError", "app path does not exist"),))

    found = read_cluster_evidence([broken], {broken.id: ApplicationResources(ITEMS)})

    assert isinstance(found.live, MissingEvidence)
    assert "app path does not exist" in found.live.reason


def test_resources_that_were_not_requested_are_unknown() -> None:
    found = read_cluster_evidence([MAIN], {})

    assert evaluate_prod(found.rendered, found.live, "workers.gateway-image", "rendered") == (
        "unknown",
        "anchor-msp-prod: its resources have not been requested yet",
    )
