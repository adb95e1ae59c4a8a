"""Reads the sync windows of an application, with what only its project contains: time zones and descriptions."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from anchor_tui.domain.inspection.sync_windows import AssignedWindows, SyncWindow
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.endpoints import application_path, application_query
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.errors import SourceError

PROJECTS = "api/v1/projects"


class _WindowJson(msgspec.Struct, rename="camel"):
    kind: str = ""
    schedule: str = ""
    duration: str = ""
    manual_sync: bool = False
    time_zone: str = ""
    description: str = ""

    @property
    def identity(self) -> tuple[str, str, str, bool]:
        """The values by which a window of the project is found: neither answer has an id."""
        return self.kind, self.schedule, self.duration, self.manual_sync


class _AssignedWindowsResponse(msgspec.Struct, rename="camel"):
    """`GET …/syncwindows`."""

    active_windows: list[_WindowJson] | None = None
    assigned_windows: list[_WindowJson] | None = None
    can_sync: bool = False


class _ProjectSpec(msgspec.Struct, rename="camel"):
    sync_windows: list[_WindowJson] | None = None


class _ProjectResponse(msgspec.Struct):
    """`GET …/projects/{name}`."""

    spec: _ProjectSpec = msgspec.field(default_factory=_ProjectSpec)


async def read_sync_windows(client: ReadClient, id_: AppId, project: str | None) -> AssignedWindows:
    """Return the windows of an application. Raises SourceError.

    Reading the project is another right. Without it the time zones are unknown.
    """
    response = await client.get(f"{application_path(id_)}/syncwindows", application_query(id_, project))
    answer = response.decode(_AssignedWindowsResponse)
    assigned, problem = answer.assigned_windows or [], ""
    described: list[_WindowJson] = []
    if assigned and project:
        try:
            found = await client.get(f"{PROJECTS}/{quote(project, safe='')}", {})
            described = found.decode(_ProjectResponse).spec.sync_windows or []
        except SourceError as error:
            problem = f"the project is not readable: {error.message}"
    active = {window.identity for window in answer.active_windows or ()}
    return AssignedWindows(
        tuple(_to_window(window, active, described) for window in assigned), answer.can_sync, problem
    )


def _to_window(
    window: _WindowJson, active: Iterable[tuple[str, str, str, bool]], described: Iterable[_WindowJson]
) -> SyncWindow:
    known = next((found for found in described if found.identity == window.identity), window)
    return SyncWindow(
        window.kind,
        window.schedule,
        window.duration,
        window.identity in active,
        window.manual_sync,
        known.time_zone or ("UTC" if known is not window else ""),
        known.description,
    )
