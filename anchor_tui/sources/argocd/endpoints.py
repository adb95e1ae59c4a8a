"""What is asked of Argo CD: paths and fields."""

from __future__ import annotations

APPLICATIONS = "api/v1/applications"
STREAM = "api/v1/stream/applications"
VERSION = "api/version"
SETTINGS = "api/v1/settings"

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
"""What a list can give and the first picture needs; everything else comes with the stream."""

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
"""`error` must be among them: without it a failing stream says nothing but `{}`."""

LIST_REQUEST = (APPLICATIONS, {"fields": ",".join(LIST_FIELDS)})
WATCH_REQUEST = (STREAM, {"fields": ",".join(WATCH_FIELDS)})
FIRST_REQUESTS = (LIST_REQUEST, (VERSION, dict[str, str]()), (SETTINGS, dict[str, str]()))
"""The first requests, of which none needs another."""
