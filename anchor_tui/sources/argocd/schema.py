"""The JSON of Argo CD's responses, as structs.

They contain only the fields that are used. Unknown fields are ignored; absent ones have defaults, because the server
omits false and empty values. Source: `GET /api/v1/applications`, its stream, and the recordings.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

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
    """`spec.syncPolicy.automated`; `enabled` exists from 3.1 on."""

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
    """`status.sync`: the result of the last comparison."""

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
    """An operation as it was requested."""

    initiated_by: Initiator | None = None
    sync: OperationSync | None = None


class SyncResult(msgspec.Struct, rename="camel"):
    """`status.operationState.syncResult`."""

    revision: str | None = None
    revisions: list[str] | None = None


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
    """The part of an application that identifies it."""

    metadata: ApplicationMetadata = msgspec.field(default_factory=ApplicationMetadata)


class ApplicationListResponse(msgspec.Struct):
    """`GET /api/v1/applications`: an empty list is `null`. Items stay raw, so that a malformed one spoils no other."""

    items: list[msgspec.Raw] | None


class StreamError(msgspec.Struct):
    """The last line of a stream that failed."""

    message: str = ""
    http_code: int = 0


class StreamResult(msgspec.Struct):
    """One event: `ADDED` and `MODIFIED` both contain the present state."""

    type: str = ""
    application: msgspec.Raw = msgspec.Raw(b"{}")


class StreamEvent(msgspec.Struct):
    """One line of `GET /api/v1/stream/applications`."""

    result: StreamResult | None = None
    error: StreamError | None = None


class ErrorResponse(msgspec.Struct):
    """The body of an error; in a stream it is one level deeper."""

    error: str | StreamError = ""
    message: str = ""


class VersionResponse(msgspec.Struct, rename="pascal"):
    """`GET /api/version`."""

    version: str | None = None


class SettingsResponse(msgspec.Struct, rename="camel"):
    """`GET /api/v1/settings`; `controller_namespace` only with a valid token."""

    url: str | None = None
    controller_namespace: str | None = None


class UserInfoResponse(msgspec.Struct, rename="camel"):
    """`GET /api/v1/session/userinfo`: never 401; empty without a valid token."""

    logged_in: bool = False
    username: str | None = None
    iss: str | None = None
    groups: list[str] | None = None
