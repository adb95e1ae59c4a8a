"""What a Plan for Argo CD is made from: one application as it is this moment, and what a prune would delete of it."""

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
    """One of `status.resources`."""

    ref: ResourceRef
    status: str | None = None
    health: str | None = None
    requires_pruning: bool = False
    hook: bool = False


class SyncedResource(ValueObject, frozen=True):
    """One line of an operation's result. `status` is Synced, SyncFailed, Pruned or PruneSkipped."""

    ref: ResourceRef
    status: str
    message: str


class OperationDetail(ValueObject, frozen=True):
    """The running or last operation with what tells whose it is. `info` are the infos that it was asked with."""

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
        """Whether it looks over, and is not: a further attempt is to come."""
        return self.phase == "Running" and self.finished_at is not None


class SyncWindows(ValueObject, frozen=True):
    """`GET …/syncwindows`: whether a sync by hand may go now, and the windows that are open."""

    can_sync: bool
    active: tuple[str, ...] = ()


Permission = Literal["yes", "no", "unknown"]


class AppState(ValueObject, frozen=True):
    """One application this moment. `server_time` is the server's own clock, in whole seconds.

    `asked` is an operation that nobody has taken yet, `operation` the one that runs or ran last. `managed` is
    None where the manifests were not asked for or did not come; `unmanaged` says why.
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
    """What a sync would change, field by field."""
    windows: SyncWindows | None = None
    may_sync: Permission = "unknown"
    may_update: Permission = "unknown"
    commit_subject: str = ""
    """The first line of the message of the commit that was compared with."""

    @property
    def app_ref(self) -> ApplicationRef:
        """What its requests are sent about."""
        return ApplicationRef(self.application.id, self.project or self.application.project)

    @property
    def out_of_sync_refs(self) -> tuple[ResourceRef, ...]:
        """What a sync would change: out of sync, and not to be pruned."""
        return tuple(
            sorted(each.ref for each in self.resources if each.status == "OutOfSync" and not each.requires_pruning)
        )

    def condition_message(self, *types: str) -> str | None:
        """The message of a condition of one of these types."""
        return next(
            (f"{each.type}: {each.message}" for each in self.application.conditions if each.type in types), None
        )


class StaleResource(ValueObject, frozen=True):
    """A live resource that git no longer has, and what a prune would do with it."""

    ref: ResourceRef
    prune_effect: Literal["deleted", "kept", "asks"]
    reason: str = ""
    created_at: AwareDatetime | None = None
    ignored: bool = False
    """Whether its IgnoreExtraneous keeps the application Synced all the same."""


def stale_resources(state: AppState) -> tuple[StaleResource, ...]:
    """Everything that is stale, hooks never among it.

    What keeps a resource from a prune stands only in its live manifest. One that `status.resources` names and
    whose manifest did not come counts as deleted: it may be.
    """
    found = {
        _resource_ref(each): _stale_resource(each)
        for each in (state.managed.live if state.managed else ())
        if each.stale and not each.is_hook
    }
    for each in state.resources:
        if each.requires_pruning and not each.hook and each.ref not in found:
            found[each.ref] = StaleResource(
                each.ref, "deleted", "its manifest did not come: what would keep it is not known"
            )
    return tuple(found[ref] for ref in sorted(found))


def _resource_ref(each: KubernetesResource) -> ResourceRef:
    return ResourceRef(each.kind, each.namespace, each.name, each.group)


def _stale_resource(each: KubernetesResource) -> StaleResource:
    created = get_text(each.manifest, "metadata", "creationTimestamp")
    ignored = "IgnoreExtraneous" in get_text(each.manifest, "metadata", "annotations", COMPARE_OPTIONS)
    fate: Literal["deleted", "kept", "asks"] = "deleted"
    if each.prune_protection is not None:
        fate = "kept" if each.prune_protection == "Prune=false" else "asks"
    try:
        created_at = datetime.fromisoformat(created) if created else None
    except ValueError:
        created_at = None
    return StaleResource(_resource_ref(each), fate, each.prune_protection or "", created_at, ignored)
