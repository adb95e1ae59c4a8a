"""The inside of an application for every state that the panes show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.deployments import RevisionMetadata
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.logs import LogBatch, LogLine, LogSelection
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from anchor_tui.domain.model import Application, Diagnosis, SourceFailure
from anchor_tui.domain.readings import Reading, Unavailable
from anchor_tui.services.observe.inspect import InspectedTree
from anchor_tui.tui.inspection import panel
from tests.tui.sample_readings import DEGRADED
from tests.values import ago, fresh, replace

REFUSED = Unavailable(
    SourceFailure("forbidden", "403: applications, get is missing: ask for this right in the RBAC policy of Argo CD")
)
UNREACHABLE = Unavailable(SourceFailure("unreachable", "cd.example.com does not answer: connection refused"))
IMAGE = "ghcr.io/anchor/anchor-gateway:1.43.1"
DIAGNOSED = replace(
    DEGRADED,
    diagnosis=Diagnosis(
        "gateway exits with code 1: KeyError: 'AUTH_JWKS_URL'",
        "crash",
        "Deployment/gateway",
        blocking=True,
        since=ago(minutes=12),
        next_step="Read the log of the process that ended; roll back if the release is new",
    ),
)


def make_node(name: str, kind: str = "Pod", parent: str = "", health: str = "Healthy", **changes: Any) -> ResourceNode:
    group = "apps" if kind in {"Deployment", "ReplicaSet"} else ""
    base = ResourceNode(ResourceKey(group, kind, "anchor-prod", name), "v1", name, (parent,) if parent else ())
    return replace(base, health=health, created_at=ago(days=3), **changes)


FAILING_POD = make_node(
    "gateway-7d9f-abcde", "Pod", "gateway-7d9f", "Degraded", message="back-off 5m0s restarting failed container",
    status_reason="CrashLoopBackOff", ready="0/1", restarts=6, images=(IMAGE,),
)  # fmt: skip
WEB = (
    make_node("web", "Deployment", sync="Synced"),
    make_node("web-5b6c", "ReplicaSet", "web"),
    *(make_node(f"web-5b6c-{number}", "Pod", "web-5b6c", ready="1/1") for number in range(3)),
    make_node("gateway", "Service", sync="Synced", uid="gateway-service"),
)
FAILING_NODES = (
    *WEB,
    make_node("gateway", "Deployment", health="Degraded", sync="Synced", message="exceeded its progress deadline"),
    make_node("gateway-66aa", "ReplicaSet", "gateway"),
    make_node("gateway-7d9f", "ReplicaSet", "gateway", "Progressing"),
    FAILING_POD,
    make_node("debug-shell", is_orphan=True),
)
HEALTHY_NODES = (*WEB, make_node("worker", "Deployment", sync="Synced"))
POD_MANIFEST: Mapping[str, Any] = {
    "metadata": {"namespace": "anchor-prod", "name": FAILING_POD.key.name},
    "spec": {
        "containers": [
            {"name": "gateway", "image": IMAGE, "resources": {"limits": {"memory": "768Mi"}}},
        ]
    },
    "status": {
        "startTime": ago(minutes=11).isoformat(),
        "containerStatuses": [
            {
                "name": "gateway",
                "restartCount": 6,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": FAILING_POD.message}},
                "lastState": {"terminated": {"exitCode": 1, "finishedAt": ago(seconds=40).isoformat()}},
            }
        ],
    },
}
BACK_OFF = ClusterEvent(
    FAILING_POD.key, FAILING_POD.uid, is_warning=True, reason="BackOff", container="gateway", component="kubelet",
    message="Back-off restarting failed container gateway", count=23, first_at=ago(minutes=11), last_at=ago(minutes=1),
)  # fmt: skip
SCHEDULED = ClusterEvent(
    FAILING_POD.key, FAILING_POD.uid, reason="Scheduled", message="Successfully assigned to node-1",
    first_at=ago(minutes=11), last_at=ago(minutes=11),
)  # fmt: skip
SYNCED = ClusterEvent(
    ResourceKey("argoproj.io", "Application", "argocd", "anchor-msp-prod"), reason="OperationCompleted",
    message="Sync operation succeeded", first_at=ago(minutes=12), last_at=ago(minutes=12),
)  # fmt: skip


class FakeInspector:
    """An ApplicationInspector with the values of a test. It records what is read about which resource."""

    def __init__(
        self, nodes: tuple[ResourceNode, ...] = FAILING_NODES, events: tuple[ClusterEvent, ...] = (BACK_OFF, SCHEDULED)
    ) -> None:
        self.tree: Reading[InspectedTree] = fresh(InspectedTree(ResourceTree(nodes), ApplicationDetails()))
        self.events: Reading[tuple[ClusterEvent, ...]] = fresh(events)
        self.application_events: Reading[tuple[ClusterEvent, ...]] = fresh((SYNCED,))
        self.live_object: Reading[Mapping[str, Any]] = fresh(POD_MANIFEST)
        self.reads: list[str] = []

    async def read_tree(self) -> Reading[InspectedTree]:
        self.reads.append("tree")
        return self.tree

    async def follow_tree(self) -> AsyncGenerator[Reading[InspectedTree], None]:
        """Poll the tree, as while its stream is not alive."""
        while True:
            yield await self.read_tree()
            await asyncio.sleep(panel.POLL_S)

    async def read_events(self, node: ResourceNode | None = None) -> Reading[tuple[ClusterEvent, ...]]:
        self.reads.append(f"events {node.key if node else ''}".strip())
        if node is None:
            return self.application_events
        if not hasattr(self.events, "value"):
            return self.events
        return fresh(tuple(event for event in self.events.value if event.resource == node.key))

    async def read_live_object(self, node: ResourceNode) -> Reading[Mapping[str, Any]]:
        self.reads.append(f"live {node.key}")
        if not hasattr(self.live_object, "value"):
            return self.live_object
        return self.live_object if node.key.kind == "Pod" else fresh({})

    async def read_revision(self, revision: str) -> Reading[RevisionMetadata]:
        self.reads.append(f"revision {revision[:7]}")
        return fresh(RevisionMetadata(revision, "Ada Lee <ada@example.com>", "Release 1.43.1 (#225)\n", ago(hours=2)))

    async def read_logs(self, selections: Sequence[LogSelection]) -> Reading[tuple[LogLine, ...]]:
        self.reads.append("logs")
        return fresh(())

    async def follow_logs(
        self, selections: Sequence[LogSelection], *, after: Mapping[str, datetime]
    ) -> AsyncGenerator[LogBatch, None]:
        """Deliver nothing, as a quiet pod does."""
        self.reads.append("follow logs")
        await asyncio.Event().wait()
        yield LogBatch()


def make_inspector(application: Application = DIAGNOSED) -> FakeInspector:
    """Return the inspector of an application."""
    return FakeInspector(HEALTHY_NODES, ()) if application.health == "Healthy" else FakeInspector()
