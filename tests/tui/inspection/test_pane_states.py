"""The panes when there is nothing to show, when Argo CD refuses, and when it does not answer any more: pictures.

A stale pane keeps its last data. Its note contains the reason; the application screen draws the note beside the tabs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.sync_windows import AssignedWindows
from anchor_tui.domain.readings import Stale
from anchor_tui.tui.inspection.diff import DiffPanel
from anchor_tui.tui.inspection.history import HistoryPanel
from anchor_tui.tui.inspection.live_yaml import YamlPanel
from anchor_tui.tui.inspection.spec import SpecPanel
from tests.tui.inspection import test_diff, test_history, test_live_yaml, test_spec
from tests.tui.inspection.pane_app import REFUSED, FakeInspector, fresh, open_pane
from tests.tui.sample_inspections import UNREACHABLE

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
GOOD: dict[str, tuple[Callable[[], FakeInspector], str]] = {
    "diff": (test_diff.inspector, "live  ghcr.io/anchor"),
    "yaml": (test_live_yaml.inspector, "kind: Deployment"),
    "history": (test_history.inspector, "gateway:1.43.2@sha256:"),
    "spec": (lambda: test_spec.inspector(windows=fresh(test_spec.WINDOWS)), "2 windows"),
}
"""The data of the healthy pictures, and a text that is on the screen when all of it is drawn."""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("pane", PANES)
async def test_picture(pane, state, size, picture):
    async with open_pane(PANES[pane], FakeInspector(**STATES[state]), size) as ui:
        for _ in range(3):
            await ui.pilot.pause()
        assert ui.picture() == picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("pane", PANES)
async def test_a_stale_pane_keeps_its_last_data(pane, size, picture):
    make, shown = GOOD[pane]
    source = make()
    async with open_pane(PANES[pane], source, size, test_history.make_snapshot()) as ui:
        if pane == "yaml":
            ui.panel.selected = test_live_yaml.NODE
        await ui.wait_for(shown)
        source.readings = dict.fromkeys(source.readings, UNREACHABLE)
        await ui.read()
        await ui.wait_until(lambda: isinstance(ui.panel.reading, Stale))
        for _ in range(3):
            await ui.pilot.pause()
        assert shown in ui.text
        assert ui.panel.note == "stale: cd.example.com does not answer: connection refused"
        assert ui.picture() == picture
