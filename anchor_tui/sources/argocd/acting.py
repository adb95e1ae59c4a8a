"""What an action needs of Argo CD: one application as it is this moment, and the requests that change something.

Nothing is asked twice here, and nothing is remembered: who acts knows what a lost answer means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import msgspec

from anchor_tui.domain.actions.cluster import (
    AppState,
    OperationDetail,
    Permission,
    ResourceStatus,
    SyncedResource,
    SyncWindows,
)
from anchor_tui.domain.actions.differences import differences
from anchor_tui.domain.actions.parts import AppTarget, Request, ResourceRef
from anchor_tui.domain.formatting import get_first_line
from anchor_tui.domain.kubernetes.managed_resources import read_managed_resources
from anchor_tui.sources.argocd.managed_resources import ManagedResourcesJson
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import ApplicationJson, AwareTime, HealthJson, to_observed_application
from anchor_tui.sources.errors import Rejected, SourceError

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient

T = TypeVar("T")
REFRESHING = "argocd.argoproj.io/refresh"


class _Annotated(msgspec.Struct):
    annotations: dict[str, str] | None = None


class _Info(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Operation(msgspec.Struct):
    info: list[_Info] | None = None


class _Resource(msgspec.Struct, rename="camel"):
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


class _Result(msgspec.Struct):
    revision: str | None = None
    resources: list[_Resource] | None = None


class _State(msgspec.Struct, rename="camel"):
    phase: str = ""
    message: str = ""
    operation: _Operation | None = None
    started_at: AwareTime | None = None
    finished_at: AwareTime | None = None
    retry_count: int = 0
    sync_result: _Result | None = None


class _Status(msgspec.Struct, rename="camel"):
    controller_namespace: str | None = None
    resources: list[_Resource] | None = None
    operation_state: _State | None = None


class _Spec(msgspec.Struct):
    project: str | None = None
    sources: list[msgspec.Raw] | None = None


class DetailWire(msgspec.Struct):
    """What an action reads of an application beyond what a snapshot does."""

    metadata: _Annotated = msgspec.field(default_factory=_Annotated)
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)
    operation: _Operation | None = None


class _Windows(msgspec.Struct, rename="camel"):
    """`GET …/syncwindows`."""

    can_sync: bool = False
    active_windows: list[_Window] | None = None


class _Window(msgspec.Struct):
    kind: str = ""
    schedule: str = ""
    duration: str = ""


class _Allowed(msgspec.Struct):
    """`GET …/can-i/…`."""

    value: str = ""


class _Revision(msgspec.Struct):
    """`GET …/revisions/{revision}/metadata`."""

    message: str = ""


def to_state(answer: ApiResponse, server: str, web_url: str) -> AppState:
    """One application's GET, or the answer to a sync of it, in the domain's terms. Raises BadAnswer."""
    observed = to_observed_application(answer.decode(ApplicationJson), server, web_url)
    detail = answer.decode(DetailWire)
    return AppState(
        observed.application,
        server_time(answer),
        detail.spec.project,
        REFRESHING in (detail.metadata.annotations or {}),
        len(detail.spec.sources or ()) > 1,
        observed.sync_options,
        detail.status.controller_namespace,
        _info(detail.operation) if detail.operation else None,
        _operation(detail.status.operation_state),
        tuple(
            ResourceStatus(
                each.ref, each.status, each.health.status if each.health else None, each.requires_pruning, each.hook
            )
            for each in detail.status.resources or ()
        ),
    )


def server_time(answer: ApiResponse) -> datetime:
    """The server's clock when it answered; ours where it did not say."""
    try:
        return parsedate_to_datetime(answer.date).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC).replace(microsecond=0)


def _info(operation: _Operation | None) -> dict[str, str]:
    return {each.name: each.value for each in (operation.info if operation else None) or ()}


def _operation(state: _State | None) -> OperationDetail | None:
    if state is None or not state.phase:
        return None
    result = state.sync_result or _Result()
    return OperationDetail(
        state.phase,
        state.message,
        _info(state.operation),
        state.started_at.astimezone(UTC) if state.started_at else None,
        state.finished_at.astimezone(UTC) if state.finished_at else None,
        result.revision,
        state.retry_count,
        tuple(SyncedResource(each.ref, each.status or "", each.message) for each in result.resources or ()),
    )


