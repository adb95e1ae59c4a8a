"""The current state of an application, and the effect of a prune on its resources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from anchor_tui.domain.actions.resource_diff import FieldDifference
from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.kubernetes.managed_resources import ApplicationObjects
from anchor_tui.domain.kubernetes.workloads import KubernetesResource
from anchor_tui.domain.model import Application, AwareDatetime, ValueObject

COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"


class ApplicationResource(ValueObject, frozen=True):
    """An entry of `status.resources`."""

    ref: ResourceRef
    status: str | None = None
    health: str | None = None
    requires_pruning: bool = False
    hook: bool = False


class SyncedResource(ValueObject, frozen=True):
    """A resource in an operation's result. `status` is Synced, SyncFailed, Pruned or PruneSkipped."""

    ref: ResourceRef
    status: str
    message: str


class OperationDetail(ValueObject, frozen=True):
    """The running or last operation. `info` are the infos of its request, which identify ours."""

    phase: str
    message: str = ""
    info: Mapping[str, str] = {}
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    revision: str | None = None
    retry_count: int = 0
    results: tuple[SyncedResource, ...] = ()

    @property
    def is_waiting_to_retry(self) -> bool:
        """True while it looks finished but will try again."""
        return self.phase == "Running" and self.finished_at is not None


class SyncWindows(ValueObject, frozen=True):
    """`GET …/syncwindows`: whether a manual sync is allowed now, and the active windows."""

    can_sync: bool
    active: tuple[str, ...] = ()


Permission = Literal["yes", "no", "unknown"]


class AppState(ValueObject, frozen=True):
    """The current state of one application. `server_time` is the server's clock, in whole seconds.

    `pending_info` are the infos of an operation that has not started, `operation` is the running or last one. `managed`
    is None if the manifests were not read; `managed_error` contains the reason.
    """

    application: Application
    server_time: datetime
    project: str | None = None
    refresh_pending: bool = False
    has_several_sources: bool = False
    sync_options: tuple[str, ...] = ()
    own_namespace: str | None = None
    pending_info: Mapping[str, str] | None = None
    operation: OperationDetail | None = None
    resources: tuple[ApplicationResource, ...] = ()
    managed: ApplicationObjects | None = None
    managed_error: str = ""
    differences: tuple[FieldDifference, ...] = ()
    """The fields that a sync would change."""
    windows: SyncWindows | None = None
    may_sync: Permission = "unknown"
    may_update: Permission = "unknown"
    commit_subject: str = ""
    """The subject of the commit that the application is compared with."""

    @property
    def app_ref(self) -> ApplicationRef:
        """The reference that requests about it contain."""
        return ApplicationRef(self.application.id, self.project or self.application.project)

    @property
    def out_of_sync_refs(self) -> tuple[ResourceRef, ...]:
        """The resources that a sync would change: out of sync and not stale."""
        return tuple(
            sorted(
                resource.ref
                for resource in self.resources
                if resource.status == "OutOfSync" and not resource.requires_pruning
            )
        )

    def condition_message(self, *types: str) -> str | None:
        """Return the first condition of one of these types, as `type: message`."""
        return next(
            (
                f"{condition.type}: {condition.message}"
                for condition in self.application.conditions
                if condition.type in types
            ),
            None,
        )


class StaleResource(ValueObject, frozen=True):
    """A live resource that git no longer contains, and what a prune does with it."""

    ref: ResourceRef
    prune_effect: Literal["deleted", "kept", "asks"]
    reason: str = ""
    created_at: AwareDatetime | None = None
    ignored: bool = False
    """True if IgnoreExtraneous keeps the application Synced despite this resource."""


def stale_resources(state: AppState) -> tuple[StaleResource, ...]:
    """Return the stale resources, without hooks.

    Only the live manifest shows whether a resource is protected from pruning. A resource of `status.resources` without
    a manifest counts as deleted.
    """
    found = {
        resource_ref(resource): _stale_resource(resource)
        for resource in (state.managed.live if state.managed else ())
        if resource.stale and not resource.is_hook
    }
    for resource in state.resources:
        if resource.requires_pruning and not resource.hook and resource.ref not in found:
            found[resource.ref] = StaleResource(
                resource.ref, "deleted", "its manifest is missing, so a protection against pruning is unknown"
            )
    return tuple(found[ref] for ref in sorted(found))


def resource_ref(resource: KubernetesResource) -> ResourceRef:
    """Return the reference to a resource."""
    return ResourceRef(resource.kind, resource.namespace, resource.name, resource.group)


def _stale_resource(resource: KubernetesResource) -> StaleResource:
    created = get_text(resource.manifest, "metadata", "creationTimestamp")
    ignored = "IgnoreExtraneous" in get_text(resource.manifest, "metadata", "annotations", COMPARE_OPTIONS)
    fate: Literal["deleted", "kept", "asks"] = "deleted"
    if resource.prune_protection is not None:
        fate = "kept" if resource.prune_protection == "Prune=false" else "asks"
    try:
        created_at = datetime.fromisoformat(created) if created else None
    except ValueError:
        created_at = None
    return StaleResource(resource_ref(resource), fate, resource.prune_protection or "", created_at, ignored)
