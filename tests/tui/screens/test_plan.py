"""The plan dialog: what it shows, what counts as a confirmation and what never does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual import events
from textual.widgets import Button, Input

from anchor_tui.domain.actions.plan import Order, Plan, Refusal
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.plan import PlanScreen
from anchor_tui.tui.screens.progress import ProgressScreen
from tests.tui.harness import open_app, open_plan, plan_screen, wait_until
from tests.tui.sample_plans import REFUSED, promotion_plan, prune_plan, sync_plan
from tests.tui.sample_readings import HOSTILE_NAME, INCIDENT
from tests.values import replace

SIZES = [(80, 24), (120, 40)]
BY_SIZE = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
PLANS: dict[str, tuple[str, Callable[[Order], Plan | Refusal]]] = {
    "sync": ("s", sync_plan),
    "prune": ("P", prune_plan),
    "promotion": ("p", promotion_plan),
    "refusal": ("s", lambda _: REFUSED),
}


@BY_SIZE
@pytest.mark.parametrize("name", PLANS)
async def test_dialog_picture(name, size, picture):
    key, plan = PLANS[name]
    async with open_app(size, environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, key, plan)
        stage.app.screen.set_focus(None)
        await stage.pilot.pause()
        assert stage.picture() == picture


@BY_SIZE
async def test_the_prompt_stays_visible_below_a_long_plan(size):
    async with open_app(size, environment="staging") as stage:
        await stage.show(INCIDENT)
        lines = prune_plan(Order("hard-refresh-prune", "id")).lines * 20
        await open_plan(stage, "P", lambda order: prune_plan(order, lines=lines))
        assert "type prod 3 and enter to go on" in stage.text
        assert "Cancel" in stage.text


async def test_y_executes_the_plan_once_with_the_reason():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "s", sync_plan)
        screen.query_one("#reason", Input).value = "night release"
        await stage.press("y", "y")
        assert len(stage.reader.executed) == 1
        plan, consent = stage.reader.executed[0]
        assert plan.title == "Sync anchor-msp-staging"
        assert (consent.confirmed, consent.reason) == (True, "night release")
        assert isinstance(stage.app.screen, ProgressScreen)


async def test_keys_typed_before_the_plan_confirm_nothing():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        stage.reader.plan = sync_plan
        for key in ("s", "y", "y", "y"):
            stage.app.post_message(events.Key(key, key))
        await wait_until(stage, lambda: isinstance(stage.app.screen, PlanScreen) and stage.app.screen.is_readable)
        assert stage.reader.executed == []
        await stage.press("y")
        assert len(stage.reader.executed) == 1


async def test_a_phrase_typed_before_the_dialog_is_dropped():
    async with open_app(environment="prod") as stage:
        await stage.show(INCIDENT)
        stage.reader.plan = lambda order: prune_plan(order, reason_required=False)
        for key, character in (("P", "P"), *((c if c != " " else "space", c) for c in "prod 3"), ("enter", "\r")):
            stage.app.post_message(events.Key(key, character))
        await wait_until(stage, lambda: isinstance(stage.app.screen, PlanScreen) and stage.app.screen.is_readable)
        assert stage.reader.executed == []
        assert plan_screen(stage).query_one("#phrase", Input).value == ""


async def test_enter_on_a_fresh_dialog_sends_nothing():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "s", sync_plan)
        assert isinstance(screen.focused, Button)
        await stage.press("enter")
        assert stage.reader.executed == []
        assert isinstance(stage.app.screen, FleetScreen)


async def test_y_in_the_reason_is_text():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "s", sync_plan)
        screen.query_one("#reason", Input).focus()
        await stage.press("y", "e", "s")
        assert screen.query_one("#reason", Input).value == "yes"
        await stage.press("enter")
        assert stage.reader.executed == []
        await stage.press("escape")
        assert stage.reader.executed == []


async def test_a_refusal_cannot_be_confirmed_and_suggests_a_remedy():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, "s", lambda _: REFUSED)
        assert "an operation is Running for 4 min by a.lee" in stage.text
        assert "terminate it (x)" in stage.text
        await stage.press("y")
        assert stage.reader.executed == []


@pytest.mark.parametrize("typed", ["", "prod", "prod 2", "PROD 3", "prod  3", "y"])
async def test_enter_does_nothing_until_the_phrase_matches(typed):
    async with open_app(environment="prod") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "P", lambda order: prune_plan(order, reason_required=False))
        assert screen.focused is screen.query_one("#phrase")
        await stage.press(*(c if c != " " else "space" for c in typed), "enter")
        assert stage.reader.executed == []
        assert stage.app.screen is screen
        assert "that is not prod 3: nothing is done" in stage.text
        await stage.press("backspace")
        assert ("that is not prod 3" in stage.text) == (not typed)  # gone as soon as something else stands there


async def test_a_protected_environment_requires_phrase_and_reason():
    async with open_app(environment="prod") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "P", prune_plan)
        await stage.press(*"prod", "space", "3", "enter")
        assert stage.reader.executed == []
        assert screen.focused is screen.query_one("#reason")
        assert "a reason is asked for here" in stage.text
        await stage.press(*"mock", "enter")
        assert stage.reader.executed == []
        assert "a reason is asked for here" not in stage.text
        await stage.press("enter")
        plan, consent = stage.reader.executed[0]
        assert (consent.phrase, consent.reason) == ("prod 3", "mock")
        assert plan.is_destructive


async def test_an_option_rebuilds_the_plan_and_is_not_remembered():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "s", sync_plan)
        await stage.press("u")
        await wait_until(stage, lambda: screen.is_readable)
        await stage.press("d")
        await wait_until(stage, lambda: screen.is_readable)
        assert [(each.prune, each.dry_run) for each in stage.reader.orders] == [
            (False, False),
            (True, False),
            (True, True),
        ]
        assert "prune ON" in stage.text
        await stage.press("escape")
        await open_plan(stage, "s", sync_plan)
        assert (stage.reader.orders[-1].prune, stage.reader.orders[-1].dry_run) == (False, False)
        assert "prune off" in stage.text


async def test_a_sync_can_be_limited_to_chosen_resources():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "s", sync_plan)
        await stage.press("a", "down", "space", "enter")
        await wait_until(stage, lambda: stage.app.screen is screen and screen.is_readable)
        assert stage.reader.orders[-1].resources == ("Deployment/anchor-staging/gateway",)


async def test_pull_request_title_and_body_can_be_edited():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "p", promotion_plan)
        await stage.press("e", *" now", "ctrl+s")
        await wait_until(stage, lambda: stage.app.screen is screen and screen.is_readable)
        assert stage.reader.orders[-1].title.startswith("Promote 1.44.0 to staging")
        assert stage.reader.orders[-1].title.endswith("now")
        assert stage.reader.orders[-1].body == "Moves `staging`.\n"


async def test_i_shows_every_request():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, "s", sync_plan)
        assert "POST" not in stage.text
        await stage.press("i")
        assert "POST /api/v1/applications/anchor-msp-staging/sync" in stage.text


async def test_foreign_text_in_a_plan_is_shown_literally():
    async with open_app((140, 40), environment="staging") as stage:
        await stage.show(INCIDENT)
        hostile = replace(REFUSED, message=HOSTILE_NAME, subject=HOSTILE_NAME)
        await open_plan(stage, "s", lambda order: sync_plan(order, title=HOSTILE_NAME, refused=(hostile,)))
        assert "[/foo] [@click=app.quit]quit[/]" in stage.text
        assert "\x1b" not in stage.text
        assert "\u202e" not in stage.text
        await stage.press("escape")
        assert stage.app.is_running
