"""The sync windows of an application, from the recorded responses of a real Argo CD."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from anchor_tui.domain.inspection.application_spec import read_application_spec
from anchor_tui.domain.inspection.sync_windows import AssignedWindows, SyncWindow
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.inspection_reader import read_application_manifest
from anchor_tui.sources.argocd.inspection_windows import read_sync_windows
from tests.argocd_recordings import replay_transport
from tests.sources.argocd.fakes import make_client

PROJECT = "anchor-msp"


def read(name: str, windows: str, project: str) -> AssignedWindows:
    async def run() -> Any:
        paths = {
            f"/api/v1/applications/{name}/syncwindows": windows,
            f"/api/v1/projects/{PROJECT}": project,
        }
        client = make_client(replay_transport(paths))
        try:
            return await read_sync_windows(client, AppId("main", "argocd", name), PROJECT)
        finally:
            await client.aclose()

    return asyncio.run(run())


def test_a_window_has_the_zone_of_its_project():
    found = read("anchor-msp-dr", "syncwindows", "project")
    assert not found.can_sync
    assert found.windows == (
        SyncWindow("deny", "0 0 * * *", "24h", True, False, "Europe/Berlin", "Disaster recovery site: frozen"),
    )
    (window,) = read("anchor-msp-partner", "syncwindows-allow", "project").windows
    assert (window.kind, window.allows_manual, window.time_zone) == ("allow", True, "Europe/Berlin")


def test_an_unreadable_project_leaves_the_zones_unknown():
    found = read("anchor-msp-dr", "syncwindows", "project-403")
    assert [window.time_zone for window in found.windows] == [""]
    assert "the project is not readable" in found.zone_problem


def test_an_application_without_windows_needs_no_project():
    assert read("anchor-msp-prod", "syncwindows-none", "project-403") == AssignedWindows((), True, "")


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ("get", ("anchor-msp", 1, True, "CreateNamespace=true")),
        ("get-partner", ("anchor-msp", 2, False, "CreateNamespace=true")),
        ("get-sync-error", ("anchor-msp", 1, True, "CreateNamespace=true")),
    ],
)
def test_a_recorded_specification_is_read(recording, expected):
    async def run() -> Any:
        client = make_client(replay_transport({"/api/v1/applications/a": recording}))
        try:
            return await read_application_manifest(client, AppId("main", "argocd", "a"), PROJECT)
        finally:
            await client.aclose()

    manifest = asyncio.run(run())
    assert manifest["kind"] == "Application"
    spec = read_application_spec(manifest)
    assert (spec.project, len(spec.sources), spec.automated is not None, spec.sync_options[0]) == expected
    assert spec.sources[0].value_files[0] == "values.yaml"
