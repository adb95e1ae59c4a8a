"""Argo CD's JSON as it comes over the wire, and what it means in the domain's terms.

Only what is read is described; unknown fields are ignored, absent ones have defaults (the server leaves
out false and empty values). Source: `GET /api/v1/applications`, its stream, and the recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from anchor_tui.domain.model import (
    Application,
    ApplicationCondition,
    AutoSyncPolicy,
    Operation,
    Problem,
    PrunableResource,
    ResourceCounts,
    UnhealthyResource,
)
from anchor_tui.domain.source_data import ObservedApplication

AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]


class ApplicationMetadata(msgspec.Struct, rename="camel"):
    """`metadata` of an application."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] | None = None
    deletion_timestamp: AwareTime | None = None


class ApplicationSource(msgspec.Struct, rename="camel"):
    """One of `spec.source` and `spec.sources`."""

    target_revision: str | None = None


class AutomatedJson(msgspec.Struct, rename="camel"):
    """`spec.syncPolicy.automated`; `enabled` is there from 3.1 on."""

    prune: bool | None = None
    self_heal: bool | None = None
    enabled: bool | None = None


class SyncPolicy(msgspec.Struct, rename="camel"):
    """`spec.syncPolicy`."""

    automated: AutomatedJson | None = None
    sync_options: list[str] | None = None


class ApplicationSpec(msgspec.Struct, rename="camel"):
    """`spec` of an application."""

    project: str | None = None
    source: ApplicationSource | None = None
    sources: list[ApplicationSource] | None = None
    sync_policy: SyncPolicy | None = None


class SyncStatus(msgspec.Struct, rename="camel"):
    """`status.sync`: what was last compared."""

    status: str | None = None
    revision: str | None = None
    revisions: list[str] | None = None


class HealthJson(msgspec.Struct, rename="camel"):
    """Health of an application or of one of its resources."""

    status: str | None = None
    message: str | None = None
    last_transition_time: AwareTime | None = None


class HistoryEntry(msgspec.Struct, rename="camel"):
    """One of `status.history`, oldest first."""

    deployed_at: AwareTime | None = None
    revision: str | None = None
    revisions: list[str] | None = None


class ConditionJson(msgspec.Struct, rename="camel"):
    """One of `status.conditions`."""

    type: str = ""
    message: str = ""


class ResourceJson(msgspec.Struct, rename="camel"):
    """One of `status.resources`."""

    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str | None = None
    health: HealthJson | None = None
    hook: bool = False
    requires_pruning: bool = False


class Initiator(msgspec.Struct, rename="camel"):
    """`initiatedBy` of an operation."""

    username: str | None = None
    automated: bool = False


class OperationSync(msgspec.Struct, rename="camel"):
    """`sync` of an operation."""

    revision: str | None = None
    revisions: list[str] | None = None


class OperationJson(msgspec.Struct, rename="camel"):
    """An operation as it was asked for."""

    initiated_by: Initiator | None = None
    sync: OperationSync | None = None


class SyncResult(msgspec.Struct, rename="camel"):
    """`status.operationState.syncResult`."""

    revision: str | None = None


class OperationState(msgspec.Struct, rename="camel"):
    """`status.operationState`."""

    phase: str | None = None
    message: str | None = None
    started_at: AwareTime | None = None
    finished_at: AwareTime | None = None
    operation: OperationJson | None = None
    sync_result: SyncResult | None = None


class StatusSummary(msgspec.Struct, rename="camel"):
    """`status.summary`."""

    images: list[str] | None = None


class ApplicationStatus(msgspec.Struct, rename="camel"):
    """`status` of an application."""

    sync: SyncStatus | None = None
    health: HealthJson | None = None
    history: list[HistoryEntry] | None = None
    conditions: list[ConditionJson] | None = None
    resources: list[ResourceJson] | None = None
    operation_state: OperationState | None = None
    summary: StatusSummary | None = None
    reconciled_at: AwareTime | None = None


