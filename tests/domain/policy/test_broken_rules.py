"""Every rule broken once in every evidence: exactly the right finding appears, and no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.kubernetes.workloads import read_manifests
from anchor_tui.domain.policy.evidence.facts import (
    BranchHead,
    MissingEvidence,
    NotApplicable,
    PolicyFacts,
    RepositorySettings,
    UpstreamHistory,
)
from anchor_tui.domain.policy.registry import CHECKS, CHECKS_BY_ID
from tests.domain.policy.sample_repo import (
    CONFIG,
    HEAD,
    WHOLE,
    automated,
    container,
    deployment,
    every,
    failing,
    judged,
    live_of,
    object_named,
    set_env,
    untold,
    with_environment,
    with_estate,
    with_files,
    with_manifests,
)
from tests.values import NOW, application, replace

PROD = "infra/helm/platform/environments/prod/values.yaml"
STAGING = "infra/helm/platform/environments/staging/values.yaml"
DEV = "infra/helm/platform/environments/dev/values.yaml"
CRON = "cron: {image: {repository: ghcr.io/anchor/anchor-cron, tag: 1.0.0}}\nstatusMock:"
APP = "infra/argocd/applications/prod.yaml"
RELEASE = "environments/prod/release.yaml"
Case = tuple[str, str, str, Callable[[], PolicyFacts]]


def git(check: str, name: str, path: str, old: str, new: str, field: str = "values") -> Case:
    evidence = "manifest" if field == "manifest" else "git"
    return check, evidence, name, lambda: with_files(name, {path: (old, new)}, field)


def both(check: str, name: str, change: Callable[[list[dict[str, Any]]], Any]) -> list[Case]:
    """The same break in what is rendered, and in what lives."""
    return [
        (check, evidence, name, lambda evidence=evidence: with_manifests(name, evidence, change))  # type: ignore[misc]
        for evidence in ("rendered", "live")
    ]


def spec(check: str, **changes: Any) -> Case:
    return check, "live-spec", "prod", lambda: with_environment("prod", live_spec=(application(**changes),))


def stale_live(found: list[dict[str, Any]]) -> Any:
    live = read_manifests(found, "anchor-msp-prod", live=True)
    extra = read_manifests([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}}]).resources[0]
    return replace(live, resources=(*live.resources, replace(extra, stale=True)))


def drop_key(found: list[dict[str, Any]], name: str) -> None:
    data = object_named(found, "anchor-platform", "ExternalSecret")["spec"]["data"]
    data[:] = [entry for entry in data if entry["secretKey"] != name]


OTHER = "ghcr.io/anchor/anchor-gateway:1.42.0@sha256:" + "0" * 64


def settings(**changes: Any) -> RepositorySettings:
    return replace(WHOLE.estate.ops_settings, **changes)


CASES: list[Case] = [
    git("auth.jwt-required", "staging", STAGING, "AUTH_MODE: jwt", "AUTH_MODE: disabled"),
    git("auth.jwt-required", "prod", PROD, "AUTH_MODE: jwt", "AUTH_MODE: disabled"),
    *both("auth.jwt-required", "prod", lambda m: set_env(m, "anchor-gateway", "AUTH_MODE", "disabled")),
    git("auth.operator-jwt-required", "prod", PROD, "web:\n", 'web:\n  env: {ANCHOR_REQUIRE_OPERATOR_JWT: "false"}\n'),
    *both("auth.operator-jwt-required", "prod", lambda m: set_env(m, "anchor-web", "ANCHOR_REQUIRE_OPERATOR_JWT", "0")),
    git(
        "auth.no-wildcard-workspaces",
        "prod",
        PROD,
        "web:\n",
        "web:\n  env: {ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS: yes}\n",
    ),
    *both(
        "auth.no-wildcard-workspaces",
        "prod",
        lambda m: set_env(m, "anchor-web", "ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS", "true"),
    ),
    git("mock.workloads-absent", "staging", STAGING, "enabled: false", "enabled: true"),
    git("mock.workloads-absent", "prod", PROD, "enabled: false", 'enabled: "false"'),
    *both(
        "mock.workloads-absent", "prod", lambda m: m.append(deployment("status-mock", "ghcr.io/anchor/status-mock:1"))
    ),
    *both(
        "mock.workloads-absent",
        "staging",
        lambda m: m.append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "agentfield-mock"}}),
    ),
    git("mock.control-center-url", "prod", PROD, "https://control.", "http://status-mock."),
    *both(
        "mock.control-center-url",
        "prod",
        lambda m: set_env(m, "anchor-gateway", "EGI_CONTROL_CENTER_URL", "https://x/status-mock"),
    ),
    git("mock.agentfield-url", "prod", PROD, "https://agentfield.", "https://agentfield-mock."),
    *both("mock.agentfield-url", "prod", lambda m: set_env(m, "anchor-gateway", "AGENTFIELD_URL", "http://agentfield")),
    git("argo.automated-prune", "prod", APP, "prune: true", "prune: false", "manifest"),
    spec("argo.automated-prune", automated=automated(prune=False), target_revision="main"),
    git("argo.automated-self-heal", "prod", APP, "      selfHeal: true\n", "", "manifest"),
    spec("argo.automated-self-heal", automated=automated(self_heal=False), target_revision="main"),
    (
        "argo.no-stale-resources",
        "live",
        "prod",
        lambda: with_environment("prod", live=stale_live(live_of("prod"))),
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
    git("release.contract-aligned", "prod", PROD, "c3d4e5f6", "00000000"),
    git("release.contract-aligned", "dev", DEV, "statusMock:", CRON),
    *both("release.contract-aligned", "dev", lambda m: [container(m, n).update(image=OTHER) for n in GATEWAYS]),
    ("release.pinned", "git", "prod", lambda: with_moving_tag()),
    (
        "release.order",
        "git",
        "prod",
        lambda: with_environment("prod", upstream=UpstreamHistory("staging", (), complete=True)),
    ),
    *both("workers.gateway-image", "staging", lambda m: container(m, "anchor-job-worker").update(image="busybox:1.36")),
    git("runtime.always-on", "prod", PROD, "web:\n  replicas: 1", "web:\n  replicas: 0"),
    *both("runtime.always-on", "prod", lambda m: object_named(m, "anchor-web")["spec"].update(replicas=0)),
    git("runtime.rollout-strategy", "prod", PROD, "web:\n", "rollout: {maxSurge: 1}\nweb:\n"),
    *both(
        "runtime.rollout-strategy",
        "dev",
        lambda m: object_named(m, "anchor-web")["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable="25%"),
    ),
    (
        "runtime.memory-budget",
        "rendered",
        "prod",
        lambda: with_manifests(
            "prod", "rendered", lambda m: container(m, "anchor-web").update(resources={"requests": {"memory": "5Gi"}})
        ),
    ),
    *both("runtime.managed-state", "staging", lambda m: m.append(deployment("cache", "redis:7"))),
    git("secrets.required-keys", "staging", STAGING, "    - DATABASE_URL\n", ""),
    *both("secrets.required-keys", "staging", lambda m: drop_key(m, "ANCHOR_OPERATOR_JWT")),
    git(
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
        lambda: with_estate(app_settings=replace(WHOLE.estate.app_settings, variables={"ENGINE_ID": "anchor-msp"})),
    ),
    ("ci.green", "ci", "", lambda: with_estate(ci="failure")),
]
GATEWAYS = ("anchor-gateway", "anchor-outbox-worker", "anchor-job-worker")


def with_moving_tag() -> PolicyFacts:
    """Overlay and release alike say a moving tag."""
    edits = dict.fromkeys((PROD, RELEASE), ("tag: 1.43.1", "tag: latest"))
    return with_files("prod", edits, "values", "release")


@pytest.mark.parametrize(
    ("check", "evidence", "environment", "facts"), CASES, ids=[f"{c[0]}-{c[1]}-{c[2] or 'estate'}" for c in CASES]
)
def test_a_broken_rule_causes_exactly_one_failure(
    check: str, evidence: str, environment: str, facts: Callable[[], PolicyFacts]
) -> None:
    assert failing(judged(facts())) == {(environment, check, evidence)}


def test_the_cases_break_every_check_in_every_evidence() -> None:
    assert {(check, evidence) for check, evidence, _, _ in CASES} == {
        (check.id, evidence) for check in CHECKS for evidence in check.evidence
    }


def test_everything_passes_in_the_sample() -> None:
    findings = judged(WHOLE)

    assert failing(findings) == set()
    assert untold(findings) == set()
    held = {(finding.check, finding.evidence) for _, finding in every(findings) if finding.status == "pass"}
    assert held == {(check.id, evidence) for check in CHECKS for evidence in check.evidence}


MISSING = MissingEvidence("the server did not answer")
FIELDS = {"git": ("values", "release"), "live-spec": ("live_spec",), "settings": ("ops_settings", "app_settings")}


@pytest.mark.parametrize(("check", "evidence"), [(check.id, kind) for check in CHECKS for kind in check.evidence])
def test_a_check_without_evidence_is_unknown_with_the_reason(check: str, evidence: str) -> None:
    fields = dict.fromkeys(FIELDS.get(evidence, (evidence,)), MISSING)
    if check == "argo.no-stale-resources":
        fields["live_spec"] = MISSING
    on_estate = not CHECKS_BY_ID[check].rules
    facts = with_estate(**fields) if on_estate else with_environment("prod", **fields)

    found = [finding for _, finding in every(judged(facts)) if (finding.check, finding.evidence) == (check, evidence)]

    told = [finding for finding in found if finding.status == "unknown"]
    assert [finding.message for finding in told] == ["the server did not answer"]
    assert failing(judged(facts)) == set()


@pytest.mark.parametrize("check", [check.id for check in CHECKS if check.rules])
def test_evidence_that_is_not_applicable_is_skipped(check: str) -> None:
    aside = NotApplicable("not here")
    names = ("values", "release", "upstream", "manifest", "live_spec", "rendered", "live", "head")
    facts = with_environment("prod", **dict.fromkeys(names, aside))

    found = [finding for finding in judged(facts).environments["prod"] if finding.check == check]

    assert {(finding.status, finding.message) for finding in found} == {("skipped", "not here")}


def test_a_disabled_check_is_reported_as_skipped() -> None:
    quiet = replace(CONFIG, policy=replace(CONFIG.policy, disable=("ci.green", "auth.jwt-required")))
    facts = with_files("prod", {PROD: ("AUTH_MODE: jwt", "AUTH_MODE: disabled")}, "values")

    findings = judged(replace(facts, estate=replace(facts.estate, ci="failure")), quiet)

    assert failing(findings) == set()
    skipped = {finding.check for _, finding in every(findings) if finding.status == "skipped"}
    assert skipped == {"ci.green", "auth.jwt-required"}


def test_dev_has_only_the_checks_of_its_rules() -> None:
    checks = {finding.check for finding in judged(WHOLE).environments["dev"]}

    assert checks == {
        "argo.at-head",
        "release.contract-aligned",
        "workers.gateway-image",
        "runtime.rollout-strategy",
        "secrets.none-in-git",
    }


def test_all_checks_take_little_time(capsys: pytest.CaptureFixture[str]) -> None:
    started = time.perf_counter()
    judged(WHOLE)
    three = time.perf_counter() - started
    names = [f"e{number}" for number in range(200)]
    many = replace(CONFIG, environments=tuple(replace(CONFIG.environments[2], name=name) for name in names))
    facts = replace(WHOLE, environments=dict.fromkeys(names, WHOLE.environments["prod"]))
    started = time.perf_counter()
    findings = judged(facts, many)
    with capsys.disabled():
        print(  # noqa: T201
            f"\nall checks: three environments {three * 1000:.1f} ms, 200 in {time.perf_counter() - started:.2f} s"
        )
    assert len(findings.environments) == 200
