"""The application screen on the embedded servers: from red to the message of the failing pod."""

from __future__ import annotations

import pytest

from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.tui.screens.application import ApplicationScreen
from tests.tui.test_actions_end_to_end import open_live_app


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ("incident", "back-off 5m0s restarting failed container"),
        ("incident-quota", "exceeded quota: tight"),
        ("incident-pullmissing", "failed to pull and unpack image"),
    ],
)
async def test_one_key_shows_the_message_of_the_failing_resource(tmp_path, scenario, message):
    with run_sandbox_in_thread(scenario, timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "prod") as ui:
            await ui.press("enter")
            await ui.wait_until(lambda: isinstance(ui.app.screen, ApplicationScreen))
            await ui.wait_until(lambda: message in get_details(ui))
            await ui.press("3")
            await ui.wait_until(lambda: "×" in ui.text and "ago" in ui.text)


def get_details(ui) -> str:
    return "".join(str(found.content) for found in ui.app.screen.query("#resource-text"))