# --- asking -------------------------------------------------------------------------------------------


async def read_state(client: ArgoClient, target: AppTarget, web_url: str = "") -> AppState:
    """One application, and nothing around it. Raises SourceError."""
    answer = await client.get(_relative(target.path), target.query)
    return to_state(answer, target.id.server, web_url)


async def read_whole(client: ArgoClient, target: AppTarget, web_url: str = "") -> AppState:
    """One application with its manifests, sync windows and what the token may do. Raises SourceError for itself only.

    What cannot be asked beside it is said to be unknown.
    """
    observed = await read_state(client, target, web_url)
    known = AppTarget(target.id, observed.project or target.project)
    managed, windows, may_sync, may_update, revision = await asyncio.gather(
        _or_error(client.get(f"{_relative(known.path)}/managed-resources", known.query)),
        _or_error(client.get(f"{_relative(known.path)}/syncwindows", known.query)),
        may(client, observed, "sync"),
        may(client, observed, "update"),
        _subject(client, known, observed.application.compared_revision),
    )
    items = _decoded(managed, ManagedResourcesJson)
    window = _decoded(windows, _Windows)
    return msgspec.structs.replace(
        observed,
        managed=read_managed_resources(items.items or (), target.id.name, observed.sync_options)
        if isinstance(items, ManagedResourcesJson)
        else None,
        differences=differences(items.items or ()) if isinstance(items, ManagedResourcesJson) else (),
        unmanaged=items.message if isinstance(items, SourceError) else "",
        windows=_to_windows(window) if isinstance(window, _Windows) else None,
        may_sync=may_sync,
        may_update=may_update,
        subject=revision,
    )


async def may(client: ArgoClient, state: AppState, action: str) -> Permission:
    """Whether the token may do something with an application.

    `can-i` takes `project/name` in Argo CD's own namespace, `project/namespace/name` in any other.
    """
    target = state.target
    if not target.project:
        return "unknown"
    own = state.own_namespace in {None, target.id.namespace}
    name = target.id.name if own else f"{target.id.namespace}/{target.id.name}"
    path = f"api/v1/account/can-i/applications/{action}/{quote(f'{target.project}/{name}')}"
    allowed = _decoded(await _or_error(client.get(path)), _Allowed)
    if isinstance(allowed, SourceError):
        return "unknown"
    return "yes" if allowed.value == "yes" else "no"


async def _subject(client: ArgoClient, target: AppTarget, revision: str | None) -> str:
    if not revision or "," in revision:
        return ""
    path = f"{_relative(target.path)}/revisions/{quote(revision)}/metadata"
    found = _decoded(await _or_error(client.get(path, target.query)), _Revision)
    return get_first_line(found.message) if isinstance(found, _Revision) else ""


async def _or_error(call: Awaitable[ApiResponse]) -> ApiResponse | SourceError:
    try:
        return await call
    except SourceError as error:
        return error


def _decoded(answer: ApiResponse | SourceError, shape: type[T]) -> T | SourceError:
    if isinstance(answer, SourceError):
        return answer
    try:
        return answer.decode(shape)
    except SourceError as error:
        return error


def _to_windows(found: _Windows) -> SyncWindows:
    return SyncWindows(
        found.can_sync,
        tuple(f"{each.kind} {each.schedule} for {each.duration}" for each in found.active_windows or ()),
    )


# --- changing -----------------------------------------------------------------------------------------


async def send(client: ArgoClient, request: Request, *, timeout_s: float | None = None) -> ApiResponse:
    """One request of a step, once. Raises SourceError; whether it may have been carried out, its `lost` tells."""
    extra = {} if timeout_s is None else {"timeout_s": timeout_s}
    return await client.send(request.method, _relative(request.path), request.query, request.body, **extra)


def is_busy(error: SourceError) -> bool:
    """Whether a sync was refused since another operation runs: 400, not 409."""
    return isinstance(error, Rejected) and "another operation is already in progress" in error.message


def _relative(path: str) -> str:
    return path.lstrip("/")
