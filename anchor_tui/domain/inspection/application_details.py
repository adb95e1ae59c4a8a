"""The parts of an application that its summary leaves out: each resource's sync status, the last sync, the history.

Source: `GET …/applications/{name}`.
"""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.domain.inspection.deployments import Deployment
from anchor_tui.domain.inspection.resource_tree import ResourceKey
from anchor_tui.domain.model import ValueObject


class ResourceSyncResult(ValueObject, frozen=True):
    """The result of the last sync for one resource. `hook` is set for hooks, such as "PreSync"."""

    resource: ResourceKey
    status: str = ""
    phase: str = ""
    message: str = ""
    hook: str = ""

    @property
    def has_failed(self) -> bool:
        """True if Kubernetes refused the resource, or the hook did not succeed."""
        return self.status == "SyncFailed" or self.phase in {"Failed", "Error"}


class ApplicationDetails(ValueObject, frozen=True):
    """The details of one application. `resource_sync` contains the resources that are in git."""

    resource_sync: Mapping[ResourceKey, str] = {}
    sync_results: tuple[ResourceSyncResult, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    """Newest first."""
