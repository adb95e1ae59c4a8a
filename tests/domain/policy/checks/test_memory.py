"""Memory requests against the budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.domain.policy.checks.check_runs import Manifests, add, check_manifests, scaled
from tests.domain.policy.sample_repo import find_container, find_manifest, rendered_manifests


def memory(manifests: Manifests, name: str, **resources: Any) -> None:
    find_container(manifests, name)["resources"] = resources


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (lambda m: None, "pass", "1.25 GiB of 4 GiB requested"),
        (lambda m: find_manifest(m, "anchor-gateway")["spec"].update(replicas=7), "fail", "4.25 GiB of 4 GiB"),
        (add(scaled("anchor-gateway", 7)), "fail", "4.25 GiB of 4 GiB"),
        (add(scaled("anchor-gateway", None)), "pass", "1.25 GiB"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": "2944Mi"}), "fail", "nearly all"),
        (lambda m: memory(m, "anchor-gateway", limits={"memory": "1Gi"}), "pass", "1.75 GiB"),
        (lambda m: memory(m, "anchor-gateway"), "unknown", "Deployment/anchor-gateway, container anchor-gateway has"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": "lots"}), "unknown", "`lots` is"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": "1e3"}), "pass", "768 MiB"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": 536870912}), "pass", "1.25 GiB"),
        (lambda m: memory(m, "anchor-gateway", requests={"memory": "4Gi"}), "fail", "by Deployment/anchor-gateway"),
        (lambda m: m.clear(), "unknown", "no workload"),
    ],
)  # fmt: skip
def test_memory_is_the_sum_of_the_requests(change: Callable[[Manifests], Any], status: str, words: str) -> None:
    manifests = rendered_manifests("prod")
    change(manifests)

    [finding] = check_manifests("runtime.memory-budget", manifests)

    assert finding.status == status
    assert words in finding.message


def test_nearly_all_of_the_memory_is_a_warning() -> None:
    manifests = rendered_manifests("prod")
    memory(manifests, "anchor-gateway", requests={"memory": "3Gi"})

    assert [(finding.status, finding.level) for finding in check_manifests("runtime.memory-budget", manifests)] == [
        ("fail", "warning")
    ]


def test_a_large_init_container_counts() -> None:
    manifests = rendered_manifests("prod")
    pod = find_manifest(manifests, "anchor-web")["spec"]["template"]["spec"]
    pod["initContainers"] = [{"name": "init", "image": "x/y:1", "resources": {"requests": {"memory": "4Gi"}}}]

    assert "4 GiB" in check_manifests("runtime.memory-budget", manifests)[0].message
    assert check_manifests("runtime.memory-budget", manifests)[0].status == "fail"
