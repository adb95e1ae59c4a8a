"""The command palette."""

from __future__ import annotations

from anchor_tui.domain.actions.plan import Order
from anchor_tui.tui.screens.cutover import CutoverScreen
from anchor_tui.tui.screens.progress import ProgressScreen
from anchor_tui.tui.screens.pull_request import PullRequestScreen
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import HOSTILE_NAME, INCIDENT
from tests.values import application, argocd, fresh, opened, ops_repo, readings, replace


async def run_entry(ui: AppHarness, query: str) -> None:
    """Run the first entry that matches a query."""
    await ui.press("ctrl+p", *query)
    await ui.app.workers.wait_for_complete()
    await ui.press("enter")
    await ui.pilot.pause()


async def test_the_palette_finds_environments_and_applications():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await run_entry(ui, "environment stag")
        assert ui.fleet.environment == "staging"


async def test_the_palette_runs_actions_of_every_owner():
    async with open_app(environment="dev") as ui:
        await ui.show(INCIDENT)
        await run_entry(ui, "read-again")
        assert ui.backend.read_again_count == 1
        await run_entry(ui, "show-all")
        await run_entry(ui, "last-row")
        assert ui.fleet.highlighted_row is not None
        assert "dev" in ui.fleet.highlighted_row.key


async def test_the_palette_finds_themes():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await ui.press("ctrl+p", *"theme")
        await ui.app.workers.wait_for_complete()
        await ui.pilot.pause()
        assert "Change the current theme" in ui.text


async def test_the_palette_opens_dialogs_with_live_data():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        plan = sync_plan(Order("sync", "id", ("staging",)))
        await ui.publish_jobs(make_job(plan, "done", "running"))
        await ui.press("shift+tab")
        await run_entry(ui, "(open)")
        assert isinstance(ui.app.screen, ProgressScreen)
        assert "operation" in ui.text
        await ui.press("escape")
        await run_entry(ui, "cutover")
        assert isinstance(ui.app.screen, CutoverScreen)
        assert ui.app.screen.items


async def test_the_palette_changes_the_theme_by_name():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await run_entry(ui, "theme nord")
        assert ui.app.theme == "nord"


async def test_the_palette_opens_the_pull_request_of_a_release():
    async with open_app() as ui:
        snapshot = await ui.show(INCIDENT)
        release = snapshot.environments[-1].release
        assert release is not None
        assert release.pull_request is not None
        assert release.pull_request.number not in {pull.number for pull in snapshot.all_pull_requests}
        await run_entry(ui, f"pull request {release.pull_request.number}")
        await ui.wait_until(lambda: isinstance(ui.app.screen, PullRequestScreen))


async def test_foreign_text_in_the_palette_is_literal():
    pull = opened(232, staging="1.44.0")
    hostile = replace(pull, pull_request=replace(pull.pull_request, title=HOSTILE_NAME))
    sick = application("anchor-msp-dev", health=HOSTILE_NAME, sync=HOSTILE_NAME)
    async with open_app() as ui:
        await ui.show(readings(fresh(argocd(sick)), fresh(ops_repo(pull_requests=(hostile,)))))
        for query in ("anchor-msp-dev", "pull request 232"):
            await ui.press("ctrl+p", *("space" if key == " " else key for key in query))
            await ui.app.workers.wait_for_complete()
            await ui.pilot.pause()
            assert "[@click=app.quit]quit[/] red" in ui.text
            assert not set(ui.text) & {"\x1b", "\u202e"}
            await ui.press("escape")
        assert ui.app.is_running
