"""The command palette."""

from __future__ import annotations

from tests.tui.harness import open_app
from tests.tui.sample_readings import INCIDENT


async def test_the_palette_finds_environments_and_applications():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await ui.press("ctrl+p", *"environment stag")
        await ui.pilot.pause(0)
        await ui.app.workers.wait_for_complete()
        await ui.press("down", "enter")
        await ui.pilot.pause()
        assert ui.fleet.environment == "staging"
