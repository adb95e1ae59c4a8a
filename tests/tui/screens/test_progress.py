"""The progress of a running action."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.plan import Order
from anchor_tui.tui.screens.progress import ProgressScreen
from tests.tui.harness import open_app
from tests.tui.sample_plans import make_job, make_outcome, sync_plan
from tests.tui.sample_readings import INCIDENT
from tests.values import replace

SIZES = [(80, 24), (120, 40)]
BY_SIZE = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@BY_SIZE
async def test_progress_picture(size, picture):
    async with open_app(size, environment="staging") as ui:
        await ui.show(INCIDENT)
        plan = sync_plan(Order("sync", "id", ("staging",)))
        await ui.publish_jobs(make_job(plan, "done", "running", "waiting"))
        ui.app.flows.show_progress(plan)
        await ui.pilot.pause()
        await ui.pilot.pause()
        assert ui.picture() == picture


async def test_a_closed_action_continues_and_stays_in_activity():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.open_plan("s", sync_plan)
        await ui.press("y")
        plan = ui.backend.executed[0][0]
        await ui.publish_jobs(make_job(plan, "done", "running", "waiting"))
        await ui.press("escape", "shift+tab")
        assert "running" in ui.text
        outcome = make_outcome(plan)
        await ui.publish_jobs(make_job(plan, "done", "done", "done", outcome=outcome))
        ui.backend.outcome.set_result(outcome)
        await ui.wait_until(lambda: "✓ done" in ui.text)
        await ui.press("enter")
        assert isinstance(ui.app.screen, ProgressScreen)
        assert "done: synced 8c1f2e0, Healthy" in ui.text


async def test_the_pull_request_of_a_running_action_can_be_opened(monkeypatch):
    url = "https://github.com/anchor/anchor-msp-ops/pull/236"
    async with open_app((80, 24), environment="staging") as ui:
        await ui.show(INCIDENT)
        plan = sync_plan(Order("sync", "id", ("staging",)))
        under_way = make_job(plan, "done", "running", "waiting")
        first, *others = under_way.groups[0].steps
        steps = (replace(first, note=f"#236 {url}"), *others)
        await ui.publish_jobs(replace(under_way, groups=(replace(under_way.groups[0], steps=steps, url=url),)))
        ui.app.flows.show_progress(plan)
        await ui.pilot.pause()
        await ui.pilot.pause()
        assert url in ui.text
        opened_urls: list[str] = []
        monkeypatch.setattr("anchor_tui.tui.web_browser.start_browser", lambda url, _: not opened_urls.append(url))
        await ui.press("o")
        await ui.wait_until(lambda: opened_urls == [url])
