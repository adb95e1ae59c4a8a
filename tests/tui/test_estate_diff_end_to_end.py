"""The differences of the estate: the real application and background thread on the embedded servers."""

from __future__ import annotations

from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.tui.screens.estate_diff import EstateDiffScreen
from tests.tui.test_actions_end_to_end import open_live_app


async def test_the_estate_is_compared_in_read_only_mode(tmp_path):
    with run_sandbox_in_thread("drift", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "staging", read_only=True) as ui:
            await ui.press("D")
            await ui.wait_until(lambda: isinstance(ui.app.screen, EstateDiffScreen))
            await ui.wait_until(lambda: "applications differ" in ui.text or "application differ" in ui.text)
            await ui.wait_until(lambda: "--- live" in ui.text)
            assert "not readable" not in ui.text
