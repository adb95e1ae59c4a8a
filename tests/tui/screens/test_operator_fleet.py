"""The keys that act: what they apply to and when they are disabled."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import Operation
from anchor_tui.tui.screens.fleet import FleetScreen
from tests.tui.harness import open_app
from tests.tui.sample_plans import promotion_plan, sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT, STALE
from tests.values import ago, application, argocd, config, fresh, opened, ops_repo, readings


async def test_an_action_applies_to_the_highlighted_environment():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        await ui.press("2")
        await ui.open_plan("s", sync_plan)
        order = ui.backend.orders[-1]
        assert (order.action, order.environments, order.applications) == ("sync", ("staging",), ())


async def test_an_action_applies_to_highlighted_or_selected_applications():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        await ui.press("v", "down")
        await ui.open_plan("s", sync_plan)
        assert [application.name for application in ui.backend.orders[-1].applications] == ["anchor-msp-staging"]
        await ui.press("escape", "home", "space", "down", "space")
        assert "2 applications selected" in ui.text
        await ui.open_plan("s", sync_plan)
        assert [application.name for application in ui.backend.orders[-1].applications] == [
            "anchor-msp-dev",
            "anchor-msp-prod",
        ]
        await ui.press("escape")
        assert ui.operator_fleet.selected == frozenset()


async def test_changing_the_environment_clears_the_selection():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        await ui.press("v", "space", "space")
        assert len(ui.operator_fleet.selected) == 2
        await ui.press("3")
        assert ui.operator_fleet.selected == frozenset()


async def test_promote_applies_to_the_environment_of_the_row():
    async with open_app(environment="prod") as ui:
        await ui.show(HEALTHY)
        await ui.press("v", "home", "down")
        await ui.open_plan("p", promotion_plan)
        assert ui.backend.orders[-1].environments == ("staging",)


async def test_merge_applies_to_the_highlighted_pull_request():
    async with open_app(environment="staging") as ui:
        await ui.show(readings(repo=fresh(ops_repo(pull_requests=(opened(232, staging="1.44.0"),)))))
        await ui.open_plan("m", promotion_plan)
        assert ui.backend.orders[-1].number == 232


@pytest.mark.parametrize("key", ["r", "R", "s", "P", "x", "p", "b", "m", "c"])
async def test_read_only_ignores_the_keys_that_act(key):
    async with open_app(config=config(read_only=True), environment="prod") as ui:
        await ui.show(INCIDENT)
        await ui.press(key)
        assert ui.backend.orders == []
        assert isinstance(ui.app.screen, FleetScreen)
        assert "read-only: no actions" in ui.text


async def test_a_stale_argocd_disables_its_actions():
    async with open_app((140, 50), environment="prod") as ui:
        await ui.show(STALE)
        await ui.press("s", "P")
        assert ui.backend.orders == []
        await ui.press("question_mark")
        assert "Argo CD is stale" in ui.text


async def test_terminate_is_available_while_an_operation_runs():
    async with open_app(environment="prod") as ui:
        busy = application("anchor-msp-prod", operation=Operation("Running", "", ago(minutes=4)))
        await ui.show(readings(fresh(argocd(busy))))
        await ui.open_plan("x", sync_plan)
        assert ui.backend.orders[-1].action == "terminate"
