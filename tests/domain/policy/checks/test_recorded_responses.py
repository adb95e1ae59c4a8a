"""Checks of responses recorded from a real Argo CD."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anchor_tui.domain.kubernetes.managed_resources import explain_unknown_resources, read_managed_resources
from anchor_tui.domain.kubernetes.workloads import Manifests, build_manifests, read_manifests, read_resource
from anchor_tui.domain.model import Application, ApplicationCondition, AutoSyncPolicy, Finding
from anchor_tui.domain.policy.evidence.facts import Facts, MissingEvidence, NotApplicable, PolicyFacts
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.argocd_recordings import load_recording, recording_names
from tests.domain.policy.sample_repo import (
    CONFIG,
    PASSING_FACTS,
    evaluate,
    failed_checks,
    git_facts,
    live_manifests,
    sample,
)
from tests.values import NOW, application, replace

ENVIRONMENTS = {environment.name: environment for environment in CONFIG.environments}


def read_recorded_manifests(
    name: str, app: str = "anchor-msp-staging", options: tuple[str, ...] = ()
) -> tuple[Manifests, Manifests]:
    """Return (rendered, live) of a recorded managed-resources response."""
    managed = read_managed_resources(load_recording(name).body["items"], app, options)
    return build_manifests(managed.target, unreadable=managed.unreadable), build_manifests(
        managed.live, unreadable=managed.unreadable, live=True
    )


def run_check(check: str, environment: str, **evidence: Any) -> tuple[Finding, ...]:
    """Run one check on recorded evidence."""
    return CHECKS_BY_ID[check].run(Facts(CONFIG, NOW, ENVIRONMENTS[environment], **evidence))


def read_recorded_application(name: str) -> Application:
    """Return a recorded application with the fields that the checks read."""
    body = load_recording(name).body
    policy = body["spec"].get("syncPolicy", {}).get("automated")
    auto_sync = None
    if policy is not None:
        auto_sync = AutoSyncPolicy(
            policy.get("enabled", True), policy.get("prune", False), policy.get("selfHeal", False)
        )
    conditions = body["status"].get("conditions") or []
    return application(
        body["metadata"]["name"],
        automated=auto_sync,
        sync=body["status"]["sync"]["status"],
        conditions=tuple(ApplicationCondition(condition["type"], condition["message"]) for condition in conditions),
    )


def test_the_two_stale_mocks_of_staging_fail() -> None:
    _, live = read_recorded_manifests("managed-resources")

    stale = run_check("argo.no-stale-resources", "staging", live=live)

    assert [(finding.status, finding.level, finding.resource) for finding in stale] == [
        ("fail", "error", "Service/status-mock"),
        ("fail", "error", "Deployment/status-mock"),
    ]


def test_staging_has_live_mocks_and_no_rendered_ones() -> None:
    rendered, live = read_recorded_manifests("managed-resources")

    found = run_check("mock.workloads-absent", "staging", rendered=rendered, live=live)

    assert [(finding.evidence, finding.status, finding.resource) for finding in found] == [
        ("git", "skipped", None),
        ("rendered", "pass", None),
        ("live", "fail", "Service/status-mock"),
        ("live", "fail", "Deployment/status-mock"),
    ]
    assert all("a sync with prune removes it" in finding.message for finding in found[2:])


def test_a_stale_resource_with_prune_false_is_a_warning() -> None:
    _, live = read_recorded_manifests("managed-resources-prune-false")

    stale = run_check("argo.no-stale-resources", "staging", live=live)

    assert {(finding.resource, finding.level) for finding in stale} == {
        ("Service/status-mock", "warning"),
        ("Deployment/status-mock", "error"),
    }
    assert "Prune=false protects it" in next(finding.message for finding in stale if finding.level == "warning")


def test_a_resource_with_prune_confirm_is_stale() -> None:
    _, live = read_recorded_manifests("managed-resources-prune-confirm-annotation")

    stale = run_check("argo.no-stale-resources", "staging", live=live)

    assert {finding.level for finding in stale} == {"error"}
    assert any("needs a confirmation" in finding.message for finding in stale)


def test_the_applications_prune_false_protects_resources_without_annotation() -> None:
    _, kept = read_recorded_manifests("managed-resources", options=("CreateNamespace=true", "Prune=false"))
    _, asked = read_recorded_manifests("managed-resources-prune-confirm-annotation", options=("Prune=false",))

    assert {finding.level for finding in run_check("argo.no-stale-resources", "staging", live=kept)} == {"warning"}
    assert {finding.level for finding in run_check("argo.no-stale-resources", "staging", live=asked)} == {
        "warning",
        "error",
    }


def test_a_live_hook_is_never_stale() -> None:
    hook = {
        "kind": "Job",
        "metadata": {"name": "anchor-migrate", "annotations": {"argocd.argoproj.io/hook": "PreSync"}},
        "apiVersion": "batch/v1",
        "spec": {"template": {"spec": {"containers": [{"name": "m", "image": "x/y:1"}]}}},
    }
    items = [
        {"kind": "Job", "name": "anchor-migrate", "targetState": "null", "liveState": json.dumps(hook)},
        {"kind": "Job", "name": "other", "hook": True, "targetState": "null", "liveState": json.dumps(hook)},
    ]

    live = build_manifests(read_managed_resources(items, "anchor-msp-prod").live, live=True)

    assert [resource.stale for resource in live.resources] == [False, False]
    assert [finding.status for finding in run_check("argo.no-stale-resources", "prod", live=live)] == ["pass"]


def test_recorded_production_passes_rendered_and_live() -> None:
    rendered, live = read_recorded_manifests("managed-resources-prod", "anchor-msp-prod")
    prod = replace(git_facts(sample())["prod"], rendered=rendered, live=live)
    prod = replace(prod, live_spec=(application(target_revision="main"),))

    findings = evaluate(PolicyFacts({"prod": prod}, PASSING_FACTS.estate))

    assert failed_checks(findings) == set()
    passed_checks = {
        (finding.check, finding.evidence) for finding in findings.environments["prod"] if finding.status == "pass"
    }
    wanted = {
        (check.id, kind) for check in CHECKS_BY_ID.values() for kind in check.evidence if kind in {"rendered", "live"}
    }
    assert wanted <= passed_checks


def test_the_recorded_manifests_pass_as_rendered() -> None:
    texts = load_recording("manifests").body["manifests"]
    rendered = read_manifests([json.loads(text) for text in texts], "anchor-msp-prod")
    prod = replace(git_facts(sample())["prod"], rendered=rendered)

    findings = evaluate(PolicyFacts({"prod": prod}, PASSING_FACTS.estate)).environments["prod"]

    assert {finding.status for finding in findings if finding.evidence == "rendered"} == {"pass"}


def test_masked_keys_of_a_live_secret_count_as_present() -> None:
    rendered, live = read_recorded_manifests("managed-resources-prod", "anchor-msp-prod")
    secret = read_resource(json.loads(load_recording("resource-secret").body["manifest"]))
    assert secret is not None
    live = build_manifests((*live.resources, secret), live=True)

    found = run_check("secrets.required-keys", "prod", live=live, rendered=rendered)

    assert [(finding.evidence, finding.status) for finding in found if finding.evidence != "git"] == [
        ("rendered", "pass"),
        ("live", "pass"),
    ]


def test_a_key_missing_in_the_live_secret_fails() -> None:
    _, live = read_recorded_manifests("managed-resources-prod", "anchor-msp-prod")
    manifest = json.loads(load_recording("resource-secret").body["manifest"])
    del manifest["data"]["DATABASE_URL"]
    secret = read_resource(manifest)
    assert secret is not None

    found = run_check("secrets.required-keys", "prod", live=build_manifests((*live.resources, secret), live=True))

    assert [finding.message for finding in found if finding.evidence == "live"] == ["DATABASE_URL is not provided"]


def test_a_comparison_error_is_unknown_and_not_empty() -> None:
    legacy = read_recorded_application("get-legacy")
    assert load_recording("managed-resources-legacy").body == {}

    reason = explain_unknown_resources(legacy)

    assert reason is not None
    assert "ComparisonError" in reason
    lacking = MissingEvidence(reason)
    for check in ("mock.workloads-absent", "argo.no-stale-resources", "workers.gateway-image"):
        found = run_check(check, "prod", rendered=lacking, live=lacking, live_spec=(legacy,))
        assert {finding.status for finding in found if finding.evidence in {"rendered", "live"}} == {"unknown"}
        assert any("app path does not exist" in finding.message for finding in found)


@pytest.mark.parametrize(("name", "prune", "heal"), [("get-staging", "fail", "pass"), ("get-dev", "fail", "fail")])
def test_auto_sync_is_read_from_the_recorded_application(name: str, prune: str, heal: str) -> None:
    live_spec = (read_recorded_application(name),)

    assert [finding.status for finding in run_check("argo.automated-prune", "staging", live_spec=live_spec)][1:] == [
        prune
    ]
    assert [finding.status for finding in run_check("argo.automated-self-heal", "staging", live_spec=live_spec)][
        1:
    ] == [heal]


def test_an_environment_without_live_objects_sleeps_only_on_demand() -> None:
    rendered, live = read_recorded_manifests("managed-resources-preview", "anchor-msp-preview")
    assert live.resources == ()

    on_demand = evaluate(
        PolicyFacts({"staging": Facts(CONFIG, NOW, rendered=rendered, live=live)}, PASSING_FACTS.estate)
    )
    always_on = run_check("runtime.always-on", "prod", live=live)

    assert {finding.status for finding in on_demand.environments["staging"] if finding.evidence == "live"} == {
        "skipped"
    }
    assert [finding.status for finding in always_on if finding.evidence == "live"] == ["fail"]


@pytest.mark.parametrize("name", recording_names("managed-resources"))
def test_every_recorded_response_can_be_evaluated(name: str) -> None:
    body = load_recording(name).body
    managed = read_managed_resources(body.get("items", []), "anchor-msp-prod")
    rendered = build_manifests(managed.target, unreadable=managed.unreadable)
    live = build_manifests(managed.live, unreadable=managed.unreadable, live=True)

    findings = evaluate(PolicyFacts({"prod": Facts(CONFIG, NOW, rendered=rendered, live=live)}, PASSING_FACTS.estate))

    assert findings.environments["prod"]


def test_a_not_ready_external_secret_leaves_the_keys_unknown() -> None:
    found = live_manifests("prod")
    for manifest in found:
        if manifest["kind"] == "ExternalSecret":
            manifest["status"] = {"conditions": [{"type": "Ready", "status": "False", "message": "no such entry"}]}

    [finding] = [
        finding
        for finding in run_check("secrets.required-keys", "prod", live=read_manifests(found, live=True))
        if finding.evidence == "live"
    ]

    assert finding.status == "unknown"
    assert "no such entry" in finding.message


def test_evidence_that_is_not_applicable_is_skipped_with_its_reason() -> None:
    found = run_check("mock.workloads-absent", "prod", live=NotApplicable("offline"))

    assert [finding.message for finding in found if finding.evidence == "live"] == ["offline"]
