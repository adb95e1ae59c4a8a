"""The JSON about the inside of one application, as structs: its tree, events, logs, history and rights.

They contain only the fields that are used. Source: `GET …/resource-tree`, `…/events`, `…/logs`,
`…/revisions/{revision}/metadata`, `…/resource/actions`, `…/syncwindows`, and the recordings.
"""

from __future__ import annotations

import msgspec

from anchor_tui.sources.argocd.schema import AwareTime, HealthJson, Initiator, ResourceJson, StreamError


class OwnerJson(msgspec.Struct, gc=False):
    """One of `parentRefs` of a node."""

    uid: str = ""


class NodeInfoJson(msgspec.Struct, gc=False):
    """One of `info` of a node, such as "Restart Count"."""

    name: str = ""
    value: str = ""


class NetworkingJson(msgspec.Struct, gc=False, rename="camel"):
    """`networkingInfo` of a node: a pod's labels, or the labels that a Service selects."""

    labels: dict[str, str] | None = None
    target_labels: dict[str, str] | None = None


class NodeJson(msgspec.Struct, gc=False, rename="camel"):
    """One node of a tree."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    parent_refs: list[OwnerJson] | None = None
    info: list[NodeInfoJson] | None = None
    networking_info: NetworkingJson | None = None
    images: list[str] | None = None
    health: HealthJson | None = None
    created_at: AwareTime | None = None


class ResourceTreeJson(msgspec.Struct, gc=False, rename="camel"):
    """`GET …/resource-tree`. `orphaned_nodes` are resources of the namespace that no application manages."""

    nodes: list[NodeJson] | None = None
    orphaned_nodes: list[NodeJson] | None = None


class ResourceTreeEvent(msgspec.Struct, gc=False):
    """One line of the tree's stream: the whole tree again."""

    result: ResourceTreeJson | None = None
    error: StreamError | None = None


class ActionParameterJson(msgspec.Struct, gc=False):
    """One of `params` of an action."""

    name: str = ""


class ResourceActionJson(msgspec.Struct, gc=False, rename="camel"):
    """One action of a resource."""

    name: str = ""
    display_name: str = ""
    disabled: bool = False
    params: list[ActionParameterJson] | None = None


class ResourceActionsResponse(msgspec.Struct, gc=False):
    """`GET …/resource/actions`. `actions` is missing for a kind without actions."""

    actions: list[ResourceActionJson] | None = None


class InvolvedObjectJson(msgspec.Struct, gc=False, rename="camel"):
    """`involvedObject` of an event."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    field_path: str = ""


class EventSourceJson(msgspec.Struct, gc=False):
    """`source` of an event."""

    component: str = ""


class EventSeriesJson(msgspec.Struct, gc=False, rename="camel"):
    """`series` of an event that newer components write instead of `count`."""

    count: int = 0
    last_observed_time: AwareTime | None = None


class EventJson(msgspec.Struct, gc=False, rename="camel"):
    """One event, in the form of core/v1."""

    involved_object: InvolvedObjectJson = msgspec.field(default_factory=InvolvedObjectJson)
    reason: str = ""
    message: str = ""
    source: EventSourceJson | None = None
    first_timestamp: AwareTime | None = None
    last_timestamp: AwareTime | None = None
    event_time: AwareTime | None = None
    count: int | None = None
    type: str = ""
    series: EventSeriesJson | None = None
    reporting_component: str = ""


class EventListResponse(msgspec.Struct, gc=False):
    """`GET …/events`."""

    items: list[EventJson] | None = None


class LogEntryJson(msgspec.Struct, gc=False, rename="camel"):
    """`result` of one line of a log. The last line has `last` and an empty content."""

    content: str = ""
    time_stamp: AwareTime | None = None
    time_stamp_str: str = ""
    last: bool = False
    pod_name: str = ""


class LogEvent(msgspec.Struct, gc=False):
    """One line of `GET …/logs`."""

    result: LogEntryJson | None = None
    error: StreamError | None = None


class LogTextJson(msgspec.Struct, gc=False):
    """The text alone of `result`."""

    content: str = ""


class LogTextEvent(msgspec.Struct, gc=False):
    """One line of `GET …/logs`, whose other fields were read before."""

    result: LogTextJson


class RevisionMetadataResponse(msgspec.Struct, gc=False):
    """`GET …/revisions/{revision}/metadata`. It works for commits only; a branch is answered with 500."""

    author: str = ""
    date: AwareTime | None = None
    message: str = ""
    tags: list[str] | None = None


class DeploymentJson(msgspec.Struct, gc=False, rename="camel"):
    """One of `status.history` of an application, with what the history screen shows."""

    id: int = 0
    revision: str | None = None
    revisions: list[str] | None = None
    deployed_at: AwareTime | None = None
    deploy_started_at: AwareTime | None = None
    initiated_by: Initiator | None = None


class SyncResultItemJson(msgspec.Struct, gc=False, rename="camel"):
    """One of `status.operationState.syncResult.resources`."""

    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str = ""
    message: str = ""
    hook_type: str = ""
    hook_phase: str = ""


class DetailedSyncResult(msgspec.Struct, gc=False):
    """`status.operationState.syncResult`."""

    resources: list[SyncResultItemJson] | None = None


class DetailedOperationState(msgspec.Struct, gc=False, rename="camel"):
    """`status.operationState`."""

    sync_result: DetailedSyncResult | None = None


class DetailedStatus(msgspec.Struct, gc=False, rename="camel"):
    """`status` of an application."""

    resources: list[ResourceJson] | None = None
    history: list[DeploymentJson] | None = None
    operation_state: DetailedOperationState | None = None


class ApplicationDetailsResponse(msgspec.Struct, gc=False):
    """`GET …/{name}`: the parts that a list leaves out."""

    status: DetailedStatus = msgspec.field(default_factory=DetailedStatus)
