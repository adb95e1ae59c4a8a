"""The checks on manifests: environments as Kubernetes fills them, Pods of any kind, memory, replicas, odd shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor_tui.config.model import DeploymentNames
from anchor_tui.domain.kubernetes.workloads import read_manifests
from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS, CHECKS_BY_ID
from tests.domain.policy.sample_repo import (
    CONFIG,
    container,
    deployment,
    git_facts,
    manifests_of,
    object_named,
    sample,
    set_env,
)
from tests.values import NOW, application, replace

Manifests = list[dict[str, Any]]
PROD = CONFIG.environments[2]


def told(check: str, manifests: Manifests, evidence: str = "rendered", **evident: Any) -> list[Finding]:
    """What a check tells of manifests of prod."""
    facts = replace(
        git_facts(sample())["prod"], **{evidence: read_manifests(manifests, "app", live=evidence == "live")}
    )
    facts = replace(facts, **evident)
    return [each for each in CHECKS_BY_ID[check].run(facts) if each.evidence == evidence]


def status_after(check: str, change: Callable[[Manifests], Any], name: str = "prod") -> set[str]:
    manifests = manifests_of(name)
    change(manifests)
    return {each.status for each in told(check, manifests)}


def add(*more: dict[str, Any]) -> Callable[[Manifests], Any]:
    return lambda manifests: manifests.extend(more)


def config_map(name: str, **data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def from_config_map(manifests: Manifests, **data: Any) -> None:
    """AUTH_MODE comes from a ConfigMap by envFrom."""
    set_env(manifests, "anchor-gateway", "AUTH_MODE", None)
    container(manifests, "anchor-gateway")["envFrom"].append_entry({"configMapRef": {"name": "modes"}})
    manifests.append(config_map("modes", **data))


def value_from(manifests: Manifests, origin: dict[str, Any], *more: dict[str, Any]) -> None:
    set_env(manifests, "anchor-gateway", "AUTH_MODE", None)
    container(manifests, "anchor-gateway")["env"].append_entry({"name": "AUTH_MODE", "valueFrom": origin})
    manifests.extend(more)


def job(kind: str, **fields: Any) -> dict[str, Any]:
    """A Job or CronJob that runs the gateway with other settings."""
    image = fields.pop("image", "ghcr.io/anchor/anchor-gateway:1")
    made = deployment("migrate", image, kind, **fields)
    made["apiVersion"] = "batch/v1"
    if kind == "CronJob":
        made["spec"] = {"jobTemplate": {"spec": made["spec"]}}
    return made


DISABLED = {"env": [{"name": "AUTH_MODE", "value": "disabled"}]}


def in_init(manifests: Manifests) -> None:
    pod = object_named(manifests, "anchor-gateway")["spec"]["template"]["spec"]
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
        (lambda m: container(m, "anchor-gateway").update(env={"AUTH_MODE": "jwt"}), "unknown"),
        (lambda m: object_named(m, "anchor-web")["spec"]["template"]["spec"].update(containers={}), "unknown"),
        (add({"kind": "Deployment"}), "unknown"),
    ],
)
def test_a_variable_is_what_kubernetes_makes_of_it(change: Callable[[Manifests], Any], expected: str) -> None:
    assert status_after("auth.jwt-required", change) == {expected}


def test_env_beats_env_from() -> None:
    manifests = manifests_of("prod")
    from_config_map(manifests, AUTH_MODE="disabled")
    set_env(manifests, "anchor-gateway", "AUTH_MODE", "jwt")

    assert [each.status for each in told("auth.jwt-required", manifests)] == ["pass"]


def test_a_prefix_of_env_from_makes_other_names() -> None:
    manifests = manifests_of("prod")
    from_config_map(manifests, MODE="disabled")
    container(manifests, "anchor-gateway")["envFrom"][-1]["prefix"] = "AUTH_"

    assert [each.status for each in told("auth.jwt-required", manifests)] == ["fail"]


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
def test_a_mock_is_told_by_its_name_or_image(change: Callable[[Manifests], Any], expected: str) -> None:
    assert status_after("mock.workloads-absent", change) == {expected}


def test_an_address_that_is_set_nowhere_fails_only_where_everything_can_be_seen() -> None:
    manifests = manifests_of("prod")
    set_env(manifests, "anchor-gateway", "AGENTFIELD_URL", None)
    assert [each.status for each in told("mock.agentfield-url", manifests)] == ["fail"]

    container(manifests, "anchor-gateway")["envFrom"].append_entry({"secretRef": {"name": "elsewhere"}})
    [finding] = told("mock.agentfield-url", manifests)
    assert finding.status == "unknown"
    assert "Secret/elsewhere" in finding.message


# --- memory and replicas -------------------------------------------------------------------------------


def memory(manifests: Manifests, name: str, **resources: Any) -> None:
    container(manifests, name)["resources"] = resources


def scaled(name: str, least: int | None, **spec: Any) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": name}
    fields = {"scaleTargetRef": target, **({"minReplicas": least} if least is not None else {}), **spec}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": fields,
    }


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (lambda m: None, "pass", "1.25 GiB of 4 GiB requested"),
        (lambda m: object_named(m, "anchor-gateway")["spec"].update(replicas=7), "fail", "4.25 GiB of 4 GiB"),
        (add(scaled("anchor-gateway", 7)), "fail", "4.25 GiB of 4 GiB"),
        (add(scaled("anchor-gateway", None)), "pass", "1.25 GiB"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": "2944Mi"}), "fail", "nearly all"),
        (lambda m: memory(m, "anchor-gateway", limits={"memory": "1Gi"}), "pass", "1.75 GiB"),
        (lambda m: memory(m, "anchor-gateway"), "unknown", "Deployment/anchor-gateway, container anchor-gateway has"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": "lots"}), "unknown", "`lots` is not a quantity"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": "1e3"}), "pass", "768 MiB"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": 536870912}), "pass", "1.25 GiB"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": "4Gi"}), "fail", "by Deployment/anchor-gateway"),
        (lambda m: m.clear(), "unknown", "no workload"),
    ],
)  # fmt: skip
def test_memory_is_the_sum_of_what_is_asked_for(change: Callable[[Manifests], Any], status: str, words: str) -> None:
    manifests = manifests_of("prod")
    change(manifests)

    [finding] = told("runtime.memory-budget", manifests)

    assert finding.status == status
    assert words in finding.message


def test_nearly_all_of_the_memory_is_a_warning() -> None:
    manifests = manifests_of("prod")
    memory(manifests, "anchor-gateway", requests={"memory": "3Gi"})

    assert [(each.status, each.level) for each in told("runtime.memory-budget", manifests)] == [("fail", "warning")]


def test_an_init_container_counts_where_it_asks_for_more_than_the_others() -> None:
    manifests = manifests_of("prod")
    pod = object_named(manifests, "anchor-web")["spec"]["template"]["spec"]
    pod["initContainers"] = [{"name": "init", "image": "x/y:1", "resources": {"requests": {"memory": "4Gi"}}}]

    assert "4 GiB" in told("runtime.memory-budget", manifests)[0].message
    assert told("runtime.memory-budget", manifests)[0].status == "fail"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: object_named(m, "anchor-web")["spec"].pop("replicas"), "pass"),
        (add(scaled("anchor-web", 0)), "fail"),
        (add({**scaled("anchor-web", None, minReplicaCount=0), "kind": "ScaledObject"}), "fail"),
        (lambda m: object_named(m, "anchor-web")["spec"].update(replicas="1"), "unknown"),
        (lambda m: m.clear(), "unknown"),
    ],
)
def test_always_on_counts_autoscalers(change: Callable[[Manifests], Any], expected: str) -> None:
    assert status_after("runtime.always-on", change) == {expected}


def strategy(value: Any) -> Callable[[Manifests], Any]:
    return lambda m: object_named(m, "anchor-web")["spec"].update(strategy=value, replicas=2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "50%"}}, "pass"),
        ({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "1"}}, "fail"),
        ({"type": "Recreate"}, "fail"),
        ({}, "fail"),
        (None, "fail"),
    ],
)
def test_a_strategy_is_rounded_as_kubernetes_does(value: Any, expected: str) -> None:
    assert status_after("runtime.rollout-strategy", strategy(value)) == {expected}


# --- images --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "kind", "name", "expected"),
    [
        ("docker.io/library/postgres:16", "StatefulSet", "db", "fail"),
        ("bitnami/postgresql-ha:16", "Deployment", "db", "fail"),
        ("registry.example:5000/nats:2@sha256:" + "0" * 64, "Deployment", "q", "fail"),
        ("x/y:1", "StatefulSet", "platform-redis-0", "fail"),
        ("prometheuscommunity/postgres-exporter:1", "Deployment", "postgres-exporter", "pass"),
        ("oliver006/redis_exporter:1", "Deployment", "metrics", "pass"),
        ("natsio/nats-box:1", "Deployment", "box", "pass"),
    ],
)
def test_state_is_told_by_what_a_container_runs(image: str, kind: str, name: str, expected: str) -> None:
    assert status_after("runtime.managed-state", add(deployment(name, image, kind))) == {expected}


def test_a_database_of_an_operator_is_state() -> None:
    cluster = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db"}}

    assert status_after("runtime.managed-state", add(cluster)) == {"fail"}


def test_workers_are_compared_by_digest_and_named_by_the_configuration() -> None:
    manifests = manifests_of("prod")
    worker = container(manifests, "anchor-job-worker")
    worker["image"] = worker["image"].replace(":1.43.1@", "@")
    assert [each.status for each in told("workers.gateway-image", manifests)] == ["pass"]

    worker["image"] = worker["image"].partition("@")[0] + ":1.43.1"
    assert [each.status for each in told("workers.gateway-image", manifests)] == ["fail"]

    other = replace(CONFIG, names=DeploymentNames(gateway="door"))
    facts = Facts(other, NOW, PROD, rendered=read_manifests(manifests))
    [finding] = [each for each in CHECKS_BY_ID["workers.gateway-image"].run(facts) if each.evidence == "rendered"]
    assert (finding.status, finding.message) == ("unknown", "there is no workload door")
    assert "[names]" in (finding.fix or "")


def test_a_release_that_nothing_runs_is_found_the_other_way_round() -> None:
    manifests = [each for each in manifests_of("prod") if each["metadata"]["name"] != "anchor-web"]

    [finding] = told("release.contract-aligned", manifests)

    assert finding.message.startswith("no workload renders web of environments/prod/release.yaml")


def test_a_cluster_on_its_way_is_a_warning() -> None:
    manifests = manifests_of("staging")

    moving = told("release.contract-aligned", manifests, "live", live_spec=(application(sync="OutOfSync"),))
    still = told("release.contract-aligned", manifests, "live", live_spec=(application(),))

    assert {each.level for each in moving} == {"warning"}
    assert {each.level for each in still} == {"error"}


def test_what_is_not_complete_does_not_pass_and_still_fails() -> None:
    whole = read_manifests(manifests_of("prod"))
    facts = git_facts(sample())["prod"]
    lacking = replace(whole, missing=("anchor-msp-extra: permission denied",))

    for check in ("mock.workloads-absent", "auth.jwt-required", "runtime.managed-state"):
        [finding] = [
            each for each in CHECKS_BY_ID[check].run(replace(facts, rendered=lacking)) if each.evidence == "rendered"
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
        found = check.run(Facts(CONFIG, NOW, PROD, rendered=known, live=known))
        assert {each.evidence for each in found} == set(check.evidence)


def test_ten_megabytes_of_manifests_are_judged() -> None:
    filler = {"apiVersion": "example.com/v1", "kind": "Blob", "metadata": {"name": "b"}, "spec": {"x": "y" * 100_000}}
    manifests = [*manifests_of("prod"), *([filler] * 100)]

    assert [each.status for each in told("auth.jwt-required", manifests)] == ["pass"]
