"""The state that Argo CD keeps of an application: spec, target, live objects, history and operation."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from anchor_tui.sandbox.argocd.apply import apply_merge_patch, merge_applied
from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource
from anchor_tui.sandbox.argocd.sync_options import (
    SYNC_OPTIONS_ANNOTATION,
    asks_before_deletion,
    is_hook,
    is_ignored_when_extraneous,
    parse_options,
)
from anchor_tui.sandbox.clock import format_rfc3339

ResourceKey = tuple[str, str, str, str]
"""Group, kind, namespace and name of a resource."""

HEALTH_BY_SEVERITY = ("Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown")
HISTORY_LIMIT = 10


@dataclass(slots=True)
class ClusterObject:
    """An object in the cluster and its health.

    `last_applied` is the manifest applied last, if the object was changed since.
    """

    resource: RenderedResource
    health: str = "Healthy"
    message: str | None = None
    deleting: datetime | None = None
    last_applied: RenderedResource | None = None
    created_at: datetime | None = None
    rolled_out_at: datetime | None = None
    """The start of the last rollout of a Deployment."""
    failure: str = ""
    """The kind of `workloads.failures.FAILURES` with which its pods fail; empty if they are healthy."""
    version: int = 900
    generation: int = 1
    replaced_pods: dict[int, tuple[datetime, int]] = field(default_factory=dict)
    """The pods that were deleted since the last rollout, by their number: when, and the version of this object then."""

    @property
    def is_hook(self) -> bool:
        """Report whether the object is a hook, which comparisons ignore."""
        return is_hook(self.resource.manifest)

    def matches_target(self, target: RenderedResource) -> bool:
        """Report whether applying the target would change nothing."""
        manifest = self.resource.manifest
        return manifest == target.manifest or manifest == self.manifest_after_apply(target)

    def manifest_after_apply(self, target: RenderedResource) -> Mapping[str, Any]:
        """Return the manifest after applying the target."""
        return merge_applied(self.resource.manifest, (self.last_applied or self.resource).manifest, target.manifest)


@dataclass(frozen=True, slots=True)
class ResourceComparison:
    """One entry of `status.resources`."""

    resource: RenderedResource
    status: Literal["Synced", "OutOfSync"]
    health: str
    message: str | None
    prunable: bool
    hook: bool = False
    asks_before_deletion: bool = False
    """The flag `requiresDeletionConfirmation`."""
    ignored: bool = False
    """The application is Synced in spite of this resource."""


@dataclass(frozen=True, slots=True)
class ClusterCondition:
    """A condition and the time since which it holds."""

    type: str
    message: str
    since: datetime


@dataclass(slots=True)
class ClusterApplication:
    """An application.

    `target` is the result of rendering its source. `foreign` marks applications of other repositories.
    """

    namespace: str
    name: str
    spec: dict[str, Any]
    labels: Mapping[str, str]
    created_at: datetime
    target: tuple[RenderedResource, ...] = ()
    live: dict[ResourceKey, ClusterObject] = field(default_factory=dict)
    foreign: bool = False
    resource_version: int = 0
    generation: int = 0
    sync: str = "Unknown"
    revision: str = ""
    health: str = "Healthy"
    health_since: datetime | None = None
    conditions: tuple[ClusterCondition, ...] = ()
    reconciled_at: datetime | None = None
    refresh: Literal["normal", "hard"] | None = None
    hydrated: Literal["normal", "hard"] | None = None
    operation: dict[str, Any] | None = None
    operation_state: dict[str, Any] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    written_at: datetime | None = None
    annotations: dict[str, str] = field(default_factory=dict)
    deleted_at: datetime | None = None

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any], created_at: datetime) -> ClusterApplication:
        """Return the application that `kubectl apply` of a manifest creates."""
        metadata = manifest["metadata"]
        return cls(
            namespace=metadata.get("namespace", "argocd"),
            name=metadata["name"],
            spec=dict(manifest["spec"]),
            labels=dict(metadata.get("labels", {})),
            annotations=dict(metadata.get("annotations", {})),
            created_at=created_at,
            health_since=created_at,
        )

    @property
    def key(self) -> tuple[str, str]:
        """The identity: namespace and name."""
        return (self.namespace, self.name)

    @property
    def uid(self) -> str:
        """A UID that depends on namespace and name only."""
        return str(uuid.UUID(hashlib.md5(f"{self.namespace}/{self.name}".encode(), usedforsecurity=False).hexdigest()))

    @property
    def project(self) -> str:
        """The name of the AppProject."""
        return str(self.spec.get("project", "default"))

    @property
    def automated(self) -> Mapping[str, Any] | None:
        """`spec.syncPolicy.automated` if auto-sync is on, otherwise None."""
        automated = self.spec.get("syncPolicy", {}).get("automated")
        return automated if automated is not None and automated.get("enabled", True) else None

    @property
    def sync_options(self) -> tuple[str, ...]:
        """`spec.syncPolicy.syncOptions`."""
        return tuple(self.spec.get("syncPolicy", {}).get("syncOptions") or ())

    @property
    def rbac_name(self) -> str:
        """The name in RBAC rules: with the namespace if it is not Argo CD's own."""
        return "/".join((self.project, *([] if self.namespace == "argocd" else [self.namespace]), self.name))

    @property
    def is_busy(self) -> bool:
        """Report whether another operation would be refused."""
        phase = self.operation_state["phase"] if self.operation_state else None
        return self.operation is not None or phase in {"Running", "Terminating"}

    @property
    def images(self) -> tuple[str, ...]:
        """The images of all live containers, sorted."""
        return tuple(sorted({image for live in self.live.values() for image in live.resource.images}))

    def compare_resources(self) -> list[ResourceComparison]:
        """Return target and live objects side by side, ordered by group, kind and name."""
        wanted = {resource.key: resource for resource in self.target}
        all_ask = asks_before_deletion(self.sync_options)
        found = []
        for key in sorted(wanted.keys() | self.live.keys()):
            target, live = wanted.get(key), self.live.get(key)
            resource = live.resource if live else wanted[key]
            same = target is not None and live is not None and live.matches_target(target)
            extra = live is not None and target is None
            manifest = resource.manifest
            found.append(
                ResourceComparison(
                    resource,
                    "Synced" if same else "OutOfSync",
                    live.health if live else "Missing",
                    live.message if live else None,
                    prunable=extra,
                    hook=extra and is_hook(manifest),
                    asks_before_deletion=all_ask
                    or asks_before_deletion(parse_options(manifest, SYNC_OPTIONS_ANNOTATION)),
                    ignored=extra and is_ignored_when_extraneous(manifest),
                )
            )
        return found

    def list_differences(self) -> list[ResourceComparison]:
        """Return the resources that differ, also ignored ones; hooks are not included."""
        return [
            comparison
            for comparison in self.compare_resources()
            if comparison.status == "OutOfSync" and not comparison.hook
        ]

    def worst_health(self) -> str:
        """Return the health of the application: Missing only if no object is live."""
        found = [live.health for live in self.live.values() if not live.is_hook]
        if not found:
            return "Missing" if self.target else "Healthy"
        return max(found, key=HEALTH_BY_SEVERITY.index)

    def update_health(self, at: datetime) -> None:
        """Set the health to the worst of the live objects."""
        health = self.worst_health()
        if health != self.health or self.health_since is None:
            self.health, self.health_since = health, at

    def patch(self, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        """Apply a merge patch to spec, labels and annotations."""
        self.spec = apply_merge_patch(self.spec, spec)
        self.labels = apply_merge_patch(self.labels, metadata.get("labels") or {})
        self.annotations = apply_merge_patch(self.annotations, metadata.get("annotations") or {})

    def record_history(self, operation: Mapping[str, Any], started_at: datetime, deployed_at: datetime) -> None:
        """Add a successful sync to the history."""
        number = self.history[-1]["id"] + 1 if self.history else 0
        entry = {
            "revision": operation["sync"]["revision"],
            "deployedAt": format_rfc3339(deployed_at),
            "id": number,
            "source": operation["sync"].get("source", self.spec.get("source")),
            "deployStartedAt": format_rfc3339(started_at),
            "initiatedBy": operation["initiatedBy"],
        }
        self.history = [*self.history, entry][-HISTORY_LIMIT:]
