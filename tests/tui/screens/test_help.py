"""The help screen."""

from __future__ import annotations

from tests.tui.harness import open_app
from tests.tui.sample_readings import HEALTHY


async def test_help_explains_unavailable_keys():
    async with open_app((140, 50), environment="dev") as stage:
        await stage.show(HEALTHY)
        await stage.press("p", "x", "m")
        assert stage.reader.orders == []
        await stage.press("question_mark")
        assert "dev is the first environment" in stage.text
        assert "no operation runs" in stage.text
        assert "no pull request is highlighted" in stage.text


async def test_help_lists_every_key(picture):
    async with open_app((110, 40)) as stage:
        await stage.show(HEALTHY)
        await stage.press("question_mark")
        for action in stage.app.actions:
            assert action.id in stage.text
        assert "not now: nothing is open" in stage.text
        assert stage.picture() == picture
        await stage.press("escape")
        assert stage.fleet.is_current
