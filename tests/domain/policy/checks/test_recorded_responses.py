"""What a real Argo CD answered, through the checks on what is rendered, what lives and how it syncs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anchor_tui.domain.kubernetes.managed_resources import explain_unknown_resources, read_managed_resources
from anchor_tui.domain.kubernetes.workloads import Manifests, build_manifests, read_manifests, read_resource
from anchor_tui.domain.model import Application, ApplicationCondition, AutoSyncPolicy, Finding
from anchor_tui.domain.policy.engine import PolicyFacts
from anchor_tui.domain.policy.evidence.facts import Facts, MissingEvidence, NotApplicable
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.argocd_recordings import load_recording, recording_names
from tests.domain.policy.sample_repo import CONFIG, WHOLE, failing, git_facts, judged, live_of, sample
from tests.values import NOW, application, replace

ENVIRONMENTS = {each.name: each for each in CONFIG.environments}


def both_of(name: str, app: str = "anchor-msp-staging", options: tuple[str, ...] = ()) -> tuple[Manifests, Manifests]:
    """(rendered, live) of a recorded managed-resources."""
    managed = read_managed_resources(load_recording(name).body["items"], app, options)
    return build_manifests(managed.target, unreadable=managed.unreadable), build_manifests(
        managed.live, unreadable=managed.unreadable, live=True
    )


def told(check: str, environment: str, **evidence: Any) -> tuple[Finding, ...]:
    """What one check tells of recorded evidence."""
    return CHECKS_BY_ID[check].run(Facts(CONFIG, NOW, ENVIRONMENTS[environment], **evidence))


def app_of(name: str) -> Application:
    """A recorded application, as far as the checks look at it."""
    body = load_recording(name).body
    policy = body["spec"].get("syncPolicy", {}).get("automated")
    said = None
    if policy is not None:
        said = AutoSyncPolicy(policy.get("enabled", True), policy.get("prune", False), policy.get("selfHeal", False))
    conditions = body["status"].get("conditions") or []
    return application(
        body["metadata"]["name"],
        automated=said,
        sync=body["status"]["sync"]["status"],
        conditions=tuple(ApplicationCondition(each["type"], each["message"]) for each in conditions),
    )


def test_the_two_prunable_mocks_of_staging_are_found_by_name() -> None:
    _, live = both_of("managed-resources")

    stale = told("argo.no-stale-resources", "staging", live=live)

    assert [(each.status, each.level, each.resource) for each in stale] == [
        ("fail", "error", "Service/status-mock"),
        ("fail", "error", "Deployment/status-mock"),
    ]


def test_staging_has_mocks_live_and_none_rendered() -> None:
    rendered, live = both_of("managed-resources")

    found = told("mock.workloads-absent", "staging", rendered=rendered, live=live)

    assert [(each.evidence, each.status, each.resource) for each in found] == [
        ("git", "skipped", None),
        ("rendered", "pass", None),
        ("live", "fail", "Service/status-mock"),
        ("live", "fail", "Deployment/status-mock"),
    ]
    assert all("a sync with prune removes it" in each.message for each in found[2:])


def test_what_prune_false_keeps_is_a_warning_that_names_it() -> None:
    _, live = both_of("managed-resources-prune-false")

    stale = told("argo.no-stale-resources", "staging", live=live)

    assert {(each.resource, each.level) for each in stale} == {
        ("Service/status-mock", "warning"),
        ("Deployment/status-mock", "error"),
    }
    assert "Prune=false keeps it" in next(each.message for each in stale if each.level == "warning")


def test_what_prune_confirm_asks_for_is_still_stale() -> None:
    _, live = both_of("managed-resources-prune-confirm-annotation")

    stale = told("argo.no-stale-resources", "staging", live=live)

    assert {each.level for each in stale} == {"error"}
    assert any("waits for a confirmation" in each.message for each in stale)


def test_the_applications_own_prune_false_keeps_what_no_annotation_says_otherwise() -> None:
    _, kept = both_of("managed-resources", options=("CreateNamespace=true", "Prune=false"))
    _, asked = both_of("managed-resources-prune-confirm-annotation", options=("Prune=false",))

    assert {each.level for each in told("argo.no-stale-resources", "staging", live=kept)} == {"warning"}
    assert {each.level for each in told("argo.no-stale-resources", "staging", live=asked)} == {"warning", "error"}


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

    assert [each.stale for each in live.resources] == [False, False]
    assert [each.status for each in told("argo.no-stale-resources", "prod", live=live)] == ["pass"]


def test_production_as_recorded_holds_in_what_is_rendered_and_what_lives() -> None:
    rendered, live = both_of("managed-resources-prod", "anchor-msp-prod")
    prod = replace(git_facts(sample())["prod"], rendered=rendered, live=live)
    prod = replace(prod, live_spec=(application(target_revision="main"),))

    findings = judged(PolicyFacts({"prod": prod}, WHOLE.estate))

    assert failing(findings) == set()
    told_by = {(each.check, each.evidence) for each in findings.environments["prod"] if each.status == "pass"}
    wanted = {
        (check.id, each) for check in CHECKS_BY_ID.values() for each in check.evidence if each in {"rendered", "live"}
    }
    assert wanted <= told_by


def test_the_recorded_manifests_hold_as_what_is_rendered() -> None:
    texts = load_recording("manifests").body["manifests"]
    rendered = read_manifests([json.loads(each) for each in texts], "anchor-msp-prod")
    prod = replace(git_facts(sample())["prod"], rendered=rendered)

    findings = judged(PolicyFacts({"prod": prod}, WHOLE.estate)).environments["prod"]

    assert {each.status for each in findings if each.evidence == "rendered"} == {"pass"}


def test_masked_keys_of_a_live_secret_count_as_present() -> None:
    rendered, live = both_of("managed-resources-prod", "anchor-msp-prod")
    secret = read_resource(json.loads(load_recording("resource-secret").body["manifest"]))
    assert secret is not None
    live = build_manifests((*live.resources, secret), live=True)

    found = told("secrets.required-keys", "prod", live=live, rendered=rendered)

    assert [(each.evidence, each.status) for each in found if each.evidence != "git"] == [
        ("rendered", "pass"),
        ("live", "pass"),
    ]


def test_a_key_that_the_live_secret_lacks_is_found_though_its_maker_names_it() -> None:
    _, live = both_of("managed-resources-prod", "anchor-msp-prod")
    manifest = json.loads(load_recording("resource-secret").body["manifest"])
    del manifest["data"]["DATABASE_URL"]
    secret = read_resource(manifest)
    assert secret is not None

    found = told("secrets.required-keys", "prod", live=build_manifests((*live.resources, secret), live=True))

    assert [each.message for each in found if each.evidence == "live"] == ["DATABASE_URL is not provided"]


def test_a_comparison_error_is_unknown_and_never_nothing() -> None:
    legacy = app_of("get-legacy")
    assert load_recording("managed-resources-legacy").body == {}

    reason = explain_unknown_resources(legacy)

    assert reason is not None
    assert "ComparisonError" in reason
    lacking = MissingEvidence(reason)
    for check in ("mock.workloads-absent", "argo.no-stale-resources", "workers.gateway-image"):
        found = told(check, "prod", rendered=lacking, live=lacking, live_spec=(legacy,))
        assert {each.status for each in found if each.evidence in {"rendered", "live"}} == {"unknown"}
        assert any("app path does not exist" in each.message for each in found)


@pytest.mark.parametrize(("name", "prune", "heal"), [("get-staging", "fail", "pass"), ("get-dev", "fail", "fail")])
def test_auto_sync_is_read_from_the_recorded_application(name: str, prune: str, heal: str) -> None:
    live_spec = (app_of(name),)

    assert [each.status for each in told("argo.automated-prune", "staging", live_spec=live_spec)][1:] == [prune]
    assert [each.status for each in told("argo.automated-self-heal", "staging", live_spec=live_spec)][1:] == [heal]


def test_what_was_never_synced_is_asleep_on_demand_and_failing_where_it_is_always_on() -> None:
    rendered, live = both_of("managed-resources-preview", "anchor-msp-preview")
    assert live.resources == ()

    on_demand = judged(PolicyFacts({"staging": Facts(CONFIG, NOW, rendered=rendered, live=live)}, WHOLE.estate))
    always_on = told("runtime.always-on", "prod", live=live)

    assert {each.status for each in on_demand.environments["staging"] if each.evidence == "live"} == {"skipped"}
    assert [each.status for each in always_on if each.evidence == "live"] == ["fail"]


@pytest.mark.parametrize("name", recording_names("managed-resources"))
def test_no_recorded_answer_is_too_strange(name: str) -> None:
    body = load_recording(name).body
    managed = read_managed_resources(body.get("items", []), "anchor-msp-prod")
    rendered = build_manifests(managed.target, unreadable=managed.unreadable)
    live = build_manifests(managed.live, unreadable=managed.unreadable, live=True)

    findings = judged(PolicyFacts({"prod": Facts(CONFIG, NOW, rendered=rendered, live=live)}, WHOLE.estate))

    assert findings.environments["prod"]


def test_a_not_ready_external_secret_leaves_the_keys_unknown() -> None:
    found = live_of("prod")
    for each in found:
        if each["kind"] == "ExternalSecret":
            each["status"] = {"conditions": [{"type": "Ready", "status": "False", "message": "no such entry"}]}

    [finding] = [
        each
        for each in told("secrets.required-keys", "prod", live=read_manifests(found, live=True))
        if each.evidence == "live"
    ]

    assert finding.status == "unknown"
    assert "no such entry" in finding.message


def test_live_is_not_looked_at_where_it_is_not_asked_for() -> None:
    found = told("mock.workloads-absent", "prod", live=NotApplicable("offline"))

    assert [each.message for each in found if each.evidence == "live"] == ["offline"]
