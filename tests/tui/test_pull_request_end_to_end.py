"""The pull request screen end to end: the real application and background thread on the embedded servers."""

from __future__ import annotations

from anchor_tui.sandbox.github.pull_requests import FAST_CHECK_TIMINGS
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.tui.screens.pull_request import PullRequestScreen
from tests.tui.test_actions_end_to_end import all_jobs_ended, open_live_app


async def test_a_failed_job_is_explained_in_three_keys(tmp_path):
    with run_sandbox_in_thread("failed-check", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "staging") as ui:
            ui.fleet.pane = "Pull requests"
            await ui.press("enter")
            await ui.wait_until(lambda: "failed checks: release-contract" in ui.text)
            await ui.press("2")
            await ui.wait_until(lambda: "+version: 1.44.0" in ui.text)
            await ui.press("3")
            await ui.wait_until(lambda: "the signature of images.gateway cannot be verified" in ui.text)
            await ui.press("escape")
            assert ui.fleet.is_current


async def test_a_pull_request_is_merged_from_its_screen(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS, checks=FAST_CHECK_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "staging") as ui:
            ui.fleet.pane = "Pull requests"
            await ui.press("enter")
            await ui.wait_until(lambda: "✓ can be merged" in ui.text)
            await ui.press("m")
            await ui.wait_until(lambda: ui.can_confirm)
            await ui.press("y")
            await ui.wait_until(lambda: all_jobs_ended(ui))
            await ui.press("escape")
            assert isinstance(ui.app.screen, PullRequestScreen)
            await ui.wait_until(lambda: "✓ merged into main" in ui.text)
            assert box.github_repo.pull_requests[232].state == "MERGED"
