"""Quitting, with and without running actions."""

from __future__ import annotations

from concurrent.futures import Future

from anchor_tui.domain.actions.plan import Order
from anchor_tui.tui.screens.quit import QuitScreen
from tests.tui.harness import open_app
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import INCIDENT


async def test_quit_lists_running_actions_and_waits_for_requests():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.publish_jobs(make_job(sync_plan(Order("sync", "id", ("staging",))), "done", "running"))
        await ui.press("q")
        await ui.wait_until(lambda: isinstance(ui.app.screen, QuitScreen))
        assert "Sync anchor-msp-staging: waiting for the operation to end" in ui.text
        await ui.press("enter")
        assert ui.app.is_running
        assert ui.backend.writes_finished == 0
        await ui.press("q")
        await ui.wait_until(lambda: isinstance(ui.app.screen, QuitScreen))
        await ui.press("y")
        await ui.wait_until(lambda: not ui.app.is_running or ui.app._exit)
        assert ui.backend.writes_finished == 1


async def test_quit_is_immediate_when_nothing_is_running():
    async with open_app() as ui:
        await ui.press("q")
        assert not ui.app.is_running


async def test_a_blocked_reader_does_not_prevent_quitting(monkeypatch):
    monkeypatch.setattr("anchor_tui.tui.action_flows.QUIT_TIMEOUT_S", 0.01)
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.publish_jobs(make_job(sync_plan(Order("sync", "id", ("staging",))), "running"))
        monkeypatch.setattr(ui.backend, "finish_writes", Future)
        await ui.press("q")
        await ui.wait_until(lambda: isinstance(ui.app.screen, QuitScreen))
        await ui.press("y")
        await ui.wait_until(lambda: not ui.app.is_running or ui.app._exit)
