"""Every rule violated once in every evidence: exactly one check fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.kubernetes.workloads import read_manifests
from anchor_tui.domain.policy.evidence.facts import BranchHead, PolicyFacts, RepositorySettings, UpstreamHistory
from anchor_tui.domain.policy.registry import CHECKS
from tests.domain.policy.sample_repo import (
    APP,
    DEV,
    HEAD,
    PASSING_FACTS,
    PROD,
    RELEASE,
    STAGING,
    automated,
    deployment,
    evaluate,
    failed_checks,
    find_container,
    find_manifest,
    live_manifests,
    set_env,
    with_environment,
    with_estate,
    with_files,
    with_manifests,
)
from tests.values import NOW, application, replace

CRON = "cron: {image: {repository: ghcr.io/anchor/anchor-cron, tag: 1.0.0}}\nstatusMock:"
Case = tuple[str, str, str, Callable[[], PolicyFacts]]


def git_case(check: str, name: str, path: str, old: str, new: str, field: str = "values") -> Case:
    evidence = "manifest" if field == "manifest" else "git"
    return check, evidence, name, lambda: with_files(name, {path: (old, new)}, field)


def manifest_cases(check: str, name: str, change: Callable[[list[dict[str, Any]]], Any]) -> list[Case]:
    """Return the same violation in rendered and in live manifests."""
    return [
        (check, evidence, name, lambda evidence=evidence: with_manifests(name, evidence, change))  # type: ignore[misc]
        for evidence in ("rendered", "live")
    ]


def live_spec_case(check: str, **changes: Any) -> Case:
    return check, "live-spec", "prod", lambda: with_environment("prod", live_spec=(application(**changes),))


def stale_live(found: list[dict[str, Any]]) -> Any:
    live = read_manifests(found, "anchor-msp-prod", live=True)
    extra = read_manifests([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}}]).resources[0]
    return replace(live, resources=(*live.resources, replace(extra, stale=True)))


def drop_key(found: list[dict[str, Any]], name: str) -> None:
    data = find_manifest(found, "anchor-platform", "ExternalSecret")["spec"]["data"]
    data[:] = [entry for entry in data if entry["secretKey"] != name]


OTHER = "ghcr.io/anchor/anchor-gateway:1.42.0@sha256:" + "0" * 64


def settings(**changes: Any) -> RepositorySettings:
    return replace(PASSING_FACTS.estate.ops_settings, **changes)


CASES: list[Case] = [
    git_case("auth.jwt-required", "staging", STAGING, "AUTH_MODE: jwt", "AUTH_MODE: disabled"),
    git_case("auth.jwt-required", "prod", PROD, "AUTH_MODE: jwt", "AUTH_MODE: disabled"),
    *manifest_cases("auth.jwt-required", "prod", lambda m: set_env(m, "anchor-gateway", "AUTH_MODE", "disabled")),
    git_case(
        "auth.operator-jwt-required", "prod", PROD, "web:\n", 'web:\n  env: {ANCHOR_REQUIRE_OPERATOR_JWT: "false"}\n'
    ),
    *manifest_cases(
        "auth.operator-jwt-required", "prod", lambda m: set_env(m, "anchor-web", "ANCHOR_REQUIRE_OPERATOR_JWT", "0")
    ),
    git_case(
        "auth.no-wildcard-workspaces",
        "prod",
        PROD,
        "web:\n",
        "web:\n  env: {ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS: yes}\n",
    ),
    *manifest_cases(
        "auth.no-wildcard-workspaces",
        "prod",
        lambda m: set_env(m, "anchor-web", "ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS", "true"),
    ),
    git_case("mock.workloads-absent", "staging", STAGING, "enabled: false", "enabled: true"),
    git_case("mock.workloads-absent", "prod", PROD, "enabled: false", 'enabled: "false"'),
    *manifest_cases(
        "mock.workloads-absent", "prod", lambda m: m.append(deployment("status-mock", "ghcr.io/anchor/status-mock:1"))
    ),
    *manifest_cases(
        "mock.workloads-absent",
        "staging",
        lambda m: m.append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "agentfield-mock"}}),
    ),
    git_case("mock.control-center-url", "prod", PROD, "https://control.", "http://status-mock."),
    *manifest_cases(
        "mock.control-center-url",
        "prod",
        lambda m: set_env(m, "anchor-gateway", "EGI_CONTROL_CENTER_URL", "https://x/status-mock"),
    ),
    git_case("mock.agentfield-url", "prod", PROD, "https://agentfield.", "https://agentfield-mock."),
    *manifest_cases(
        "mock.agentfield-url", "prod", lambda m: set_env(m, "anchor-gateway", "AGENTFIELD_URL", "http://agentfield")
    ),
    git_case("argo.automated-prune", "prod", APP, "prune: true", "prune: false", "manifest"),
    live_spec_case("argo.automated-prune", automated=automated(prune=False), target_revision="main"),
    git_case("argo.automated-self-heal", "prod", APP, "      selfHeal: true\n", "", "manifest"),
    live_spec_case("argo.automated-self-heal", automated=automated(self_heal=False), target_revision="main"),
    (
        "argo.no-stale-resources",
        "live",
        "prod",
        lambda: with_environment("prod", live=stale_live(live_manifests("prod"))),
    ),
    (
        "argo.at-head",
        "live-spec",
        "prod",
        lambda: with_environment(
            "prod",
            live_spec=(application(synced_revision="a" * 40, compared_revision="a" * 40, target_revision="main"),),
            head=BranchHead(
                "main",
                HEAD,
                NOW - timedelta(hours=1),
                {"a" * 40: (PROD,)},
                {"anchor-msp-prod": ("infra/helm/platform",)},
            ),
        ),
    ),
    git_case("release.contract-aligned", "prod", PROD, "c3d4e5f6", "00000000"),
    git_case("release.contract-aligned", "dev", DEV, "statusMock:", CRON),
    *manifest_cases(
        "release.contract-aligned", "dev", lambda m: [find_container(m, n).update(image=OTHER) for n in GATEWAYS]
    ),
    ("release.pinned", "git", "prod", lambda: with_moving_tag()),
    (
        "release.order",
        "git",
        "prod",
        lambda: with_environment("prod", upstream=UpstreamHistory("staging", (), complete=True)),
    ),
    *manifest_cases(
        "workers.gateway-image",
        "staging",
        lambda m: find_container(m, "anchor-job-worker").update(image="busybox:1.36"),
    ),
    git_case("runtime.always-on", "prod", PROD, "web:\n  replicas: 1", "web:\n  replicas: 0"),
    *manifest_cases("runtime.always-on", "prod", lambda m: find_manifest(m, "anchor-web")["spec"].update(replicas=0)),
    git_case("runtime.rollout-strategy", "prod", PROD, "web:\n", "rollout: {maxSurge: 1}\nweb:\n"),
    *manifest_cases(
        "runtime.rollout-strategy",
        "dev",
        lambda m: find_manifest(m, "anchor-web")["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable="25%"),
    ),
    (
        "runtime.memory-budget",
        "rendered",
        "prod",
        lambda: with_manifests(
            "prod",
            "rendered",
            lambda m: find_container(m, "anchor-web").update(resources={"requests": {"memory": "5Gi"}}),
        ),
    ),
    *manifest_cases("runtime.managed-state", "staging", lambda m: m.append(deployment("cache", "redis:7"))),
    git_case("secrets.required-keys", "staging", STAGING, "    - DATABASE_URL\n", ""),
    *manifest_cases("secrets.required-keys", "staging", lambda m: drop_key(m, "ANCHOR_OPERATOR_JWT")),
    git_case(
        "secrets.none-in-git",
        "dev",
        DEV,
        "    AUTH_MODE",
        "    XERO_API_TOKEN: hunter2\n    AUTH_MODE",
    ),
    (
        "settings.ops-repo",
        "settings",
        "",
        lambda: with_estate(ops_settings=settings(secrets=frozenset({"STATUS_API_URL"}))),
    ),
    (
        "settings.app-repo",
        "settings",
        "",
        lambda: with_estate(
            app_settings=replace(PASSING_FACTS.estate.app_settings, variables={"ENGINE_ID": "anchor-msp"})
        ),
    ),
    ("ci.green", "ci", "", lambda: with_estate(ci="failure")),
]
GATEWAYS = ("anchor-gateway", "anchor-outbox-worker", "anchor-job-worker")


def with_moving_tag() -> PolicyFacts:
    """Return facts with a moving tag in overlay and release."""
    edits = dict.fromkeys((PROD, RELEASE), ("tag: 1.43.1", "tag: latest"))
    return with_files("prod", edits, "values", "release")


@pytest.mark.parametrize(
    ("check", "evidence", "environment", "facts"), CASES, ids=[f"{c[0]}-{c[1]}-{c[2] or 'estate'}" for c in CASES]
)
def test_a_broken_rule_causes_exactly_one_failure(
    check: str, evidence: str, environment: str, facts: Callable[[], PolicyFacts]
) -> None:
    assert failed_checks(evaluate(facts())) == {(environment, check, evidence)}


def test_the_cases_break_every_check_in_every_evidence() -> None:
    assert {(check, evidence) for check, evidence, _, _ in CASES} == {
        (check.id, evidence) for check in CHECKS for evidence in check.evidence
    }
