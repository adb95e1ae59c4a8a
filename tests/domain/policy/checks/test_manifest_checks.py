"""Checks of manifests: container variables, mocks, unset URLs, incomplete and malformed manifests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor_tui.domain.kubernetes.workloads import read_manifests
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS, CHECKS_BY_ID
from tests.domain.policy.checks.check_runs import PROD_ENVIRONMENT, Manifests, add, check_manifests, status_after
from tests.domain.policy.sample_repo import (
    CONFIG,
    deployment,
    find_container,
    find_manifest,
    git_facts,
    rendered_manifests,
    sample,
    set_env,
)
from tests.values import NOW, replace


def config_map(name: str, **data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def from_config_map(manifests: Manifests, **data: Any) -> None:
    """Set AUTH_MODE with a ConfigMap in envFrom."""
    set_env(manifests, "anchor-gateway", "AUTH_MODE", None)
    find_container(manifests, "anchor-gateway")["envFrom"].append({"configMapRef": {"name": "modes"}})
    manifests.append(config_map("modes", **data))


def value_from(manifests: Manifests, origin: dict[str, Any], *more: dict[str, Any]) -> None:
    set_env(manifests, "anchor-gateway", "AUTH_MODE", None)
    find_container(manifests, "anchor-gateway")["env"].append({"name": "AUTH_MODE", "valueFrom": origin})
    manifests.extend(more)


def job(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a Job or CronJob that runs the gateway."""
    image = fields.pop("image", "ghcr.io/anchor/anchor-gateway:1")
    made = deployment("migrate", image, kind, **fields)
    made["apiVersion"] = "batch/v1"
    if kind == "CronJob":
        made["spec"] = {"jobTemplate": {"spec": made["spec"]}}
    return made


DISABLED = {"env": [{"name": "AUTH_MODE", "value": "disabled"}]}


def in_init(manifests: Manifests) -> None:
    pod = find_manifest(manifests, "anchor-gateway")["spec"]["template"]["spec"]
    pod["initContainers"] = [{"name": "init", "image": "x/y:1", **DISABLED}]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: from_config_map(m, AUTH_MODE="jwt"), "pass"),
        (lambda m: from_config_map(m, AUTH_MODE="disabled"), "fail"),
        (lambda m: from_config_map(m, OTHER="x"), "unknown"),
        (lambda m: value_from(m, {"configMapKeyRef": {"name": "c", "key": "k"}}, config_map("c", k="jwt")), "pass"),
        (lambda m: value_from(m, {"configMapKeyRef": {"name": "c", "key": "k"}}), "unknown"),
        (lambda m: value_from(m, {"secretKeyRef": {"name": "s", "key": "k"}}), "unknown"),
        (lambda m: value_from(m, {"secretKeyRef": {"name": "anchor-platform", "key": "DATABASE_URL"}}), "unknown"),
        (lambda m: value_from(m, {"fieldRef": {"fieldPath": "metadata.name"}}), "unknown"),
        (lambda m: set_env(m, "anchor-gateway", "AUTH_MODE", True), "unknown"),
        (lambda m: set_env(m, "anchor-gateway", "AUTH_MODE", "$(LOG_LEVEL)"), "fail"),
        (lambda m: set_env(m, "anchor-gateway", "AUTH_MODE", None), "unknown"),
        (in_init, "fail"),
        (add(job("Job", **DISABLED)), "fail"),
        (add(job("CronJob", **DISABLED)), "fail"),
        (
            add({**deployment("own", "x/y:1", **DISABLED), "apiVersion": "serving.knative.dev/v1", "kind": "Service"}),
            "fail",
        ),
        (add({"apiVersion": "v1", "kind": "List", "items": [deployment("own", "x/y:1", **DISABLED)]}), "fail"),
        (lambda m: find_container(m, "anchor-gateway").update(env={"AUTH_MODE": "jwt"}), "unknown"),
        (lambda m: find_manifest(m, "anchor-web")["spec"]["template"]["spec"].update(containers={}), "unknown"),
        (add({"kind": "Deployment"}), "unknown"),
    ],
)
def test_a_variable_has_the_value_that_kubernetes_resolves(change: Callable[[Manifests], Any], expected: str) -> None:
    assert status_after("auth.jwt-required", change) == {expected}


