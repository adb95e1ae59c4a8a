"""The progress of a running action."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.plan import Order
from anchor_tui.tui.screens.progress import ProgressScreen
from tests.tui.harness import open_app, open_plan, wait_until
from tests.tui.sample_plans import make_job, make_outcome, sync_plan
from tests.tui.sample_readings import INCIDENT
from tests.values import replace

SIZES = [(80, 24), (120, 40)]
BY_SIZE = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@BY_SIZE
async def test_progress_picture(size, picture):
    async with open_app(size, environment="staging") as stage:
        await stage.show(INCIDENT)
        plan = sync_plan(Order("sync", "id", ("staging",)))
        stage.app._apply_jobs((make_job(plan, "done", "running", "waiting"),))
        stage.app.show_progress(plan)
        await stage.pilot.pause()
        await stage.pilot.pause()
        assert stage.picture() == picture


async def test_a_closed_action_continues_and_stays_in_activity():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, "s", sync_plan)
        await stage.press("y")
        plan = stage.reader.executed[0][0]
        stage.app._apply_jobs((make_job(plan, "done", "running", "waiting"),))
        await stage.press("escape", "shift+tab")
        assert "under way" in stage.text
        outcome = make_outcome(plan)
        stage.app._apply_jobs((make_job(plan, "done", "done", "done", outcome=outcome),))
        stage.reader.outcome.set_result(outcome)
        await wait_until(stage, lambda: "✓ done" in stage.text)
        await stage.press("enter")
        assert isinstance(stage.app.screen, ProgressScreen)
        assert "done: synced 8c1f2e0, Healthy" in stage.text


async def test_the_pull_request_of_a_running_action_can_be_opened(monkeypatch):
    url = "https://github.com/anchor/anchor-msp-ops/pull/236"
    async with open_app((80, 24), environment="staging") as stage:
        await stage.show(INCIDENT)
        plan = sync_plan(Order("sync", "id", ("staging",)))
        under_way = make_job(plan, "done", "running", "waiting")
        first, *others = under_way.groups[0].steps
        steps = (replace(first, note=f"#236 {url}"), *others)
        stage.app._apply_jobs((replace(under_way, groups=(replace(under_way.groups[0], steps=steps, url=url),)),))
        stage.app.show_progress(plan)
        await stage.pilot.pause()
        await stage.pilot.pause()
        assert url in stage.text
        opened_urls: list[str] = []
        monkeypatch.setattr(stage.app, "open_url", opened_urls.append)
        await stage.press("o")
        assert opened_urls == [url]
