"""The read requests to Argo CD: paths, queries and selected fields.

Loaded before the first request is sent: import nothing here that takes time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from anchor_tui.domain.actions.step_base import ResourceRef
    from anchor_tui.domain.inspection.resource_tree import ResourceKey
    from anchor_tui.domain.model import AppId

APPLICATIONS = "api/v1/applications"
STREAM = "api/v1/stream/applications"
VERSION = "api/version"
SETTINGS = "api/v1/settings"
CAN_I = "api/v1/account/can-i"

LIST_FIELDS = (
    "metadata.resourceVersion",
    "items.metadata.name",
    "items.metadata.namespace",
    "items.metadata.labels",
    "items.metadata.deletionTimestamp",
    "items.spec",
    "items.status.sync.status",
    "items.status.sync.revision",
    "items.status.health",
    "items.status.summary",
    "items.status.operationState.phase",
    "items.status.operationState.startedAt",
    "items.status.operationState.finishedAt",
    "items.operation.sync",
)
"""The fields of the first picture that a list can select; the stream brings everything else."""

_STATUS_FIELDS = (
    "sync.status",
    "sync.revision",
    "sync.revisions",
    "health",
    "history",
    "conditions",
    "resources",
    "summary",
    "reconciledAt",
    "operationState.phase",
    "operationState.message",
    "operationState.startedAt",
    "operationState.finishedAt",
    "operationState.operation",
    "operationState.syncResult.revision",
    "operationState.syncResult.revisions",
)

WATCH_FIELDS = (
    "result.type",
    "error",
    "result.application.metadata.name",
    "result.application.metadata.namespace",
    "result.application.metadata.labels",
    "result.application.metadata.deletionTimestamp",
    "result.application.spec",
    "result.application.operation",
    *(f"result.application.status.{name}" for name in _STATUS_FIELDS),
)
"""Without `error` a stream that fails sends only `{}`."""

LIST_REQUEST = (APPLICATIONS, {"fields": ",".join(LIST_FIELDS)})
WATCH_REQUEST = (STREAM, {"fields": ",".join(WATCH_FIELDS)})
FIRST_REQUESTS = (LIST_REQUEST, (VERSION, dict[str, str]()), (SETTINGS, dict[str, str]()))
"""The first requests; none depends on the response to another."""


def application_path(id: AppId) -> str:  # noqa: A002 - the word that the domain uses
    """Return an application's path. It contains the name only; `application_query` has the namespace."""
    return f"{APPLICATIONS}/{quote(id.name, safe='')}"


def tree_stream_path(id: AppId) -> str:  # noqa: A002
    """Return the path of the stream of an application's resource tree."""
    return f"{STREAM}/{quote(id.name, safe='')}/resource-tree"


def application_query(id: AppId, project: str | None) -> dict[str, str]:  # noqa: A002
    """Return the query that identifies an application: without the project, unknown and forbidden look alike."""
    query = {"appNamespace": id.namespace, "project": project or ""}
    return {name: value for name, value in query.items() if value}


def resource_query(resource: ResourceRef | ResourceKey, version: str) -> dict[str, str]:
    """Return the query that identifies a resource of an application."""
    return {
        "namespace": resource.namespace,
        "resourceName": resource.name,
        "group": resource.group,
        "version": version,
        "kind": resource.kind,
    }
