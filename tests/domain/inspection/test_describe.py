"""The details of a resource in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.domain.inspection.describe import (
    describe_container_status,
    describe_events,
    describe_image,
    describe_probe,
    describe_repetition,
    describe_resource,
)
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.pods import ContainerState, Termination
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from tests.values import NOW, ago, release

POD = ResourceKey("", "Pod", "prod", "gateway-1")
IMAGE = "ghcr.io/anchor/anchor-gateway"
OOM = Termination(137, "OOMKilled", finished_at=ago(seconds=40))


def test_a_killed_container_is_described_in_words():
    container = ContainerState("app", restarts=6, waiting_reason="CrashLoopBackOff", last_ended=OOM)
    expected = "CrashLoopBackOff, exit 137 OOMKilled, 6 restarts in 11 min, last 40 s ago"
    assert describe_container_status(container, ago(minutes=11), NOW) == expected


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (ContainerState("app", is_ready=True, running_since=ago(hours=3)), "running for 3 h"),
        (ContainerState("app", running_since=ago(minutes=2)), "running, not ready for 2 min"),
        (ContainerState("app", ended=Termination(139)), "ended, exit 139 (SIGSEGV)"),
        (ContainerState("app"), "not started"),
        (ContainerState("app", waiting_reason="ImagePullBackOff"), "ImagePullBackOff"),
    ],
)
def test_the_status_of_a_container_is_described(container, expected):
    assert describe_container_status(container, None, NOW) == expected


def make_pod_manifest() -> dict[str, object]:
    return {
        "metadata": {"namespace": "prod", "name": "gateway-1"},
        "spec": {
            "nodeName": "node-1",
            "containers": [
                {
                    "name": "app",
                    "image": f"{IMAGE}:1.43.2",
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5},
                    "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "768Mi"}},
                }
            ],
        },
        "status": {
            "phase": "Running",
            "startTime": ago(minutes=11).isoformat(),
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {
                    "type": "Ready",
                    "status": "False",
                    "reason": "ContainersNotReady",
                    "message": "containers with unready status: [app]",
                    "lastTransitionTime": ago(minutes=3).isoformat(),
                },
            ],
            "containerStatuses": [
                {
                    "name": "app",
                    "restartCount": 6,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
                    "lastState": {
                        "terminated": {
                            "exitCode": 137,
                            "reason": "OOMKilled",
                            "finishedAt": ago(seconds=40).isoformat(),
                        }
                    },
                }
            ],
        },
    }


def test_a_pod_is_described_from_its_manifest():
    node = ResourceNode(POD, uid="1", health="Degraded", message="back-off 5m0s")
    details = describe_resource(node, make_pod_manifest(), release("1.43.1"), NOW)
    assert [(detail.label, detail.text) for detail in details] == [
        ("container", "CrashLoopBackOff, exit 137 OOMKilled, 6 restarts in 11 min, last 40 s ago"),
        ("reason", "back-off 5m0s"),
        ("node", "node-1"),
        ("condition", "Ready is False for 3 min: ContainersNotReady: containers with unready status: [app]"),
        ("conditions", "PodScheduled"),
        ("image", f"{IMAGE}:1.43.2; git has 1.43.1@sha256:312e34332e31…"),
        ("readiness", "GET :8080/ready every 5 s, timeout 1 s, 3 failures"),
        ("resources", "requests 100m cpu; limits 768Mi memory"),
    ]


def test_a_resource_without_manifest_is_described_from_the_tree():
    node = ResourceNode(POD, uid="1", health="Degraded", message="back-off", images=(f"{IMAGE}:1.43.1",))
    assert [detail.text for detail in describe_resource(node, None, None, NOW)] == ["back-off", f"{IMAGE}:1.43.1"]


def test_a_workload_is_described_from_its_template():
    node = ResourceNode(
        ResourceKey("apps", "Deployment", "prod", "gateway"), uid="1", health="Degraded", message="late"
    )
    manifest = {
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "app", "image": f"{IMAGE}:1"}]}}},
        "status": {
            "readyReplicas": 1,
            "updatedReplicas": 1,
            "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
        },
    }
    assert [detail.text for detail in describe_resource(node, manifest, None, NOW)] == [
        "late",
        "1 of 2 ready, 1 updated",
        "Progressing is False: ProgressDeadlineExceeded",
        f"{IMAGE}:1",
        "no requests and limits",
    ]


@pytest.mark.parametrize("manifest", [{}, {"spec": 3, "status": []}, {"spec": {"containers": [{}]}, "status": None}])
def test_a_manifest_of_another_shape_is_described(manifest):
    assert isinstance(describe_resource(ResourceNode(POD), manifest, None, NOW), tuple)
    assert isinstance(describe_resource(ResourceNode(POD._replace(kind="Job")), manifest, None, NOW), tuple)


def test_an_image_is_compared_with_the_release_in_git():
    in_git = release("1.43.1")
    digest = in_git.images[0].digest
    assert describe_image(f"{IMAGE}:other@{digest}", in_git).text.endswith("; as in git")
    assert describe_image(f"{IMAGE}:1.43.1", in_git).text.endswith("; as in git")
    assert describe_image(f"{IMAGE}:1.43.2", in_git).tone == "attention"
    assert describe_image("redis:7", in_git).text.endswith("; not part of the release in git")
    assert describe_image("not an image!", in_git).text == "not an image!"


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({"tcpSocket": {"port": 5432}}, "TCP :5432 every 10 s, timeout 1 s, 3 failures"),
        (
            {"grpc": {"port": 9000}, "initialDelaySeconds": 5},
            "gRPC :9000 every 10 s, timeout 1 s, 3 failures, after 5 s",
        ),
        ({"exec": {"command": ["sh", "-c"]}, "failureThreshold": 1}, "exec sh -c every 10 s, timeout 1 s, 1 failure"),
        ({}, "unknown probe every 10 s, timeout 1 s, 3 failures"),
    ],
)
def test_a_probe_is_described_with_the_defaults(probe, expected):
    assert describe_probe(probe) == expected


def make_event(**changes: object) -> ClusterEvent:
    return ClusterEvent(POD, reason="BackOff", message="Back-off", last_at=ago(seconds=40), **changes)  # type: ignore[arg-type]


def test_repetitions_of_an_event_are_counted():
    assert describe_repetition(make_event()) == ""
    assert (
        describe_repetition(make_event(count=23, first_at=ago(seconds=40) - timedelta(minutes=10))) == "×23 in 10 min"
    )
    assert describe_repetition(make_event(count=2)) == "×2"


def test_the_latest_events_are_listed_and_the_others_counted():
    details = list(describe_events([make_event(is_warning=True, count=3), *[make_event()] * 6], NOW))
    assert details[0].text == "40 s ago ×3 BackOff: Back-off"
    assert details[0].tone == "attention"
    assert details[-1].text == "2 older events"