class ApplicationJson(msgspec.Struct, rename="camel"):
    """One application, from a list, a GET or a stream."""

    metadata: ApplicationMetadata = msgspec.field(default_factory=ApplicationMetadata)
    spec: ApplicationSpec = msgspec.field(default_factory=ApplicationSpec)
    status: ApplicationStatus = msgspec.field(default_factory=ApplicationStatus)
    operation: OperationJson | None = None


class ApplicationIdentity(msgspec.Struct):
    """An application of which only the identity is read yet."""

    metadata: ApplicationMetadata = msgspec.field(default_factory=ApplicationMetadata)


class ApplicationListResponse(msgspec.Struct):
    """`GET /api/v1/applications`: an empty list is `null`. Items stay raw: a malformed one is one and no more."""

    items: list[msgspec.Raw] | None


class StreamError(msgspec.Struct):
    """The last line of a stream that failed."""

    message: str = ""
    http_code: int = 0


class StreamResult(msgspec.Struct):
    """One event: `ADDED` and `MODIFIED` both mean "this is how it is now"."""

    type: str = ""
    application: msgspec.Raw = msgspec.Raw(b"{}")


class StreamEvent(msgspec.Struct):
    """One line of `GET /api/v1/stream/applications`."""

    result: StreamResult | None = None
    error: StreamError | None = None


class ErrorResponse(msgspec.Struct):
    """The body of an error; a stream's is one level deeper."""

    error: str | StreamError = ""
    message: str = ""


class VersionResponse(msgspec.Struct, rename="pascal"):
    """`GET /api/version`."""

    version: str | None = None


class SettingsResponse(msgspec.Struct, rename="camel"):
    """`GET /api/v1/settings`; `controller_namespace` only for those who are logged in."""

    url: str | None = None
    controller_namespace: str | None = None


class UserInfoResponse(msgspec.Struct, rename="camel"):
    """`GET /api/v1/session/userinfo`: never a 401, but empty without a valid token."""

    logged_in: bool = False
    username: str | None = None
    iss: str | None = None
    groups: list[str] | None = None


def to_observed_application(wire: ApplicationJson, server: str, web_url: str) -> ObservedApplication:
    """The application in the domain's terms. `web_url` is where people look at this Argo CD."""
    policy = wire.spec.sync_policy or SyncPolicy()
    application = _to_application(wire, server, web_url)
    return ObservedApplication(application, dict(wire.metadata.labels or {}), tuple(policy.sync_options or ()))


def _to_application(wire: ApplicationJson, server: str, web_url: str) -> Application:
    meta, spec, status = wire.metadata, wire.spec, wire.status
    sync, health = status.sync or SyncStatus(), status.health or HealthJson()
    newest = max(status.history or (), key=lambda entry: _to_utc(entry.deployed_at) or _NEVER, default=HistoryEntry())
    return Application(
        source=server,
        namespace=meta.namespace,
        name=meta.name,
        project=spec.project,
        url=f"{web_url.rstrip('/')}/applications/{meta.namespace}/{meta.name}" if web_url else None,
        sync=sync.status or None,
        health=health.status or None,
        health_since=_to_utc(health.last_transition_time),
        target_revision=_target_revision(spec),
        compared_revision=_join_revisions(sync.revision, sync.revisions),
        synced_revision=_join_revisions(newest.revision, newest.revisions),
        synced_at=_to_utc(newest.deployed_at),
        automated=_to_automated(spec),
        operation=_to_operation(wire),
        conditions=tuple(ApplicationCondition(each.type, each.message) for each in status.conditions or ()),
        images=tuple(sorted((status.summary.images if status.summary else None) or ())),
        prunable=_prunable_resources(status.resources or ()),
        unhealthy=_unhealthy_resources(status.resources or ()),
        resources=_count_resources(status.resources),
        reconciled_at=_to_utc(status.reconciled_at),
        problems=_deletion_problems(meta),
    )


