"""The Spec pane: sources, policies and sync windows, and their failures."""

from __future__ import annotations

import pytest

from anchor_tui.domain.inspection.sync_windows import AssignedWindows, SyncWindow
from anchor_tui.domain.readings import Stale
from anchor_tui.tui.inspection.spec import SpecPanel
from tests.argocd_recordings import load_recording
from tests.tui.inspection.pane_app import REFUSED, FakeInspector, fresh, open_pane

WINDOWS = AssignedWindows(
    (
        SyncWindow("deny", "0 22 * * *", "8h", False, False, "Europe/Berlin", "Nightly batch"),
        SyncWindow("allow", "0 6 * * 1-5", "12h", True, True, "Europe/Berlin"),
    )
)


def inspector(recording: str = "get", windows: object = None, **spec: object) -> FakeInspector:
    manifest = load_recording(recording).body
    manifest = manifest | {"spec": manifest["spec"] | spec}
    found = fresh(AssignedWindows()) if windows is None else windows
    return FakeInspector(read_application_manifest=fresh(manifest), read_sync_windows=found)


async def test_the_settings_are_explained():
    async with open_pane(SpecPanel, inspector()) as ui:
        await ui.wait_for("https://github.com/anchor/anchor-msp-ops.git at main, infra/helm/platform")
        assert "values.yaml, environments/prod/values.yaml" in ui.text
        assert "https://kubernetes.default.svc, namespace anchor-prod" in ui.text
        assert "automated; prune deletes what git does not have; self-heal reverts manual changes" in ui.text
        assert "CreateNamespace=true" in ui.text
        assert "none: syncs are always allowed" in ui.text


async def test_several_sources_are_numbered():
    async with open_pane(SpecPanel, inspector("get-partner")) as ui:
        await ui.wait_for("source 2")
        assert "value files only, as $values" in ui.text
        assert "manual: an operator starts every sync" in ui.text


async def test_retries_and_ignored_fields_are_described():
    ignored = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]
    retry = {"retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}}}
    async with open_pane(SpecPanel, inspector(ignoreDifferences=ignored, syncPolicy=retry)) as ui:
        await ui.wait_for("5 times at most; 5s later, then 2 times as long, 3m at most")
        assert "1 rule: apps/Deployment /spec/replicas" in ui.text


async def test_a_window_names_its_next_change():
    async with open_pane(SpecPanel, inspector(windows=fresh(WINDOWS))) as ui:
        await ui.wait_for("2 windows; a manual sync is allowed now")
        assert "not active; opens in 6 h (Mon 23 Nov 21:00Z)" in ui.text
        assert "active; closes in 2 h (Mon 23 Nov 17:00Z)" in ui.text
        await ui.press("end")
        assert "manual syncs pass" in ui.text


async def test_a_blocked_sync_is_in_the_summary():
    blocked = AssignedWindows((SyncWindow("deny", "0 0 * * *", "24h", True),), False, "the project is not readable: no")
    async with open_pane(SpecPanel, inspector(windows=fresh(blocked))) as ui:
        await ui.wait_for("! 1 window; a sync is blocked now")
        assert ui.panel.summary == "a sync window blocks syncs now"
        assert "it does not close" in ui.text
        await ui.press("end")
        assert "UTC assumed, the project is not readable: no" in ui.text


async def test_unreadable_windows_leave_the_rest():
    async with open_pane(SpecPanel, inspector(windows=REFUSED)) as ui:
        await ui.wait_for("? permission denied: applications, get")
        assert "infra/helm/platform" in ui.text


async def test_an_unreadable_schedule_is_shown():
    odd = AssignedWindows((SyncWindow("allow", "soon", "1h"),))
    async with open_pane(SpecPanel, inspector(windows=fresh(odd))) as ui:
        await ui.wait_for("the schedule “soon” does not have five fields")


async def test_a_setting_is_copied_by_its_row():
    async with open_pane(SpecPanel, inspector()) as ui:
        row = ui.panel.query_one("#rows").highlighted_row
        assert row.clipboard_text.startswith("https://github.com/anchor/anchor-msp-ops.git")


async def test_the_filter_narrows_the_settings():
    async with open_pane(SpecPanel, inspector()) as ui:
        await ui.press("slash", *"retry", "enter")
        assert "the default of Argo CD" in ui.text
        assert "destination" not in ui.text


async def test_a_refusal_names_the_missing_right():
    refused = FakeInspector(read_application_manifest=REFUSED, read_sync_windows=REFUSED)
    async with open_pane(SpecPanel, refused, (80, 24)) as ui:
        await ui.wait_for("specification: permission denied: applications, get: ask for this right")


async def test_a_stale_specification_stays():
    source = inspector()
    async with open_pane(SpecPanel, source) as ui:
        source.readings["read_application_manifest"] = REFUSED
        await ui.read()
        await ui.wait_until(lambda: isinstance(ui.panel.reading, Stale))
        assert "infra/helm/platform" in ui.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_pictures(size, picture):
    async with open_pane(SpecPanel, inspector(windows=fresh(WINDOWS)), size) as ui:
        await ui.press("end")
        assert ui.picture() == picture
