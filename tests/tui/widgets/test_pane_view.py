"""The filter of the panes."""

from __future__ import annotations

import pytest

from anchor_tui.tui.widgets.pane_view import PaneView
from tests.tui.harness import open_app
from tests.tui.sample_readings import INCIDENT


async def test_the_filter_narrows_while_typing_until_escape():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await ui.press("v", "slash", *"prod")
        assert [row.key.split()[0] for row in ui.fleet.active_list.rows] == ["prod"]
        assert "filter “prod”: 1 of 3" in ui.text
        await ui.press("enter")
        assert "1 of 3" in ui.text
        await ui.press("escape")
        assert len(ui.fleet.active_list.rows) == 3


async def test_letters_in_the_filter_are_not_commands():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await ui.press("slash", *"qlv1")
        assert ui.fleet.query_one(PaneView).filter_text == "qlv1"
        assert not ui.fleet.show_all
        assert ui.app.is_running


async def test_cursor_keys_move_the_rows_while_filtering():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await ui.press("v", "home", "slash", "down")
        assert ui.fleet.highlighted_row is not None
        assert "staging" in ui.fleet.highlighted_row.key
        await ui.press("up")
        assert "prod" in ui.fleet.highlighted_row.key


async def test_enter_in_the_filter_returns_to_the_active_list():
    async with open_app((80, 24), environment="dev") as ui:
        await ui.show(INCIDENT)
        await ui.press("shift+tab", "slash", *"prod", "enter")
        assert ui.fleet.pane == "Fleet"
        await ui.press("down")
        assert ui.fleet.environment == "staging"


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_closing_the_filter_keeps_the_pane(key):
    async with open_app((80, 24), environment="dev") as ui:
        await ui.show(INCIDENT)
        await ui.press("tab", "slash", *"mock", key)
        assert ui.fleet.pane == "Policy"
        assert ui.fleet.focused is ui.fleet.active_list
