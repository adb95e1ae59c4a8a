"""Converts Argo CD's JSON into the domain's applications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from sys import intern
from typing import TypeVar

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
from anchor_tui.domain.text_limits import limit_text, limit_texts
from anchor_tui.sources.argocd.schema import (
    ApplicationJson,
    ApplicationMetadata,
    ApplicationSpec,
    HealthJson,
    HistoryEntry,
    Initiator,
    OperationJson,
    OperationSync,
    ResourceJson,
    SyncPolicy,
    SyncStatus,
)
from anchor_tui.sources.json_body import foreign_values, to_utc

_HEALTH_ORDER = {"Degraded": 0, "Missing": 1, "Unknown": 2, "Progressing": 3, "Suspended": 4}
_NEVER = datetime.min.replace(tzinfo=UTC)
T = TypeVar("T", str, str | None)


def _share(text: T) -> T:
    """Return one object for equal texts: the same projects, revisions and labels occur in thousands of applications."""
    return intern(text) if text else text


def to_observed_application(
    document: ApplicationJson, server: str, web_url: str, *, is_short: bool = False
) -> ObservedApplication:
    """Return the application as a domain value with limited texts. `web_url` is the address of Argo CD's web pages.

    `is_short` is True if none of its texts needs a limit. Raises InvalidResponse for values that the domain cannot
    contain.
    """
    policy = document.spec.sync_policy or SyncPolicy()
    with foreign_values("the application"):
        labels = {_share(name): _share(value) for name, value in (document.metadata.labels or {}).items()}
        application = _to_application(document, labels, server, web_url)
        if not is_short:
            application = limit_texts(application)
    return ObservedApplication(application, labels, tuple(map(_share, policy.sync_options or ())))


def _to_application(document: ApplicationJson, labels: Mapping[str, str], server: str, web_url: str) -> Application:
    meta, spec, status = document.metadata, document.spec, document.status
    sync, health = status.sync or SyncStatus(), status.health or HealthJson()
    newest = max(status.history or (), key=lambda entry: to_utc(entry.deployed_at) or _NEVER, default=HistoryEntry())
    return Application(
        source=server,
        namespace=_share(meta.namespace),
        name=meta.name,
        project=_share(spec.project),
        url=f"{web_url.rstrip('/')}/applications/{meta.namespace}/{meta.name}" if web_url else None,
        sync=_share(sync.status) or None,
        health=_share(health.status) or None,
        health_since=to_utc(health.last_transition_time),
        target_revision=_target_revision(spec),
        compared_revision=join_revisions(sync.revision, sync.revisions),
        synced_revision=join_revisions(newest.revision, newest.revisions),
        synced_at=to_utc(newest.deployed_at),
        automated=_to_automated(spec),
        operation=_to_operation(document),
        conditions=tuple(
            ApplicationCondition(condition.type, condition.message) for condition in status.conditions or ()
        ),
        images=tuple(map(_share, sorted((status.summary.images if status.summary else None) or ()))),
        prunable=_prunable_resources(status.resources or ()),
        unhealthy=_unhealthy_resources(status.resources or ()),
        resources=_count_resources(status.resources),
        reconciled_at=to_utc(status.reconciled_at),
        problems=_deletion_problems(meta),
        labels=tuple(sorted(labels.items())),
    )


def _target_revision(spec: ApplicationSpec) -> str | None:
    """Return the distinct target revisions of the sources, comma-separated."""
    sources = spec.sources or ([spec.source] if spec.source else [])
    revisions = (source.target_revision or "HEAD" for source in sources)
    return _share(_join(revisions)) or None


def join_revisions(revision: str | None, revisions: Sequence[str] | None) -> str | None:
    """Return the revision, or the distinct revisions of several sources, comma-separated; None if there is none."""
    return _share(_join(revisions) if revisions else revision) or None


def _join(texts: Iterable[str]) -> str:
    """Return the distinct texts, comma-separated. Many short texts can become a long one."""
    return limit_text(", ".join(dict.fromkeys(texts)))


def _to_automated(spec: ApplicationSpec) -> AutoSyncPolicy | None:
    automated = spec.sync_policy.automated if spec.sync_policy else None
    if automated is None:
        return None
    return AutoSyncPolicy(automated.enabled is not False, bool(automated.prune), bool(automated.self_heal))


def _to_operation(document: ApplicationJson) -> Operation | None:
    """Return the running operation, else the last one.

    Directly after a sync was accepted there is `operation` but no `operationState`: the controller has not started it.
    """
    state = document.status.operation_state
    over = state is None or state.phase not in {"Running", "Terminating"}
    if document.operation is not None and over:
        return Operation(
            "Pending", "accepted, not yet started", None, None, *_initiator_and_revision(document.operation)
        )
    if state is None or not state.phase:
        return None
    initiator_name, revision = _initiator_and_revision(state.operation or document.operation or OperationJson())
    result = join_revisions(state.sync_result.revision, state.sync_result.revisions) if state.sync_result else None
    return Operation(
        phase=_share(state.phase),
        message=_share(state.message) or None,
        started_at=to_utc(state.started_at),
        finished_at=to_utc(state.finished_at),
        initiated_by=initiator_name,
        revision=result or revision,
    )


def _initiator_and_revision(operation: OperationJson) -> tuple[str | None, str | None]:
    initiator, sync = operation.initiated_by or Initiator(), operation.sync or OperationSync()
    initiator_name = initiator.username or ("auto-sync" if initiator.automated else None)
    return initiator_name, join_revisions(sync.revision, sync.revisions)


def _prunable_resources(resources: Sequence[ResourceJson]) -> tuple[PrunableResource, ...]:
    """Return what a prune would remove. Live hooks have `requiresPruning` too, but are never pruned."""
    return tuple(
        sorted(
            (
                PrunableResource(resource.group, resource.kind, resource.namespace, resource.name)
                for resource in resources
                if resource.requires_pruning and not resource.hook
            ),
            key=lambda resource: (resource.kind, resource.namespace, resource.name, resource.group),
        )
    )


def _unhealthy_resources(resources: Sequence[ResourceJson]) -> tuple[UnhealthyResource, ...]:
    found = [
        UnhealthyResource(
            resource.group,
            resource.kind,
            resource.namespace,
            resource.name,
            resource.health.status,
            resource.health.message or None,
        )
        for resource in resources
        if resource.health and resource.health.status and resource.health.status != "Healthy"
    ]
    return tuple(
        sorted(found, key=lambda resource: (_HEALTH_ORDER.get(resource.health, 2), resource.kind, resource.name))
    )


def _count_resources(resources: Sequence[ResourceJson] | None) -> ResourceCounts | None:
    if resources is None:
        return None
    health_known = any(resource.health and resource.health.status for resource in resources)
    return ResourceCounts(
        total=len(resources),
        out_of_sync=sum(resource.status == "OutOfSync" for resource in resources),
        unhealthy=len(_unhealthy_resources(resources)) if health_known or not resources else None,
    )


def _deletion_problems(meta: ApplicationMetadata) -> tuple[Problem, ...]:
    if meta.deletion_timestamp is None:
        return ()
    since = to_utc(meta.deletion_timestamp)
    moment = f" since {since:%Y-%m-%d %H:%M:%SZ}" if since else ""
    return (Problem(f"{meta.namespace}/{meta.name}", "deleting", f"the application has been in deletion{moment}"),)
