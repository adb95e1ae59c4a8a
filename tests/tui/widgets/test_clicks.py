"""Tabs and keys that are clicked."""

from __future__ import annotations

import pytest

from anchor_tui.tui.screens.help import HelpScreen
from tests.tui.harness import open_app
from tests.tui.sample_plans import sync_plan
from tests.tui.sample_readings import INCIDENT


@pytest.mark.parametrize("size", [(80, 24), (180, 50)])
async def test_a_click_on_a_tab_shows_its_pane(size):
    async with open_app(size, environment="dev") as ui:
        await ui.show(INCIDENT)
        line = next(line for line in ui.text.splitlines() if "Policy" in line and "│" in line)
        await ui.pilot.click("PaneTabs", offset=(line.index("Policy"), 0))
        await ui.pilot.pause()
        assert ui.fleet.pane == "Policy"
        await ui.pilot.click("PaneTabs", offset=(size[0] - 1, 0))
        assert ui.fleet.pane == "Policy"


@pytest.mark.parametrize("size", [(80, 24), (180, 50)])
async def test_a_click_on_the_footer_runs_the_key(size):
    async with open_app(size, environment="staging") as ui:
        await ui.show(INCIDENT)
        footer = ui.text.splitlines()[-1]
        ui.backend.plan = sync_plan
        await ui.pilot.click("KeyFooter", offset=(footer.index("s Sync") + 3, 0))
        await ui.wait_until(lambda: ui.can_confirm)
        assert ui.backend.orders[-1].action == "sync"
        await ui.press("escape")
        await ui.pilot.click("KeyFooter", offset=(footer.index("? Help"), 0))
        await ui.wait_until(lambda: isinstance(ui.app.screen, HelpScreen))
