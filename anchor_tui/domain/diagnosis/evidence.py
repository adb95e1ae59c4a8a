"""The evidence for a diagnosis: the unhealthy branches of the tree, and what was read about each.

A branch is one workload (the root of the tree) and one unhealthy resource at its lower end, which is most often a pod.
Replicas fail alike, so one pod represents its workload.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.logs import LogLine
from anchor_tui.domain.inspection.pods import ContainerState, PodState
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.model import Application, ValueObject


class BranchEvidence(ValueObject, frozen=True):
    """The evidence about one branch. `events` are about the leaf, newest first.

    `pod`, `manifest` and `log` are set if the leaf is a pod. `log` is the end of the log of the process that ended
    last, oldest line first. `missing` are sentences about evidence that could not be read.
    """

    workload: ResourceNode
    leaf: ResourceNode
    alike: int = 1
    events: tuple[ClusterEvent, ...] = ()
    pod: PodState | None = None
    manifest: Mapping[str, Any] = {}
    log: tuple[LogLine, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def failing_container(self) -> ContainerState | None:
        """The container that explains the failure: the first one that is not ready. None if all are."""
        containers = self.pod.containers if self.pod else ()
        candidates = [found for found in containers if not found.is_ready and not _has_succeeded(found)]
        return min(candidates, key=_container_rank, default=None)

    @property
    def warnings(self) -> tuple[ClusterEvent, ...]:
        """The warnings among the events, newest first."""
        return tuple(event for event in self.events if event.is_warning)

    def find_warning(self, reason: str, *parts: str) -> ClusterEvent | None:
        """Return the newest warning of a reason whose message contains every part; None if there is none."""
        for event in self.warnings:
            if event.reason == reason and all(part in event.message for part in parts):
                return event
        return None


class FailureEvidence(ValueObject, frozen=True):
    """Everything that was read about one application. `missing` are sentences about what could not be read."""

    application: Application
    details: ApplicationDetails
    branches: tuple[BranchEvidence, ...]
    tree: ResourceTree
    now: datetime
    missing: tuple[str, ...] = ()


def _container_rank(container: ContainerState) -> tuple[bool, bool, int]:
    """Order the containers: init containers run first, then those that ended, then those with most restarts."""
    return container.role != "init", container.latest_end is None and not container.waiting_reason, -container.restarts


def _has_succeeded(container: ContainerState) -> bool:
    return container.ended is not None and container.ended.exit_code == 0
