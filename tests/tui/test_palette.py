"""The command palette."""

from __future__ import annotations

from tests.tui.harness import open_app
from tests.tui.sample_readings import INCIDENT


async def test_the_palette_finds_environments_and_applications():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        await stage.press("ctrl+p", *"environment stag")
        await stage.pilot.pause(0)
        await stage.app.workers.wait_for_complete()
        await stage.press("down", "enter")
        await stage.pilot.pause()
        assert stage.fleet.environment == "staging"
