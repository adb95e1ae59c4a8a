"""From a key to an outcome, outside the dialogs."""

from __future__ import annotations

import pytest

from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.plan import PlanScreen
from tests.tui.harness import notifications, open_app, open_plan, wait_until
from tests.tui.sample_plans import make_outcome, prune_plan, sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT
from tests.values import replace


async def test_an_internal_error_is_reported_and_the_app_continues():
    async with open_app(environment="staging") as stage:
        await stage.show(HEALTHY)

        def broken() -> None:
            raise LookupError("a secret")

        stage.reader.recover = broken
        stage.app.flows.start_recovery()
        await wait_until(stage, lambda: "a fault in anchor-tui: LookupError" in notifications(stage))
        assert "a secret" not in notifications(stage)
        assert stage.app.is_running


async def test_a_refresh_is_sent_without_confirmation():
    async with open_app(environment="staging") as stage:
        await stage.show(HEALTHY)
        stage.reader.plan = lambda order: sync_plan(order, confirmation="none", title="Refresh anchor-msp-staging")
        await stage.press("r")
        await wait_until(stage, lambda: len(stage.reader.executed) == 1)
        assert isinstance(stage.app.screen, FleetScreen)
        stage.reader.outcome.set_result(make_outcome(stage.reader.executed[0][0], "Synced, Healthy"))
        await wait_until(stage, lambda: "Refresh anchor-msp-staging: done" in notifications(stage))


async def test_a_drifted_plan_is_rebuilt_and_confirmed_again():
    async with open_app(environment="prod") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, "P", lambda order: prune_plan(order, reason_required=False))
        await stage.press(*"prod", "space", "3", "enter")
        plan = stage.reader.executed[0][0]
        fresh_plan = replace(plan, phrase="prod 4")
        stage.reader.plan = lambda order: prune_plan(order, phrase="prod 4")
        stage.reader.outcome.set_result(make_outcome(plan, "nothing was sent", kind="drifted", fresh=fresh_plan))
        await wait_until(stage, lambda: isinstance(stage.app.screen, PlanScreen) and stage.app.screen.is_readable)
        assert "Drifted: nothing was sent" in stage.text
        assert "type prod 4 and enter to go on" in stage.text
        assert stage.reader.orders[-1].request_id != plan.id
        assert len(stage.reader.executed) == 1


@pytest.mark.parametrize(
    ("kind", "message"), [("failed", "Degraded"), ("unknown", "not taken up for 60 s"), ("refused", "it is busy")]
)
async def test_a_bad_outcome_is_reported_with_its_reason(kind, message):
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, "s", sync_plan)
        await stage.press("y")
        stage.reader.outcome.set_result(make_outcome(stage.reader.executed[0][0], message, kind=kind))
        await wait_until(stage, lambda: f"Sync anchor-msp-staging: {kind}" in notifications(stage))
        assert message in notifications(stage)


async def test_interrupted_actions_are_reported_after_the_start():
    async with open_app() as stage:
        stage.reader.recovered = ("Sync anchor-msp-prod: outcome unknown, for it was cut short",)
        await stage.show(HEALTHY)
        stage.app.flows.start_recovery()
        await wait_until(stage, lambda: "outcome unknown, for it was cut short" in notifications(stage))
