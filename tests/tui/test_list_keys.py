"""Home, End and the page keys in every list."""

from __future__ import annotations

import pytest
from textual.widgets import SelectionList

from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.tui.screens.resource_chooser import ResourceChooser
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import open_app
from tests.tui.sample_findings import make_finding
from tests.tui.sample_readings import INCIDENT
from tests.values import files

FINDINGS = PolicyFindings({"prod": tuple(make_finding(f"check.number-{number:02}") for number in range(60))}, ())
LISTS = {
    "#fleet": ("shift+tab",),
    "#rows": ("tab", "v"),
    "#releases": ("3", "b"),
    "#checklist": ("c",),
}
"""The selector of each list and the keys that open it."""


@pytest.mark.parametrize("selector", LISTS)
async def test_home_end_and_page_keys_move_the_cursor(selector):
    async with open_app((80, 24)) as ui:
        ui.backend.releases = files(*(f"1.{number}.0" for number in range(60))).history
        await ui.show(INCIDENT, FINDINGS)
        await ui.press(*LISTS[selector])
        row_list = ui.app.screen.query_one(selector, RowList)
        await ui.wait_until(lambda: len(row_list.rows) > 1)
        positions = []
        for key in ("end", "home", "pagedown", "pageup"):
            await ui.press(key)
            positions.append([row.key for row in row_list.rows].index(row_list.cursor or ""))
        end, home, down, up = positions
        assert (end, home, up) == (len(row_list.rows) - 1, 0, 0)
        assert 0 < down <= end


async def test_home_and_end_work_in_the_chooser_of_resources():
    async with open_app((80, 24)) as ui:
        names = tuple(f"ConfigMap/n/name-{number}" for number in range(40))
        await ui.app.push_screen(ResourceChooser(names, ()))
        chooser = ui.app.screen.query_one(SelectionList)
        await ui.press("end")
        assert chooser.highlighted == 39
        await ui.press("home")
        assert chooser.highlighted == 0
        await ui.press("pagedown")
        assert (chooser.highlighted or 0) > 3
