"""The plan dialog: what it shows, what counts as a confirmation and what never does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual import events
from textual.widgets import Button, Input, TextArea

from anchor_tui.domain.actions.plan import Order, Plan, Refusal
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.progress import ProgressScreen
from tests.tui.harness import open_app
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
    async with open_app(size, environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.open_plan(key, plan)
        ui.app.screen.set_focus(None)
        await ui.pilot.pause()
        assert ui.picture() == picture


@BY_SIZE
async def test_the_prompt_stays_visible_below_a_long_plan(size):
    async with open_app(size, environment="staging") as ui:
        await ui.show(INCIDENT)
        lines = prune_plan(Order("hard-refresh-prune", "id")).lines * 20
        await ui.open_plan("P", lambda order: prune_plan(order, lines=lines))
        assert "type prod 3 and press enter" in ui.text
        assert "Cancel" in ui.text


async def test_y_executes_the_plan_once_with_the_reason():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        screen.query_one("#reason", Input).value = "night release"
        await ui.press("y", "y")
        assert len(ui.backend.executed) == 1
        plan, consent = ui.backend.executed[0]
        assert plan.title == "Sync anchor-msp-staging"
        assert (consent.confirmed, consent.reason) == (True, "night release")
        assert isinstance(ui.app.screen, ProgressScreen)


async def test_keys_typed_before_the_plan_confirm_nothing():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        ui.backend.plan = sync_plan
        for key in ("s", "y", "y", "y"):
            ui.app.post_message(events.Key(key, key))
        await ui.wait_until(lambda: ui.can_confirm)
        assert ui.backend.executed == []
        await ui.press("y")
        assert len(ui.backend.executed) == 1


async def test_a_phrase_typed_before_the_dialog_is_dropped():
    async with open_app(environment="prod") as ui:
        await ui.show(INCIDENT)
        ui.backend.plan = lambda order: prune_plan(order, reason_required=False)
        for key, character in (("P", "P"), *((c if c != " " else "space", c) for c in "prod 3"), ("enter", "\r")):
            ui.app.post_message(events.Key(key, character))
        await ui.wait_until(lambda: ui.can_confirm)
        assert ui.backend.executed == []
        assert ui.plan_screen.query_one("#phrase", Input).value == ""


async def test_enter_on_a_fresh_dialog_sends_nothing():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        assert isinstance(screen.focused, Button)
        await ui.press("enter")
        assert ui.backend.executed == []
        assert isinstance(ui.app.screen, FleetScreen)


async def test_y_in_the_reason_is_text():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        screen.query_one("#reason", Input).focus()
        await ui.press("y", "e", "s")
        assert screen.query_one("#reason", Input).value == "yes"
        await ui.press("enter")
        assert ui.backend.executed == []
        await ui.press("escape")
        assert ui.backend.executed == []


async def test_a_refusal_cannot_be_confirmed_and_suggests_a_remedy():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.open_plan("s", lambda _: REFUSED)
        assert "an operation is Running for 4 min by a.lee" in ui.text
        assert "terminate it (x)" in ui.text
        await ui.press("y")
        assert ui.backend.executed == []


@pytest.mark.parametrize("typed", ["", "prod", "prod 2", "PROD 3", "prod  3", "y"])
async def test_enter_does_nothing_until_the_phrase_matches(typed):
    async with open_app(environment="prod") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("P", lambda order: prune_plan(order, reason_required=False))
        assert screen.focused is screen.query_one("#phrase")
        await ui.press(*(c if c != " " else "space" for c in typed), "enter")
        assert ui.backend.executed == []
        assert ui.app.screen is screen
        assert "that is not prod 3: nothing was sent" in ui.text
        await ui.press("backspace")
        assert ("that is not prod 3" in ui.text) == (not typed)  # an edit removes the complaint


async def test_a_protected_environment_requires_phrase_and_reason():
    async with open_app(environment="prod") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("P", prune_plan)
        assert screen.focused is screen.query_one("#reason")
        await ui.press("enter")
        assert screen.focused is screen.query_one("#reason")
        assert "a reason is required here" in ui.text
        await ui.press(*"mock", "enter")
        assert "a reason is required here" not in ui.text
        assert screen.focused is screen.query_one("#phrase")
        await ui.press(*"prod", "space", "3", "enter")
        plan, consent = ui.backend.executed[0]
        assert (consent.phrase, consent.reason) == ("prod 3", "mock")
        assert plan.is_destructive


async def test_an_option_rebuilds_the_plan_and_is_not_remembered():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        await ui.press("u")
        await ui.wait_until(lambda: screen.is_readable)
        await ui.press("d")
        await ui.wait_until(lambda: screen.is_readable)
        assert [(order.prune, order.dry_run) for order in ui.backend.orders] == [
            (False, False),
            (True, False),
            (True, True),
        ]
        assert "u [x] prune" in ui.text
        await ui.press("escape")
        await ui.open_plan("s", sync_plan)
        assert (ui.backend.orders[-1].prune, ui.backend.orders[-1].dry_run) == (False, False)
        assert "u [ ] prune" in ui.text


async def test_option_keys_in_a_field_are_text():
    async with open_app((80, 24), environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", lambda order: sync_plan(order, reason_required=True))
        assert screen.focused is screen.query_one("#reason")
        assert "u [ ] prune" not in ui.text  # its key does not work here
        assert "[ ] prune" in ui.text
        await ui.press("u", "i")
        assert screen.query_one("#reason", Input).value == "ui"
        assert len(ui.backend.orders) == 1
        await ui.press("shift+tab")
        assert "u [ ] prune" in ui.text
        await ui.press("u")
        await ui.wait_until(lambda: screen.is_readable)
        assert ui.backend.orders[-1].prune


async def test_the_option_bar_works_with_arrows_and_space():
    async with open_app((80, 24), environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        await ui.press("tab", "right", "space")
        await ui.wait_until(lambda: screen.is_readable)
        assert (ui.backend.orders[-1].prune, ui.backend.orders[-1].dry_run) == (False, True)
        assert screen.focused is screen.query_one("#options")
        assert "←→ select · space changes" in ui.text
        await ui.press("enter")
        await ui.wait_until(lambda: screen.is_readable)
        assert not ui.backend.orders[-1].dry_run
        assert ui.backend.executed == []


async def test_an_option_can_be_clicked():
    async with open_app((80, 24), environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        await ui.pilot.click("#options", offset=(3, 0))
        await ui.wait_until(lambda: screen.is_readable)
        assert ui.backend.orders[-1].prune


async def test_the_hint_shows_only_keys_that_work():
    async with open_app((80, 24), environment="prod") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("P", prune_plan)
        assert "enter next · shift+tab options · esc Cancel" in ui.text
        await ui.press("tab")
        assert "enter confirms a match · shift+tab reason · esc Cancel" in ui.text
        await ui.press("tab")
        assert "esc Cancel · ↑↓ scroll · tab options" in ui.text
        assert "confirms" not in ui.text
        await ui.press("d")
        await ui.wait_until(lambda: screen.is_readable)
        assert ui.backend.orders[-1].dry_run


@BY_SIZE
async def test_every_option_is_visible_below_a_long_plan(size):
    async with open_app(size, environment="prod") as ui:
        await ui.show(INCIDENT)
        lines = prune_plan(Order("rollback", "id")).lines * 20

        def plan(order: Order) -> Plan:
            draft = promotion_plan(order).pull_request
            return prune_plan(replace(order, action="rollback"), lines=lines, pull_request=draft)

        screen = await ui.open_plan("P", plan)
        offered = ("merge when its checks pass", "edit title and body", "[ ] show requests", "reason (required)")
        for _ in range(4):
            expected = (*offered, "type prod 3 and press enter", " Cancel ", "esc Cancel")
            await ui.wait_until(lambda texts=expected: all(text in ui.text for text in texts))
            screen.focus_next()
            await ui.pilot.pause()


async def test_a_rollback_can_be_merged_when_its_checks_pass():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("p", lambda order: promotion_plan(replace(order, action="rollback")))
        assert "m [ ] merge when its checks pass" in ui.text
        await ui.press("m")
        await ui.wait_until(lambda: screen.is_readable)
        assert ui.backend.orders[-1].merge
        assert "m [x] merge when its checks pass" in ui.text
        await ui.press("y")
        assert ui.backend.executed[0][0].order.merge


async def test_a_sync_can_be_limited_to_chosen_resources():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        await ui.press("a", "down", "space", "enter")
        await ui.wait_until(lambda: ui.app.screen is screen and screen.is_readable)
        assert ui.backend.orders[-1].resources == ("Deployment/anchor-staging/gateway",)


async def test_pull_request_title_and_body_can_be_edited():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("p", promotion_plan)
        await ui.press("e", *" now", "ctrl+s")
        await ui.wait_until(lambda: ui.app.screen is screen and screen.is_readable)
        assert ui.backend.orders[-1].title.startswith("Promote 1.44.0 to staging")
        assert ui.backend.orders[-1].title.endswith("now")
        assert ui.backend.orders[-1].body == "Moves `staging`.\n"


async def test_i_shows_every_request():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.open_plan("s", sync_plan)
        assert "POST" not in ui.text
        await ui.press("i")
        assert "POST /api/v1/applications/anchor-msp-staging/sync" in ui.text


async def test_foreign_text_in_a_plan_is_shown_literally():
    async with open_app((140, 40), environment="staging") as ui:
        await ui.show(INCIDENT)
        hostile = replace(REFUSED, message=HOSTILE_NAME, subject=HOSTILE_NAME)
        await ui.open_plan("s", lambda order: sync_plan(order, title=HOSTILE_NAME, refused=(hostile,)))
        assert "[/foo] [@click=app.quit]quit[/]" in ui.text
        assert "\x1b" not in ui.text
        assert "\u202e" not in ui.text
        await ui.press("escape")
        assert ui.app.is_running


async def test_text_from_the_clipboard_is_inserted_once():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        reason = screen.query_one("#reason", Input)
        reason.focus()
        ui.app.post_message(events.Paste("night release"))
        await ui.wait_until(lambda: bool(reason.value))
        assert reason.value == "night release"


async def test_pasted_lines_become_one_line():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        screen = await ui.open_plan("s", sync_plan)
        reason = screen.query_one("#reason", Input)
        reason.focus()
        ui.app.post_message(events.Paste("\nnight release\r\n  INC-7\n"))
        await ui.wait_until(lambda: bool(reason.value))
        assert reason.value == "night release INC-7"


@pytest.mark.parametrize("field", ["title", "body"])
async def test_text_is_pasted_once_into_the_editor(field):
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.open_plan("p", promotion_plan)
        await ui.press("e")
        editor = ui.app.screen
        editor.query_one(f"#{field}").focus()
        ui.app.post_message(events.Paste("INC-7 "))
        await ui.pilot.pause()
        shown = editor.query_one("#title", Input).value + editor.query_one("#body", TextArea).text
        assert shown.count("INC-7") == 1


async def test_text_is_pasted_once_into_the_filter():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.press("slash")
        ui.app.post_message(events.Paste("gateway"))
        await ui.pilot.pause()
        assert ui.app.screen.query_one("#filter", Input).value == "gateway"


async def test_text_pasted_before_the_plan_is_dropped():
    async with open_app(environment="prod") as ui:
        await ui.show(INCIDENT)
        ui.backend.plan = lambda order: prune_plan(order, reason_required=False)
        await ui.press("P")
        paste = events.Paste("prod 3")
        ui.plan_screen.query_one("#phrase", Input).post_message(paste)
        await ui.wait_until(lambda: ui.can_confirm)
        assert ui.plan_screen.query_one("#phrase", Input).value == ""