def _target_revision(spec: ApplicationSpec) -> str | None:
    """The revision that is followed; one text for several sources that all follow the same."""
    sources = spec.sources or ([spec.source] if spec.source else [])
    revisions = list(dict.fromkeys(each.target_revision or "HEAD" for each in sources))
    return ", ".join(revisions) or None


def _join_revisions(revision: str | None, revisions: Sequence[str] | None) -> str | None:
    return ", ".join(dict.fromkeys(revisions)) if revisions else revision or None


def _to_automated(spec: ApplicationSpec) -> AutoSyncPolicy | None:
    automated = spec.sync_policy.automated if spec.sync_policy else None
    if automated is None:
        return None
    return AutoSyncPolicy(automated.enabled is not False, bool(automated.prune), bool(automated.self_heal))


def _to_operation(wire: ApplicationJson) -> Operation | None:
    """The running operation, else the last one.

    Right after a sync was accepted there is `operation` and no `operationState`: no controller has taken it yet.
    """
    state = wire.status.operation_state
    over = state is None or state.phase not in {"Running", "Terminating"}
    if wire.operation is not None and over:
        return Operation("Pending", "accepted, not yet started", None, None, *_initiator_and_revision(wire.operation))
    if state is None or not state.phase:
        return None
    who, revision = _initiator_and_revision(state.operation or wire.operation or OperationJson())
    result = state.sync_result.revision if state.sync_result else None
    return Operation(
        phase=state.phase,
        message=state.message or None,
        started_at=_to_utc(state.started_at),
        finished_at=_to_utc(state.finished_at),
        initiated_by=who,
        revision=result or revision,
    )


def _initiator_and_revision(operation: OperationJson) -> tuple[str | None, str | None]:
    initiator, sync = operation.initiated_by or Initiator(), operation.sync or OperationSync()
    who = initiator.username or ("auto-sync" if initiator.automated else None)
    return who, _join_revisions(sync.revision, sync.revisions)


def _prunable_resources(resources: Sequence[ResourceJson]) -> tuple[PrunableResource, ...]:
    """What a prune would remove. A live hook says `requiresPruning` too and is never among them."""
    return tuple(
        sorted(
            (
                PrunableResource(each.group, each.kind, each.namespace, each.name)
                for each in resources
                if each.requires_pruning and not each.hook
            ),
            key=lambda each: (each.kind, each.namespace, each.name, each.group),
        )
    )


def _unhealthy_resources(resources: Sequence[ResourceJson]) -> tuple[UnhealthyResource, ...]:
    found = [
        UnhealthyResource(
            each.group, each.kind, each.namespace, each.name, each.health.status, each.health.message or None
        )
        for each in resources
        if each.health and each.health.status and each.health.status != "Healthy"
    ]
    return tuple(sorted(found, key=lambda each: (_HEALTH_ORDER.get(each.health, 2), each.kind, each.name)))


_HEALTH_ORDER = {"Degraded": 0, "Missing": 1, "Unknown": 2, "Progressing": 3, "Suspended": 4}


def _count_resources(resources: Sequence[ResourceJson] | None) -> ResourceCounts | None:
    if resources is None:
        return None
    told = any(each.health and each.health.status for each in resources)
    return ResourceCounts(
        total=len(resources),
        out_of_sync=sum(each.status == "OutOfSync" for each in resources),
        unhealthy=len(_unhealthy_resources(resources)) if told or not resources else None,
    )


def _deletion_problems(meta: ApplicationMetadata) -> tuple[Problem, ...]:
    if meta.deletion_timestamp is None:
        return ()
    since = f"{_to_utc(meta.deletion_timestamp):%Y-%m-%d %H:%M:%SZ}"
    return (Problem(f"{meta.namespace}/{meta.name}", "deleting", f"the application is being deleted since {since}"),)


def _to_utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


_NEVER = datetime.min.replace(tzinfo=UTC)
