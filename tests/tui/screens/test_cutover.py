"""The cutover checklist."""

from __future__ import annotations

from tests.tui.harness import open_app
from tests.tui.sample_readings import INCIDENT


async def test_the_checklist_is_readable_in_80_columns():
    async with open_app((80, 24), environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.press("c")
        assert "EGI_CONTROL_CENTER_URL is https, not a mock" in ui.text
        assert "hard refresh + prune; no mock may remain" in ui.text
        assert "t fix it" not in ui.text  # the first item has not failed
