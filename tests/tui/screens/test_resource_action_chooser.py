"""The chooser of actions on one resource, and the flow from it to a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.actions.resource_state import OfferedAction
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Fresh, Unavailable
from anchor_tui.tui.screens.progress import ProgressScreen
from anchor_tui.tui.screens.resource_action_chooser import ResourceActionChooser
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_plans import sync_plan
from tests.tui.sample_readings import INCIDENT
from tests.values import NOW

LOW = (80, 24)
WEB = ResourceNode(ResourceKey("apps", "Deployment", "anchor-staging", "web"), "v1", "1c", health="Degraded")
POD = ResourceNode(ResourceKey("", "Pod", "anchor-staging", "web-x2"), "v1", "3e", health="Degraded")
OFFERED = (
    OfferedAction("restart"),
    OfferedAction("resume", is_disabled=True),
    OfferedAction("scale", ("replicas",)),
    OfferedAction("[red]odd\x1b[31m"),
)


class StubInspector:
    """Offers the same actions for every resource."""

    def __init__(self, reading: Any) -> None:
        self.read_resource_actions: Callable[..., Awaitable[Any]] = lambda _node: self._answer(reading)

    @staticmethod
    async def _answer(reading: Any) -> Any:
        return reading


def fresh(*actions: OfferedAction) -> StubInspector:
    return StubInspector(Fresh(actions, NOW, NOW + timedelta(seconds=45)))


async def open_chooser(ui: AppHarness, node: ResourceNode, inspector: StubInspector, shown: str) -> None:
    snapshot = await ui.show(INCIDENT)
    ui.backend.inspector = inspector
    ui.backend.plan = sync_plan
    staging = snapshot.find_environment("staging")
    assert staging is not None
    ui.app.flows.start_resource_action("staging", staging.applications[0].id, node)
    await ui.pilot.pause()
    await ui.wait_until(lambda: shown in ui.text)


async def test_enter_on_a_fresh_chooser_plans_nothing():
    async with open_app(LOW, environment="staging") as ui:
        await open_chooser(ui, WEB, fresh(*OFFERED), "choose one")
        await ui.press("enter")
        assert ui.backend.orders == []
        assert "Deployment/web" in ui.text
        assert "disabled: it does not fit the present state" in ui.text
        assert "[red]odd" in ui.text


@pytest.mark.parametrize("size", [LOW, (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_actions_of_a_resource_look_as_before(size, picture):
    async with open_app(size, environment="staging") as ui:
        await open_chooser(ui, WEB, fresh(*OFFERED), "choose one")
        await ui.press("down", "down", "down")
        assert ui.picture() == picture


async def test_a_chosen_action_is_planned_and_confirmed():
    async with open_app(LOW, environment="staging") as ui:
        await open_chooser(ui, WEB, fresh(*OFFERED), "choose one")
        await ui.press("down", "enter")
        await ui.wait_until(lambda: ui.can_confirm)
        (order,) = ui.backend.orders
        assert (order.action, order.resource_action) == ("resource-action", "restart")
        assert order.resources == ("apps/Deployment/anchor-staging/web",)
        assert [app.name for app in order.applications] == ["anchor-msp-staging"]
        await ui.press("y")
        await ui.wait_until(lambda: isinstance(ui.app.screen, ProgressScreen))
        assert len(ui.backend.executed) == 1


async def test_a_disabled_action_cannot_be_chosen():
    async with open_app(LOW, environment="staging") as ui:
        await open_chooser(ui, WEB, fresh(*OFFERED), "choose one")
        await ui.press("down", "down", "enter")
        assert isinstance(ui.app.screen, ResourceActionChooser)
        assert ui.backend.orders == []
        assert "enter shows the plan" not in ui.text


async def test_an_action_with_a_value_asks_for_it():
    async with open_app(LOW, environment="staging") as ui:
        await open_chooser(ui, WEB, fresh(*OFFERED), "choose one")
        await ui.press("down", "down", "down", "enter")
        assert "type the value" in ui.text
        await ui.press("enter")
        assert "type replicas" in ui.text
        assert ui.backend.orders == []
        await ui.press("3", "enter")
        await ui.wait_until(lambda: ui.can_confirm)
        assert ui.backend.orders[0].parameters == {"replicas": "3"}


@pytest.mark.parametrize("is_readable", [True, False])
async def test_a_pod_can_be_deleted_without_other_actions(is_readable):
    inspector = fresh() if is_readable else StubInspector(Unavailable(SourceFailure("server", "500")))
    async with open_app(LOW, environment="staging") as ui:
        await open_chooser(ui, POD, inspector, "its workload creates a new one")
        await ui.press("down", "enter")
        await ui.wait_until(lambda: ui.can_confirm)
        assert ui.backend.orders[0].action == "delete-pod"
        assert ui.backend.orders[0].resources == ("Pod/anchor-staging/web-x2",)


async def test_unreadable_actions_are_explained():
    inspector = StubInspector(Unavailable(SourceFailure("forbidden", "permission denied (applications, get)")))
    async with open_app(LOW, environment="staging") as ui:
        await open_chooser(ui, WEB, inspector, "permission denied")
        assert "esc closes" in ui.text
        await ui.press("enter", "escape")
        assert ui.backend.orders == []
        assert not isinstance(ui.app.screen, ResourceActionChooser)
