"""From a key to an outcome, outside the dialogs."""

from __future__ import annotations

import gc

import pytest
from textual.widgets import Input

from anchor_tui.tui.screens.fleet import FleetScreen
from tests.tui.harness import open_app
from tests.tui.sample_plans import make_outcome, prune_plan, sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT
from tests.values import replace


async def test_an_internal_error_is_reported_and_the_app_continues():
    async with open_app(environment="staging") as ui:
        await ui.show(HEALTHY)

        def broken() -> None:
            raise LookupError("a secret")

        ui.backend.recover = broken
        ui.app.flows.start_recovery()
        await ui.wait_until(lambda: "internal error in anchor-tui: LookupError" in ui.notifications)
        assert "a secret" not in ui.notifications
        assert ui.app.is_running


async def test_a_flow_cancelled_before_its_start_leaves_nothing_behind():
    async with open_app(environment="staging") as ui:
        await ui.show(HEALTHY)
        ui.app.flows.start_recovery()
        ui.app.workers.cancel_all()
    gc.collect()  # a coroutine that was never awaited fails the test here


async def test_a_refresh_is_sent_without_confirmation():
    async with open_app(environment="staging") as ui:
        await ui.show(HEALTHY)
        ui.backend.plan = lambda order: sync_plan(order, confirmation="none", title="Refresh anchor-msp-staging")
        await ui.press("r")
        await ui.wait_until(lambda: len(ui.backend.executed) == 1)
        assert isinstance(ui.app.screen, FleetScreen)
        ui.backend.outcome.set_result(make_outcome(ui.backend.executed[0][0], "Synced, Healthy"))
        await ui.wait_until(lambda: "Refresh anchor-msp-staging: done" in ui.notifications)


async def test_a_drifted_plan_is_rebuilt_and_confirmed_again():
    async with open_app(environment="prod") as ui:
        await ui.show(INCIDENT)
        await ui.open_plan("P", lambda order: prune_plan(order, reason_required=False))
        await ui.press(*"prod", "space", "3", "enter")
        plan = ui.backend.executed[0][0]
        fresh_plan = replace(plan, phrase="prod 4", order=replace(plan.order, reason="night release"))
        ui.backend.plan = lambda order: prune_plan(order, phrase="prod 4")
        ui.backend.outcome.set_result(make_outcome(plan, "nothing was sent", kind="drifted", fresh=fresh_plan))
        await ui.wait_until(lambda: ui.can_confirm)
        assert "Drifted: nothing was sent" in ui.text
        assert "type prod 4 and press enter" in ui.text
        assert ui.plan_screen.query_one("#reason", Input).value == "night release"
        assert ui.backend.orders[-1].request_id != plan.id
        assert len(ui.backend.executed) == 1


@pytest.mark.parametrize(
    ("kind", "message"), [("failed", "Degraded"), ("unknown", "not taken up for 60 s"), ("refused", "it is busy")]
)
async def test_a_bad_outcome_is_reported_with_its_reason(kind, message):
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.open_plan("s", sync_plan)
        await ui.press("y")
        ui.backend.outcome.set_result(make_outcome(ui.backend.executed[0][0], message, kind=kind))
        await ui.wait_until(lambda: f"Sync anchor-msp-staging: {kind}" in ui.notifications)
        assert message in ui.notifications


async def test_interrupted_actions_are_reported_after_the_start():
    async with open_app() as ui:
        ui.backend.recovered = ("Sync anchor-msp-prod: outcome unknown: anchor-tui was interrupted",)
        await ui.show(HEALTHY)
        ui.app.flows.start_recovery()
        await ui.wait_until(lambda: "outcome unknown: anchor-tui was interrupted" in ui.notifications)
