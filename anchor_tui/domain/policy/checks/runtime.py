"""Checks of the runtime profile of a small node: always on, rollouts in place, managed state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.helm.template_values import format_template_value, is_template_true
from anchor_tui.domain.helm.value_layers import LayeredValues
from anchor_tui.domain.json_access import get_mapping
from anchor_tui.domain.kubernetes.image_references import parse_image_reference
from anchor_tui.domain.kubernetes.workloads import Manifests, Workload
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts, require
from anchor_tui.domain.policy.evidence.replicas import count_replicas
from anchor_tui.domain.policy.evidence.variable_lookup import walk_values
from anchor_tui.domain.yaml.nodes import Json, KeyPath, format_key_path

_REPLICA_KEYS = ("replicas", "replicaCount")
_STATELESS_KINDS = frozenset({"Deployment", "Rollout", "ReplicaSet"})


# --- always on -----------------------------------------------------------------------------------------


def _check_always_on(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    if evidence == "git":
        for values in require(facts.values):
            yield from _check_values_replicas(values)
        return
    manifests = facts.require_manifests(evidence)
    workloads = _select_workloads(manifests, _STATELESS_KINDS)
    for workload in workloads:
        count, name = count_replicas(workload, manifests), str(workload)
        message = f"{name} has {format_count(count, 'replica')}"
        yield passed(message, None, name) if count >= 1 else failed(message, None, name)
    if not workloads:
        message = f"there is no stateless Deployment {'live' if evidence == 'live' else 'rendered'}"
        yield failed(message) if evidence == "live" and manifests.is_complete else unknown(message)


def _select_workloads(manifests: Manifests, kinds: frozenset[str]) -> list[Workload]:
    """Return the workloads of these kinds that are in git."""
    return [
        workload for workload in manifests.workloads if workload.resource.kind in kinds and not workload.resource.stale
    ]


def _check_values_replicas(values: LayeredValues) -> Iterator[CheckOutcome]:
    has_replicas = False
    for path, value in walk_values(values.merged):
        key = next((key for key in _REPLICA_KEYS if isinstance(value, dict) and key in value), None)
        if key is None or not isinstance(value, dict):
            continue
        has_replicas = True
        autoscaling = value.get("autoscaling")
        if (
            isinstance(autoscaling, dict)
            and is_template_true(autoscaling.get("enabled"))
            and "minReplicas" in autoscaling
        ):
            path, key, value = (*path, "autoscaling"), "minReplicas", autoscaling
        yield _check_replica_count(values, (*path, key), value[key])
    if not has_replicas:
        yield unknown("no layer of the values sets the number of replicas")


def _check_replica_count(values: LayeredValues, path: KeyPath, value: Json) -> CheckOutcome:
    text, location = format_template_value(value), values.locate(path)
    try:
        count = int(text)
    except ValueError:
        return unknown(f"`{format_key_path(path)}` is `{text}`, which is not a number", location)
    message = f"`{format_key_path(path)}` is {count}"
    return passed(message, location) if count >= 1 else failed(message, location)


# --- rollout strategy ----------------------------------------------------------------------------------


def _check_rollout_strategy(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    if evidence == "git":
        for values in require(facts.values):
            yield from _check_values_strategy(values)
        return
    manifests = facts.require_manifests(evidence)
    workloads = _select_workloads(manifests, frozenset({"Deployment"}))
    for workload in workloads:
        yield _check_workload_strategy(workload, count_replicas(workload, manifests))
    if not workloads:
        yield unknown(f"there is no Deployment {'live' if evidence == 'live' else 'rendered'}")


def _check_values_strategy(values: LayeredValues) -> Iterator[CheckOutcome]:
    has_strategy = False
    for path, value in walk_values(values.merged):
        is_rollout = any(word in str(step).lower() for step in path for word in ("roll", "strategy"))
        if not isinstance(value, dict) or not ("maxSurge" in value or ("maxUnavailable" in value and is_rollout)):
            continue
        has_strategy = True
        for key, required in (("maxSurge", "0"), ("maxUnavailable", "1")):
            key_path = (*path, key)
            text = format_template_value(value.get(key))
            location = values.locate(key_path) or values.locate(path)
            if key not in value:
                yield unknown(f"`{format_key_path(key_path)}` is not set; the chart's templates may set it", location)
            elif text == required or (required == "0" and text == "0%"):
                yield passed(f"`{format_key_path(path)}` is maxSurge 0, maxUnavailable 1", location)
            else:
                yield failed(f"`{format_key_path(key_path)}` is {text or 'empty'}, must be {required}", location)
    if not has_strategy:
        yield unknown("no layer of the values sets maxSurge and maxUnavailable; the chart's templates may set them")


def _check_workload_strategy(workload: Workload, replicas: int) -> CheckOutcome:
    strategy = get_mapping(workload.resource.manifest, "spec", "strategy")
    name, kind = str(workload), strategy.get("type", "RollingUpdate")
    if kind != "RollingUpdate":
        return failed(f"{name} has the strategy {kind}, must be RollingUpdate", None, name)
    rolling = get_mapping(strategy, "rollingUpdate")
    surge, unavailable = rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%")
    pods = _resolve_percentage(surge, replicas, up=True), _resolve_percentage(unavailable, replicas, up=False)
    message = f"{name} has maxSurge {surge}, maxUnavailable {unavailable}"
    if pods == (0, 1):
        return passed(message, None, name)
    if not rolling:
        message += " (the defaults of Kubernetes: neither is set)"
    return failed(f"{message}; must be 0 and 1", None, name)


def _resolve_percentage(value: object, replicas: int, *, up: bool) -> int | None:
    """Return a number of Pods from a number or a percentage of the replicas, rounded as in Kubernetes.

    Return None for a value that Kubernetes rejects.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    percentage = re.fullmatch(r"([0-9]{1,4})%", value) if isinstance(value, str) else None
    if percentage is None:
        return None
    share = Fraction(int(percentage[1]) * replicas, 100)
    return -(-share.numerator // share.denominator) if up else int(share)


# --- managed state -------------------------------------------------------------------------------------

_STATE_IMAGE = re.compile(
    r"(postgres(ql)?|postgis|timescaledb|pgvector|spilo(-[0-9]+)?|redis|valkey|keydb|dragonfly|nats)"
    r"(-(ha|repmgr|cluster|sentinel|server|stack|streaming|operator|pg[0-9]+))*"
)
_STATE_NAME = re.compile(r"(^|[-.])(postgres(ql)?|redis|valkey|nats|timescaledb)([-.](?!exporter)|$)")
_STATE_KINDS = {
    ("postgresql.cnpg.io", "Cluster"): "PostgreSQL",
    ("acid.zalan.do", "postgresql"): "PostgreSQL",
    ("postgres-operator.crunchydata.com", "PostgresCluster"): "PostgreSQL",
    ("databases.spotahome.com", "RedisFailover"): "Redis",
    ("redis.redis.opstreelabs.in", "Redis"): "Redis",
    ("redis.redis.opstreelabs.in", "RedisCluster"): "Redis",
    ("nats.io", "NatsCluster"): "NATS",
}


def _check_managed_state(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    manifests = facts.require_manifests(evidence)
    for resource in manifests.resources:
        if service := _STATE_KINDS.get((resource.group, resource.kind)):
            yield failed(f"{resource} is a {service} inside the environment", None, str(resource))
    for workload in manifests.workloads:
        if state := _describe_state(workload):
            yield failed(f"{workload} {state} inside the environment", None, str(workload))
    yield passed(f"no PostgreSQL, Redis or NATS in {format_count(len(manifests.workloads), 'workload')}")


def _describe_state(workload: Workload) -> str:
    """Describe the stateful service that a workload runs; empty if it runs none."""
    for container in workload.containers:
        try:
            name = parse_image_reference(container.image).repository_name
        except ValueError:
            continue
        if not container.init and _STATE_IMAGE.fullmatch(name):
            return f"runs {name}"
    resource = workload.resource
    if resource.kind == "StatefulSet" and (match := _STATE_NAME.search(resource.name)):
        return f"is a StatefulSet named after {match[2]}"
    return ""


_PROFILE = "Runtime profile (4GB cost target)"
CHECKS = (
    Check(
        id="runtime.always-on",
        title="Production is always on",
        level="error",
        rules=("prod",),
        evidence=("git", "rendered", "live"),
        section=_PROFILE,
        why="`prod` always-on, minimum stateless replicas = 1.",
        fix="set its replicas to at least 1",
        evaluate=_check_always_on,
    ),
    Check(
        id="runtime.rollout-strategy",
        title="Rollouts replace Pods in place",
        level="warning",
        rules=("dev", "staging", "prod"),
        evidence=("git", "rendered", "live"),
        section=_PROFILE,
        why="Rollouts use constrained strategy (`maxSurge: 0`, `maxUnavailable: 1`) to protect single-node capacity.",
        fix="set maxSurge to 0 and maxUnavailable to 1",
        evaluate=_check_rollout_strategy,
        levels={"prod": "error"},
    ),
    Check(
        id="runtime.managed-state",
        title="State is in managed services",
        level="error",
        rules=("staging", "prod"),
        evidence=("rendered", "live"),
        section=_PROFILE,
        why="Stateful dependencies should use managed services (PostgreSQL/Redis/NATS-compatible).",
        fix="use the managed service and remove the workload from the chart",
        evaluate=_check_managed_state,
    ),
)
