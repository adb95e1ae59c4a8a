"""The runtime profile of a small node: always on, rolled out in place, within its memory, with managed state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from anchor_tui.domain.helm.template_values import format_template_value, is_template_true
from anchor_tui.domain.helm.value_layers import LayeredValues
from anchor_tui.domain.json_access import get_mapping
from anchor_tui.domain.kubernetes.image_references import parse_image_reference
from anchor_tui.domain.kubernetes.workloads import Workload
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts, require
from anchor_tui.domain.policy.evidence.lookup import walk_values
from anchor_tui.domain.policy.evidence.replicas import count_replicas
from anchor_tui.domain.yaml.nodes import Json, format_key_path

_REPLICA_KEYS = ("replicas", "replicaCount")
_STATELESS_KINDS = frozenset({"Deployment", "Rollout", "ReplicaSet"})


# --- always on -----------------------------------------------------------------------------------------


def _check_always_on(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    if evidence == "git":
        for laid in require(facts.values):
            yield from _check_values_replicas(laid)
        return
    manifests = facts.manifests(evidence)
    found = [each for each in manifests.workloads if each.resource.kind in _STATELESS_KINDS and not each.resource.stale]
    for workload in found:
        count = count_replicas(workload, manifests)
        name = str(workload)
        yield (
            passed(f"{name} has {count} replicas" if count != 1 else f"{name} has 1 replica", None, name)
            if count >= 1
            else failed(f"{name} has {count} replicas", None, name)
        )
    if not found:
        what = f"there is no stateless Deployment {'live' if evidence == 'live' else 'rendered'}"
        yield failed(what) if evidence == "live" and manifests.is_complete else unknown(what)


def _check_values_replicas(laid: LayeredValues) -> Iterator[CheckOutcome]:
    found = False
    for path, value in walk_values(laid.merged):
        key = next((key for key in _REPLICA_KEYS if isinstance(value, dict) and key in value), None)
        if key is None or not isinstance(value, dict):
            continue
        found = True
        scaling = value.get("autoscaling")
        if isinstance(scaling, dict) and is_template_true(scaling.get("enabled")) and "minReplicas" in scaling:
            path, key, value = (*path, "autoscaling"), "minReplicas", scaling
        yield _check_replica_count(laid, (*path, key), value[key])
    if not found:
        yield unknown("no layer of values says how many replicas there are")


def _check_replica_count(laid: LayeredValues, path: tuple[str | int, ...], value: Json) -> CheckOutcome:
    text = format_template_value(value)
    try:
        count = int(text)
    except ValueError:
        return unknown(f"`{format_key_path(path)}` is `{text}`, which is no number", laid.locate(path))
    told = f"`{format_key_path(path)}` is {count}"
    return passed(told, laid.locate(path)) if count >= 1 else failed(told, laid.locate(path))


# --- the rollout ---------------------------------------------------------------------------------------


def _check_rollout_strategy(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    if evidence == "git":
        for laid in require(facts.values):
            yield from _check_values_strategy(laid)
        return
    manifests = facts.manifests(evidence)
    found = [each for each in manifests.workloads if each.resource.kind == "Deployment" and not each.resource.stale]
    for workload in found:
        yield _check_workload_strategy(workload, count_replicas(workload, manifests))
    if not found:
        yield unknown(f"there is no Deployment {'live' if evidence == 'live' else 'rendered'}")


def _check_values_strategy(laid: LayeredValues) -> Iterator[CheckOutcome]:
    found = False
    for path, value in walk_values(laid.merged):
        about = any(word in str(step).lower() for step in path for word in ("roll", "strategy"))
        if not isinstance(value, dict) or not ("maxSurge" in value or ("maxUnavailable" in value and about)):
            continue
        found = True
        for key, wanted in (("maxSurge", "0"), ("maxUnavailable", "1")):
            here = (*path, key)
            text = format_template_value(value.get(key))
            place = laid.locate(here) or laid.locate(path)
            if key not in value:
                yield unknown(f"`{format_key_path(here)}` is not set; the chart's templates may", place)
            elif text == wanted or (wanted == "0" and text == "0%"):
                yield passed(f"`{format_key_path(path)}` is maxSurge 0, maxUnavailable 1", place)
            else:
                yield failed(f"`{format_key_path(here)}` is {text or 'empty'}, must be {wanted}", place)
    if not found:
        yield unknown("no layer of values says maxSurge and maxUnavailable; the chart's templates may")


def _check_workload_strategy(workload: Workload, replicas: int) -> CheckOutcome:
    strategy = get_mapping(workload.resource.manifest, "spec", "strategy")
    name, kind = str(workload), strategy.get("type", "RollingUpdate")
    if kind != "RollingUpdate":
        return failed(f"{name} has the strategy {kind}, must be a rolling update of one by one", None, name)
    rolling = get_mapping(strategy, "rollingUpdate")
    surge, unavailable = rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%")
    numbers = _resolve_percentage(surge, replicas, up=True), _resolve_percentage(unavailable, replicas, up=False)
    said = f"{name} has maxSurge {surge}, maxUnavailable {unavailable}"
    if numbers == (0, 1):
        return passed(said, None, name)
    if surge == "25%" and unavailable == "25%" and not rolling:
        said += " (Kubernetes' defaults: it says neither)"
    return failed(f"{said}; must be 0 and 1", None, name)


def _resolve_percentage(value: object, replicas: int, *, up: bool) -> int | None:
    """A number or a percentage of the replicas, as Kubernetes rounds them; None for what it would refuse."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"([0-9]{1,4})%", value) if isinstance(value, str) else None
    if found is None:
        return None
    share = Fraction(int(found[1]) * replicas, 100)
    return -(-share.numerator // share.denominator) if up else int(share)


# --- state ---------------------------------------------------------------------------------------------

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
    manifests = facts.manifests(evidence)
    for resource in manifests.resources:
        if what := _STATE_KINDS.get((resource.group, resource.kind)):
            yield failed(f"{resource} is a {what} inside the environment", None, str(resource))
    for workload in manifests.workloads:
        if what := _describe_state(workload):
            yield failed(f"{workload} {what} inside the environment", None, str(workload))
    yield passed(f"no PostgreSQL, Redis or NATS among {len(manifests.workloads)} workloads")


def _describe_state(workload: Workload) -> str:
    """What keeps state here; empty where nothing does."""
    for container in workload.containers:
        try:
            name = parse_image_reference(container.image).repository_name
        except ValueError:
            continue
        if not container.init and _STATE_IMAGE.fullmatch(name):
            return f"runs {name}"
    resource = workload.resource
    if resource.kind == "StatefulSet" and _STATE_NAME.search(resource.name):
        return "is a StatefulSet that is named after one"
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
        title="Rollouts replace in place",
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
        title="State lives in managed services",
        level="error",
        rules=("staging", "prod"),
        evidence=("rendered", "live"),
        section=_PROFILE,
        why="Stateful dependencies should use managed services (PostgreSQL/Redis/NATS-compatible).",
        fix="use the managed service, and take the workload out of the chart",
        evaluate=_check_managed_state,
    ),
)
