"""The footer at different widths."""

from __future__ import annotations

import pytest

from tests.tui.harness import open_app
from tests.tui.sample_readings import INCIDENT


@pytest.mark.parametrize(("width", "has_hard_refresh"), [(80, False), (120, True)])
async def test_a_narrow_footer_keeps_the_rollback(width, has_hard_refresh):
    async with open_app((width, 24), environment="prod") as ui:
        await ui.show(INCIDENT)
        footer = ui.text.splitlines()[-1]
        for label in ("s Sync", "P Prune", "p Promote", "b Rollback", "? Help", "q Quit"):
            assert label in footer
        assert ("R Hard refresh" in footer) is has_hard_refresh
