"""The panes when there is nothing to show, and when Argo CD refuses: pictures."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.sync_windows import AssignedWindows
from anchor_tui.tui.inspection.diff import DiffPanel
from anchor_tui.tui.inspection.history import HistoryPanel
from anchor_tui.tui.inspection.live_yaml import YamlPanel
from anchor_tui.tui.inspection.spec import SpecPanel
from tests.tui.inspection.pane_app import REFUSED, FakeInspector, fresh, open_pane

SIZES = [(80, 24), (120, 40)]
PANES: dict[str, Any] = {"diff": DiffPanel, "yaml": YamlPanel, "history": HistoryPanel, "spec": SpecPanel}
PARTS = ("read_differences", "read_application_manifest", "read_details", "read_sync_windows")
STATES: dict[str, dict[str, Any]] = {
    "refused": dict.fromkeys(PARTS, REFUSED),
    "empty": {
        "read_differences": fresh(()),
        "read_application_manifest": fresh({}),
        "read_details": fresh(ApplicationDetails()),
        "read_sync_windows": fresh(AssignedWindows()),
    },
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("pane", PANES)
async def test_picture(pane, state, size, picture):
    async with open_pane(PANES[pane], FakeInspector(**STATES[state]), size) as ui:
        for _ in range(3):
            await ui.pilot.pause()
        assert ui.picture() == picture
