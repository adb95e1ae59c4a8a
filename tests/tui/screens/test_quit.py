"""Quitting, with and without running actions."""

from __future__ import annotations

from anchor_tui.domain.actions.plan import Order
from anchor_tui.tui.screens.quit import QuitScreen
from tests.tui.harness import open_app, wait_until
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import INCIDENT


async def test_quit_lists_running_actions_and_waits_for_requests():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        stage.app._apply_jobs((make_job(sync_plan(Order("sync", "id", ("staging",))), "done", "running"),))
        await stage.press("q")
        await wait_until(stage, lambda: isinstance(stage.app.screen, QuitScreen))
        assert "Sync anchor-msp-staging: operation over" in stage.text
        await stage.press("enter")
        assert stage.app.is_running
        assert stage.reader.writes_finished == 0
        await stage.press("q")
        await wait_until(stage, lambda: isinstance(stage.app.screen, QuitScreen))
        await stage.press("y")
        await wait_until(stage, lambda: not stage.app.is_running or stage.app._exit)
        assert stage.reader.writes_finished == 1


async def test_quit_is_immediate_when_nothing_is_running():
    async with open_app() as stage:
        await stage.press("q")
        assert not stage.app.is_running
