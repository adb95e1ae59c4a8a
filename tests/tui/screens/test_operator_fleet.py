"""The keys that act: what they apply to and when they are disabled."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import Operation
from anchor_tui.tui.screens.fleet import FleetScreen
from tests.tui.harness import open_app, open_plan
from tests.tui.sample_plans import promotion_plan, sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT, STALE
from tests.values import ago, application, argocd, config, fresh, opened, ops_repo, readings


async def test_an_action_applies_to_the_highlighted_environment():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        await stage.press("2")
        await open_plan(stage, "s", sync_plan)
        order = stage.reader.orders[-1]
        assert (order.action, order.environments, order.applications) == ("sync", ("staging",), ())


async def test_an_action_applies_to_highlighted_or_selected_applications():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        await stage.press("v", "down")
        await open_plan(stage, "s", sync_plan)
        assert [each.name for each in stage.reader.orders[-1].applications] == ["anchor-msp-staging"]
        await stage.press("escape", "home", "space", "down", "space")
        assert "2 applications selected" in stage.text
        await open_plan(stage, "s", sync_plan)
        assert [each.name for each in stage.reader.orders[-1].applications] == ["anchor-msp-dev", "anchor-msp-prod"]
        await stage.press("escape")
        assert stage.fleet.selected == frozenset()


async def test_changing_the_environment_clears_the_selection():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        await stage.press("v", "space", "space")
        assert len(stage.fleet.selected) == 2
        await stage.press("3")
        assert stage.fleet.selected == frozenset()


async def test_promote_applies_to_the_environment_of_the_row():
    async with open_app(environment="prod") as stage:
        await stage.show(HEALTHY)
        await stage.press("v", "home", "down")
        await open_plan(stage, "p", promotion_plan)
        assert stage.reader.orders[-1].environments == ("staging",)


async def test_merge_applies_to_the_highlighted_pull_request():
    async with open_app(environment="staging") as stage:
        await stage.show(readings(repo=fresh(ops_repo(pull_requests=(opened(232, staging="1.44.0"),)))))
        await open_plan(stage, "m", promotion_plan)
        assert stage.reader.orders[-1].number == 232


@pytest.mark.parametrize("key", ["r", "R", "s", "P", "x", "p", "b", "m", "c"])
async def test_read_only_ignores_the_keys_that_act(key):
    async with open_app(of=config(read_only=True), environment="prod") as stage:
        await stage.show(INCIDENT)
        await stage.press(key)
        assert stage.reader.orders == []
        assert isinstance(stage.app.screen, FleetScreen)
        assert "read-only: no actions" in stage.text


async def test_a_stale_argocd_disables_its_actions():
    async with open_app((140, 50), environment="prod") as stage:
        await stage.show(STALE)
        await stage.press("s", "P")
        assert stage.reader.orders == []
        await stage.press("question_mark")
        assert "Argo CD is stale: read again (g)" in stage.text


async def test_terminate_is_available_while_an_operation_runs():
    async with open_app(environment="prod") as stage:
        busy = application("anchor-msp-prod", operation=Operation("Running", "", ago(minutes=4)))
        await stage.show(readings(fresh(argocd(busy))))
        await open_plan(stage, "x", sync_plan)
        assert stage.reader.orders[-1].action == "terminate"
