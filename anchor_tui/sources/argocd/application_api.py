"""Reads the current state of one application, and sends the requests of steps.

Nothing is repeated or cached: the caller decides what a lost response means.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import msgspec

from anchor_tui.domain.actions.application_state import (
    ApplicationResource,
    AppState,
    OperationDetail,
    Permission,
    SyncedResource,
    SyncWindows,
)
from anchor_tui.domain.actions.resource_diff import field_differences
from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.actions.steps import REQUEST_INFO, Sync
from anchor_tui.domain.formatting import get_first_line
from anchor_tui.domain.kubernetes.managed_resources import read_managed_resources
from anchor_tui.domain.text_limits import limit_text, limit_texts
from anchor_tui.sources.api_request import ApiRequest
from anchor_tui.sources.argocd.application_conversion import join_revisions, to_observed_application
from anchor_tui.sources.argocd.endpoints import CAN_I, application_path, application_query
from anchor_tui.sources.argocd.managed_resources import ManagedResourcesJson
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import ApplicationJson, AwareTime, HealthJson
from anchor_tui.sources.argocd.step_requests import build_argocd_request
from anchor_tui.sources.errors import ClientError, InvalidResponse, SourceError
from anchor_tui.sources.json_body import to_utc

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient

T = TypeVar("T")
REFRESH_ANNOTATION = "argocd.argoproj.io/refresh"


class _DetailMetadata(msgspec.Struct):
    name: str = ""
    annotations: dict[str, str] | None = None


class _OperationInfo(msgspec.Struct):
    name: str = ""
    value: str = ""


class _DetailOperation(msgspec.Struct):
    info: list[_OperationInfo] | None = None


class _DetailResource(msgspec.Struct, rename="camel"):
    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str | None = None
    health: HealthJson | None = None
    hook: bool = False
    requires_pruning: bool = False
    message: str = ""

    @property
    def ref(self) -> ResourceRef:
        return ResourceRef(self.kind, self.namespace, self.name, self.group)


class _DetailSyncResult(msgspec.Struct):
    revision: str | None = None
    revisions: list[str] | None = None
    resources: list[_DetailResource] | None = None


class _DetailOperationState(msgspec.Struct, rename="camel"):
    phase: str = ""
    message: str = ""
    operation: _DetailOperation | None = None
    started_at: AwareTime | None = None
    finished_at: AwareTime | None = None
    retry_count: int = 0
    sync_result: _DetailSyncResult | None = None


class _DetailStatus(msgspec.Struct, rename="camel"):
    controller_namespace: str | None = None
    resources: list[_DetailResource] | None = None
    operation_state: _DetailOperationState | None = None


class _DetailSpec(msgspec.Struct):
    project: str | None = None
    sources: list[msgspec.Raw] | None = None


class ApplicationDetail(msgspec.Struct):
    """The fields of an application that only actions read."""

    metadata: _DetailMetadata = msgspec.field(default_factory=_DetailMetadata)
    spec: _DetailSpec = msgspec.field(default_factory=_DetailSpec)
    status: _DetailStatus = msgspec.field(default_factory=_DetailStatus)
    operation: _DetailOperation | None = None


class _SyncWindowsResponse(msgspec.Struct, rename="camel"):
    """`GET …/syncwindows`."""

    can_sync: bool = False
    active_windows: list[_SyncWindow] | None = None


class _SyncWindow(msgspec.Struct):
    kind: str = ""
    schedule: str = ""
    duration: str = ""


class _PermissionResponse(msgspec.Struct):
    """`GET …/can-i/…`."""

    value: str = ""


class _RevisionMetadata(msgspec.Struct):
    """`GET …/revisions/{revision}/metadata`."""

    message: str = ""


def to_app_state(answer: ApiResponse, server: str, web_url: str) -> AppState:
    """Convert the response to a GET or a sync of an application. Raises InvalidResponse."""
    observed = to_observed_application(answer.decode(ApplicationJson), server, web_url)
    detail = answer.decode(ApplicationDetail)
    state = AppState(
        observed.application,
        server_time(answer),
        detail.spec.project,
        REFRESH_ANNOTATION in (detail.metadata.annotations or {}),
        len(detail.spec.sources or ()) > 1,
        observed.sync_options,
        detail.status.controller_namespace,
        _info_values(detail.operation) if detail.operation else None,
        _to_operation_detail(detail.status.operation_state),
        tuple(
            ApplicationResource(
                resource.ref,
                resource.status,
                resource.health.status if resource.health else None,
                resource.requires_pruning,
                resource.hook,
            )
            for resource in detail.status.resources or ()
        ),
    )
    return limit_texts(state)


def server_time(answer: ApiResponse) -> datetime:
    """Return the time of the response by the server's clock, or the local time without a usable Date header."""
    with contextlib.suppress(ValueError, TypeError, OverflowError, IndexError):
        if (moment := to_utc(parsedate_to_datetime(answer.date))) is not None:
            return moment
    return datetime.now(UTC).replace(microsecond=0)


def _info_values(operation: _DetailOperation | None) -> dict[str, str]:
    return {info.name: info.value for info in (operation.info if operation else None) or ()}


def _to_operation_detail(state: _DetailOperationState | None) -> OperationDetail | None:
    if state is None or not state.phase:
        return None
    result = state.sync_result or _DetailSyncResult()
    return OperationDetail(
        state.phase,
        state.message,
        _info_values(state.operation),
        to_utc(state.started_at),
        to_utc(state.finished_at),
        join_revisions(result.revision, result.revisions),
        state.retry_count,
        tuple(
            SyncedResource(resource.ref, resource.status or "", resource.message) for resource in result.resources or ()
        ),
    )