def test_env_overrides_env_from() -> None:
    manifests = rendered_manifests("prod")
    from_config_map(manifests, AUTH_MODE="disabled")
    set_env(manifests, "anchor-gateway", "AUTH_MODE", "jwt")

    assert [finding.status for finding in check_manifests("auth.jwt-required", manifests)] == ["pass"]


def test_an_env_from_prefix_changes_the_names() -> None:
    manifests = rendered_manifests("prod")
    from_config_map(manifests, MODE="disabled")
    find_container(manifests, "anchor-gateway")["envFrom"][-1]["prefix"] = "AUTH_"

    assert [finding.status for finding in check_manifests("auth.jwt-required", manifests)] == ["fail"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (add({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "platform-status-mock"}}), "fail"),
        (add(deployment("helper", "ghcr.io/anchor/agentfield-mock:1")), "fail"),
        (add(config_map("status-mock")), "pass"),
        (add({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "status-mock"}}), "unknown"),
        (add(job("CronJob", image="status-mock")), "fail"),
    ],
)
def test_a_mock_is_detected_by_name_or_image(change: Callable[[Manifests], Any], expected: str) -> None:
    assert status_after("mock.workloads-absent", change) == {expected}


def test_an_unset_url_fails_only_with_complete_evidence() -> None:
    manifests = rendered_manifests("prod")
    set_env(manifests, "anchor-gateway", "AGENTFIELD_URL", None)
    assert [finding.status for finding in check_manifests("mock.agentfield-url", manifests)] == ["fail"]

    find_container(manifests, "anchor-gateway")["envFrom"].append({"secretRef": {"name": "elsewhere"}})
    [finding] = check_manifests("mock.agentfield-url", manifests)
    assert finding.status == "unknown"
    assert "Secret/elsewhere" in finding.message


def test_incomplete_manifests_never_pass() -> None:
    whole = read_manifests(rendered_manifests("prod"))
    facts = git_facts(sample())["prod"]
    lacking = replace(whole, missing=("anchor-msp-extra: permission denied",))

    for check in ("mock.workloads-absent", "auth.jwt-required", "runtime.managed-state"):
        [finding] = [
            finding
            for finding in CHECKS_BY_ID[check].run(replace(facts, rendered=lacking))
            if finding.evidence == "rendered"
        ]
        assert finding.status == "unknown"
        assert "permission denied" in finding.message


# --- never a crash, never a false pass -------------------------------------------------------------------

KEYS = """kind metadata name spec template containers env envFrom value image Deployment replicas strategy
AUTH_MODE statusMock enabled data ExternalSecret HorizontalPodAutoscaler"""
WORDS = st.sampled_from(KEYS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | WORDS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(JSON, max_size=3),
    st.sampled_from(["Deployment", "CronJob", "ExternalSecret", "Secret", "ConfigMap"]),
    JSON,
)
def test_no_shape_of_manifests_crashes_a_check(manifests: list[Any], kind: str, spec: Any) -> None:
    odd = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec, "data": spec}
    known = read_manifests([*manifests, odd])
    for check in CHECKS:
        found = check.run(Facts(CONFIG, NOW, PROD_ENVIRONMENT, rendered=known, live=known))
        assert {finding.evidence for finding in found} == set(check.evidence)


def test_ten_megabytes_of_manifests_are_evaluated() -> None:
    filler = {"apiVersion": "example.com/v1", "kind": "Blob", "metadata": {"name": "b"}, "spec": {"x": "y" * 100_000}}
    manifests = [*rendered_manifests("prod"), *([filler] * 100)]

    assert [finding.status for finding in check_manifests("auth.jwt-required", manifests)] == ["pass"]
