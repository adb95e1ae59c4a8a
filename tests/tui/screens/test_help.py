"""The help screen."""

from __future__ import annotations

from anchor_tui.tui.key_actions import FLEET_OWNERS
from anchor_tui.tui.keys import REGISTRY
from tests.tui.harness import open_app
from tests.tui.sample_readings import HEALTHY


async def test_help_explains_unavailable_keys():
    async with open_app((140, 50), environment="dev") as ui:
        await ui.show(HEALTHY)
        await ui.press("p", "x", "m")
        assert ui.backend.orders == []
        await ui.press("question_mark")
        assert "dev is the first environment" in ui.text
        assert "no operation to end" in ui.text
        assert "no pull request is highlighted" in ui.text


async def test_help_lists_every_key(picture):
    async with open_app((110, 50)) as ui:
        await ui.show(HEALTHY)
        await ui.press("question_mark")
        for action in REGISTRY:
            assert action.owner not in FLEET_OWNERS or action.id in ui.text
        assert "not now: nothing is open" in ui.text
        assert ui.picture() == picture
        await ui.press("escape")
        assert ui.fleet.is_current
