"""The walk of docs/on-call.md on the embedded servers, with its number of keys."""

from __future__ import annotations

from pathlib import Path

from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from tests.tui.test_actions_end_to_end import open_live_app

PAGE = Path(__file__).parents[2] / "docs" / "on-call.md"


async def test_the_walk_from_red_to_its_cause(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "") as ui:
            await ui.wait_until(lambda: "KeyError: 'AUTH_JWKS_URL'" in ui.text)
            assert "since 1.43.2 (#233" in " ".join(ui.text.split())
            await ui.press("enter")
            await ui.wait_until(lambda: "back-off 5m0s restarting failed" in ui.text)
            assert "#233" in ui.text
            assert "m-ito" in ui.text
            await ui.press("4")
            await ui.press("l")
            await ui.wait_until(lambda: "KeyError: 'AUTH_JWKS_URL'" in ui.text and "Traceback" in ui.text)


def test_every_picture_of_the_page_exists():
    text = PAGE.read_text(encoding="utf-8")
    names = [part.partition(")")[0] for part in text.split("](../screenshots/")[1:]]
    assert names
    assert all((PAGE.parents[1] / "screenshots" / name).is_file() for name in names)
