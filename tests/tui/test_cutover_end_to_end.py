"""The cutover scenario, finished on the screen: the real application on the embedded servers."""

from __future__ import annotations

import shlex

from ruamel.yaml import YAML
from textual.widgets import Input

from anchor_tui.sandbox.github.pull_requests import FAST_CHECK_TIMINGS
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.tui.screens.cutover import CutoverScreen
from anchor_tui.tui.screens.progress import ProgressScreen
from tests.tui.test_actions_end_to_end import all_jobs_ended, open_live_app


def run_copied_command(box: Sandbox, command: str) -> None:
    """Run a command that the screen shows, as an operator in another terminal does."""
    program, verb, option, path = shlex.split(command)
    assert (program, verb, option) == ("kubectl", "apply", "-f")
    manifest = YAML(typ="safe").load(box.git.read_file(path))
    box.kubectl.patch_application(manifest["metadata"]["name"], {"spec": manifest["spec"]})


async def test_the_cutover_is_finished_with_the_screen_alone(tmp_path):
    with run_sandbox_in_thread("cutover", timings=FAST_TIMINGS, checks=FAST_CHECK_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "prod") as ui:
            await ui.press("c")
            await ui.wait_until(lambda: "step 5 waits for 4 of 8 lines" in ui.text)

            async def merge_fix() -> None:
                await ui.press("t")
                await ui.wait_until(lambda: ui.can_confirm)
                assert "https://control.anchor.example/egi" in ui.text
                await ui.press(*"cutover", "enter", *"prod", "enter")
                await ui.wait_until(lambda: " · #" in ui.text)
                (pull,) = [pull for pull in box.github_repo.pull_requests.values() if "/mend/" in pull.branch]
                box.approve(pull.number)
                await ui.wait_until(lambda: f"m merges #{pull.number}" in ui.text)
                await ui.press("m")
                await ui.wait_until(lambda: ui.can_confirm)
                assert ui.plan_screen.query_one("#reason", Input).value == "cutover"
                await ui.press("enter", *"prod", "enter")
                await ui.wait_until(lambda: f"✓ #{pull.number} merged" in ui.text)
                await ui.press("escape", "escape")
                assert isinstance(ui.app.screen, CutoverScreen)

            async def fix_highlighted_line() -> None:
                if "t opens the pull request" in ui.text:
                    await merge_fix()
                    await ui.wait_until(lambda: "t opens the pull request" not in ui.text)
                if "R hard refresh" in ui.text:
                    await ui.press("R")
                    await ui.wait_until(lambda: "R hard refresh" not in ui.text)
                if "y copies the command" in ui.text and "first: with prune on" not in ui.text:
                    await ui.press("y")
                    run_copied_command(box, ui.app.clipboard)
                    await ui.wait_until(lambda: "y copies the command" not in ui.text)

            for _ in range(2):  # the lines of prod that turn prune on wait for its other lines
                await ui.press("home")
                for _ in range(8):
                    await fix_highlighted_line()
                    await ui.press("down")
            await ui.wait_until(lambda: "c step 5" in ui.text)
            await ui.press("c")
            await ui.wait_until(lambda: ui.can_confirm)
            await ui.press(*"cutover", "enter", *"staging", "space", *"prod", "enter")
            await ui.wait_until(lambda: isinstance(ui.app.screen, ProgressScreen))
            await ui.wait_until(lambda: all_jobs_ended(ui))
            await ui.press("escape", "end")
            await ui.wait_until(lambda: "no mock is live: the cutover is finished" in ui.text)
            assert {job.outcome.kind for job in ui.app.jobs if job.outcome} == {"done"}
            for name in ("anchor-msp-staging", "anchor-msp-prod"):
                live_objects = box.applications["argocd", name].live
                assert not [live for live in live_objects.values() if "mock" in live.resource.name]
            await ui.press("escape")
            assert ui.fleet.is_current
