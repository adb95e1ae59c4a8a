"""Converts Argo CD's JSON about the inside of one application into the domain's values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from anchor_tui.domain.actions.resource_state import OfferedAction
from anchor_tui.domain.inspection.application_details import ApplicationDetails, ResourceSyncResult
from anchor_tui.domain.inspection.deployments import Deployment, RevisionMetadata
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.logs import LogLine
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from anchor_tui.domain.text_limits import limit_texts
from anchor_tui.sources.argocd.application_conversion import join_revisions
from anchor_tui.sources.argocd.inspection_schema import (
    ApplicationDetailsResponse,
    DeploymentJson,
    DetailedOperationState,
    EventJson,
    EventSeriesJson,
    LogEntryJson,
    NetworkingJson,
    NodeJson,
    ResourceActionsResponse,
    ResourceTreeJson,
    RevisionMetadataResponse,
)
from anchor_tui.sources.argocd.schema import HealthJson, Initiator

_CONTAINER_PATH = re.compile(r"spec\.\w+\{(?P<name>[^}]*)\}")


def to_resource_nodes(tree: ResourceTreeJson, sync: Mapping[ResourceKey, str]) -> tuple[ResourceNode, ...]:
    """Return the nodes of a tree, orphans last. `sync` is the sync status of the resources that are in git."""
    return limit_texts(
        (
            *(_to_node(node, sync) for node in tree.nodes or ()),
            *(_to_node(node, {}, is_orphan=True) for node in tree.orphaned_nodes or ()),
        )
    )


def _to_node(node: NodeJson, sync: Mapping[ResourceKey, str], *, is_orphan: bool = False) -> ResourceNode:
    key = ResourceKey(node.group, node.kind, node.namespace, node.name)
    info = {item.name: item.value for item in node.info or ()}
    health, networking = node.health or HealthJson(), node.networking_info or NetworkingJson()
    restarts = info.get("Restart Count", "")
    return ResourceNode(
        key,
        node.version,
        node.uid,
        tuple(owner.uid for owner in node.parent_refs or () if owner.uid),
        sync.get(key, ""),
        health.status or "",
        health.message or "",
        to_utc(node.created_at),
        tuple(node.images or ()),
        info.get("Status Reason", ""),
        info.get("Containers", ""),
        int(restarts) if restarts.isdecimal() and len(restarts) < 10 else (0 if node.kind == "Pod" else None),
        info.get("Node", ""),
        networking.labels or {},
        networking.target_labels or {},
        is_orphan,
    )


def to_offered_actions(response: ResourceActionsResponse) -> tuple[OfferedAction, ...]:
    """Return the actions of a resource."""
    return limit_texts(
        tuple(
            OfferedAction(
                action.name,
                tuple(parameter.name for parameter in action.params or () if parameter.name),
                action.disabled,
                action.display_name,
            )
            for action in response.actions or ()
            if action.name
        )
    )


def to_events(items: Iterable[EventJson]) -> tuple[ClusterEvent, ...]:
    """Return events, newest first; those without a time come last."""
    events = limit_texts(tuple(_to_event(item) for item in items))
    return tuple(sorted(events, key=lambda event: (event.last_at is not None, event.last_at or _NEVER), reverse=True))


def _to_event(item: EventJson) -> ClusterEvent:
    involved, series = item.involved_object, item.series or EventSeriesJson()
    group, _, version = involved.api_version.rpartition("/")
    found = _CONTAINER_PATH.search(involved.field_path)
    first = to_utc(item.first_timestamp) or to_utc(item.event_time)
    last = to_utc(series.last_observed_time) or to_utc(item.last_timestamp) or first
    return ClusterEvent(
        ResourceKey(group if version else "", involved.kind, involved.namespace, involved.name),
        involved.uid,
        item.type not in {"", "Normal"},
        item.reason,
        item.message,
        max(1, item.count or series.count or 1),
        first or last,
        last,
        (item.source.component if item.source else "") or item.reporting_component,
        found["name"] if found else "",
    )


def to_log_line(entry: LogEntryJson) -> LogLine:
    """Return a line of a log. A line that the server wrote itself does not have a time."""
    return LogLine(entry.content, entry.pod_name, _parse_log_time(entry) if entry.time_stamp else None)


def _parse_log_time(entry: LogEntryJson) -> datetime | None:
    """Return the exact time, if it is readable; else the one in whole seconds."""
    try:
        return datetime.fromisoformat(entry.time_stamp_str[:26].rstrip("Z")).replace(tzinfo=UTC)
    except ValueError:
        return to_utc(entry.time_stamp)


def to_revision_metadata(revision: str, response: RevisionMetadataResponse) -> RevisionMetadata:
    """Return the commit of a revision."""
    return RevisionMetadata(
        revision, response.author, response.message, to_utc(response.date), tuple(response.tags or ())
    )


def to_application_details(response: ApplicationDetailsResponse) -> ApplicationDetails:
    """Return the details of an application."""
    status = response.status
    operation = status.operation_state or DetailedOperationState()
    results = (operation.sync_result.resources if operation.sync_result else None) or ()
    details = ApplicationDetails(
        {
            ResourceKey(resource.group, resource.kind, resource.namespace, resource.name): resource.status or ""
            for resource in status.resources or ()
        },
        tuple(
            ResourceSyncResult(
                ResourceKey(result.group, result.kind, result.namespace, result.name),
                result.status,
                result.hook_phase,
                result.message,
                result.hook_type,
            )
            for result in results
        ),
        _to_deployments(status.history or ()),
    )
    return limit_texts(details)


def _to_deployments(history: Iterable[DeploymentJson]) -> tuple[Deployment, ...]:
    found = []
    for entry in history:
        initiator = entry.initiated_by or Initiator()
        found.append(
            Deployment(
                entry.id,
                join_revisions(entry.revision, entry.revisions) or "",
                to_utc(entry.deployed_at),
                to_utc(entry.deploy_started_at),
                initiator.username or "",
                initiator.automated,
            )
        )
    return tuple(sorted(found, key=lambda deployment: deployment.id, reverse=True))


def to_utc(moment: datetime | None) -> datetime | None:
    """Return a time in UTC; None for none, and for one outside of the calendar."""
    try:
        return moment.astimezone(UTC) if moment else None
    except OverflowError:
        return None


_NEVER = datetime.min.replace(tzinfo=UTC)
