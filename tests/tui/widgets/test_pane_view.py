"""The filter of the panes."""

from __future__ import annotations

from tests.tui.harness import open_app
from tests.tui.sample_readings import INCIDENT


async def test_the_filter_narrows_while_typing_until_escape():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        await stage.press("v", "slash", *"prod")
        assert [row.key.split()[0] for row in stage.fleet.active_list.rows] == ["prod"]
        assert "filter “prod”: 1 of 3" in stage.text
        await stage.press("enter")
        assert "1 of 3" in stage.text
        await stage.press("escape")
        assert len(stage.fleet.active_list.rows) == 3


async def test_letters_in_the_filter_are_not_commands():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        await stage.press("slash", *"qlv1")
        assert stage.fleet.filter_text == "qlv1"
        assert not stage.fleet.show_all
        assert stage.app.is_running