# --- reading ------------------------------------------------------------------------------------------


async def read_application(client: ArgoClient, target: ApplicationRef, web_url: str = "") -> AppState:
    """Read one application. Raises SourceError."""
    answer = await client.get(application_path(target.id), application_query(target.id, target.project))
    return to_app_state(answer, target.id.server, web_url)


async def read_application_details(client: ArgoClient, target: ApplicationRef, web_url: str = "") -> AppState:
    """Read one application with its manifests, sync windows and permissions.

    Raises SourceError if the application is unreadable. Other unreadable parts are unknown.
    """
    observed = await read_application(client, target, web_url)
    known = ApplicationRef(target.id, observed.project or target.project)
    path, query = application_path(known.id), application_query(known.id, known.project)
    managed, windows, may_sync, may_update, revision = await asyncio.gather(
        _response_or_error(client.get(f"{path}/managed-resources", query)),
        _response_or_error(client.get(f"{path}/syncwindows", query)),
        read_permission(client, observed, "sync"),
        read_permission(client, observed, "update"),
        _read_commit_subject(client, known, observed.application.compared_revision),
    )
    resources = _decode_or_error(managed, ManagedResourcesJson)
    objects = resources.read_objects() if isinstance(resources, ManagedResourcesJson) else None
    window = _decode_or_error(windows, _SyncWindowsResponse)
    return msgspec.structs.replace(
        observed,
        managed=None if objects is None else read_managed_resources(objects, target.id.name, observed.sync_options),
        differences=limit_texts(field_differences(objects or ())),
        managed_error=resources.message if isinstance(resources, SourceError) else "",
        windows=_to_windows(window) if isinstance(window, _SyncWindowsResponse) else None,
        may_sync=may_sync,
        may_update=may_update,
        commit_subject=revision,
    )


async def read_permission(client: ArgoClient, state: AppState, action: str) -> Permission:
    """Return whether the token may execute an action on an application."""
    target = state.app_ref
    return await ask_permission(client, action, f"{target.project}/{rbac_name(state)}") if target.project else "unknown"


async def ask_permission(client: ArgoClient, action: str, subject: str) -> Permission:
    """Return the answer of `can-i` for an action on `project/name`."""
    path = f"{CAN_I}/applications/{quote(action, safe='')}/{quote(subject)}"
    allowed = _decode_or_error(await _response_or_error(client.get(path)), _PermissionResponse)
    if isinstance(allowed, SourceError):
        return "unknown"
    return "yes" if allowed.value == "yes" else "no"


def rbac_name(state: AppState) -> str:
    """Return the name in RBAC rules: `name` in Argo CD's own namespace, `namespace/name` in any other."""
    id_ = state.app_ref.id
    return id_.name if state.own_namespace in {None, id_.namespace} else f"{id_.namespace}/{id_.name}"


async def _read_commit_subject(client: ArgoClient, target: ApplicationRef, revision: str | None) -> str:
    if not revision or "," in revision:
        return ""
    path = f"{application_path(target.id)}/revisions/{quote(revision)}/metadata"
    found = _decode_or_error(
        await _response_or_error(client.get(path, application_query(target.id, target.project))), _RevisionMetadata
    )
    return limit_text(get_first_line(found.message)) if isinstance(found, _RevisionMetadata) else ""


async def _response_or_error(call: Awaitable[ApiResponse]) -> ApiResponse | SourceError:
    try:
        return await call
    except SourceError as error:
        return error


def _decode_or_error(answer: ApiResponse | SourceError, shape: type[T]) -> T | SourceError:
    if isinstance(answer, SourceError):
        return answer
    try:
        return answer.decode(shape)
    except SourceError as error:
        return error


def _to_windows(found: _SyncWindowsResponse) -> SyncWindows:
    return SyncWindows(
        found.can_sync,
        tuple(f"{window.kind} {window.schedule} for {window.duration}" for window in found.active_windows or ()),
    )


# --- writing ------------------------------------------------------------------------------------------


async def send_request(client: ArgoClient, request: ApiRequest, *, timeout_s: float | None = None) -> ApiResponse:
    """Send the request of a step, once. Raises SourceError; `maybe_applied` is set if it may have been applied."""
    extra = {} if timeout_s is None else {"timeout_s": timeout_s}
    return await client.send(request.method, request.path.removeprefix("/"), request.query, request.body, **extra)


async def send_sync(client: ArgoClient, step: Sync) -> None:
    """Send a sync, once. Raises SourceError; InvalidResponse if the answer is not this application with our operation.

    Argo CD answers with the application, whose pending or running operation has the id of the request.
    """
    answer = await send_request(client, build_argocd_request(step))
    detail = answer.decode(ApplicationDetail)
    state = detail.status.operation_state
    infos = [_info_values(detail.operation), _info_values(state.operation if state else None)]
    is_own = any(info.get(REQUEST_INFO) == step.request_id for info in infos)
    if detail.metadata.name != step.app.id.name or not is_own:
        raise InvalidResponse(f"Argo CD's answer to the sync does not contain the operation of {step.app.title}")


def is_operation_running_error(error: SourceError) -> bool:
    """Return whether a sync was refused because another operation is running: HTTP 400, not 409."""
    return isinstance(error, ClientError) and "another operation is already in progress" in error.message
