"""Replicas, rollout strategy and stateful services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.domain.policy.checks.check_runs import Manifests, add, scaled, status_after
from tests.domain.policy.sample_repo import deployment, find_manifest


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: find_manifest(m, "anchor-web")["spec"].pop("replicas"), "pass"),
        (add(scaled("anchor-web", 0)), "fail"),
        (add({**scaled("anchor-web", None, minReplicaCount=0), "kind": "ScaledObject"}), "fail"),
        (lambda m: find_manifest(m, "anchor-web")["spec"].update(replicas="1"), "unknown"),
        (lambda m: m.clear(), "unknown"),
    ],
)
def test_always_on_uses_the_minimum_of_autoscalers(change: Callable[[Manifests], Any], expected: str) -> None:
    assert status_after("runtime.always-on", change) == {expected}


def strategy(value: Any) -> Callable[[Manifests], Any]:
    return lambda m: find_manifest(m, "anchor-web")["spec"].update(strategy=value, replicas=2)


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
def test_a_stateful_service_is_detected_by_image_or_name(image: str, kind: str, name: str, expected: str) -> None:
    assert status_after("runtime.managed-state", add(deployment(name, image, kind))) == {expected}


def test_a_database_of_an_operator_is_stateful() -> None:
    cluster = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db"}}

    assert status_after("runtime.managed-state", add(cluster)) == {"fail"}
