"""From a key to an outcome: what is asked, what counts as a yes, and what never does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual import events
from textual.widgets import Button, Input

from anchor_tui.domain.actions.plan import Order, Plan, Refusal
from anchor_tui.domain.model import Operation
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.plan import PlanScreen
from anchor_tui.tui.screens.progress import ProgressScreen
from anchor_tui.tui.screens.quit import QuitScreen
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_plans import REFUSED, make_job, make_outcome, promotion_plan, prune_plan, sync_plan
from tests.tui.sample_readings import HEALTHY, HOSTILE_NAME, INCIDENT, STALE
from tests.values import ago, application, argocd, config, fresh, opened, ops_repo, readings, replace

SIZES = [(80, 24), (120, 40)]
BY_SIZE = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
PLANS: dict[str, tuple[str, Callable[[Order], Plan | Refusal]]] = {
    "sync": ("s", sync_plan),
    "prune": ("P", prune_plan),
    "promotion": ("p", promotion_plan),
    "refusal": ("s", lambda _: REFUSED),
}


async def wait_until(stage: AppHarness, holds: Callable[[], bool]) -> None:
    """Lets the application go on until it is so; the suite's own time limit is the last resort."""
    for _ in range(500):
        if holds():
            return
        await stage.pilot.pause(0.01)
    raise AssertionError(f"it never came to be; on the screen stands\n{stage.text}")


def notifications(stage: AppHarness) -> str:
    """What the application has notified of."""
    return "\n".join(f"{each.title}: {each.message}" for each in stage.app._notifications)


def plan_screen(stage: AppHarness) -> PlanScreen:
    assert isinstance(stage.app.screen, PlanScreen)
    return stage.app.screen


async def open_plan(stage: AppHarness, key: str, plan: Callable[[Order], Plan | Refusal]) -> PlanScreen:
    """Presses an action's key and waits until its Plan can be read."""
    stage.reader.plan = plan
    await stage.press(key)
    await wait_until(stage, lambda: isinstance(stage.app.screen, PlanScreen) and stage.app.screen.is_readable)
    return plan_screen(stage)


# --- how it looks -------------------------------------------------------------------------------------


@BY_SIZE
@pytest.mark.parametrize("name", PLANS)
async def test_each_dialog_looks_as_it_should(name, size, picture):
    key, plan = PLANS[name]
    async with open_app(size, environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, key, plan)
        stage.app.screen.set_focus(None)
        await stage.pilot.pause()
        assert stage.picture() == picture


@BY_SIZE
async def test_progress_looks_as_it_should(size, picture):
    async with open_app(size, environment="staging") as stage:
        await stage.show(INCIDENT)
        plan = sync_plan(Order("sync", "id", ("staging",)))
        stage.app._apply_jobs((make_job(plan, "done", "running", "waiting"),))
        stage.app.show_progress(plan)
        await stage.pilot.pause()
        await stage.pilot.pause()
        assert stage.picture() == picture


@BY_SIZE
async def test_what_is_asked_for_stays_in_sight_however_long_the_plan_is(size):
    async with open_app(size, environment="staging") as stage:
        await stage.show(INCIDENT)
        lines = prune_plan(Order("hard-refresh-prune", "id")).lines * 20
        await open_plan(stage, "P", lambda order: prune_plan(order, lines=lines))
        assert "type prod 3 and enter to go on" in stage.text
        assert "Cancel" in stage.text


async def test_the_cutover_says_whole_what_must_hold_also_in_80_columns():
    async with open_app((80, 24), environment="staging") as stage:
        await stage.show(INCIDENT)
        await stage.press("c")
        assert "EGI_CONTROL_CENTER_URL is https and no mock" in stage.text
        assert "hard refresh + prune; no mock may be left" in stage.text
        assert "t opens the PR" not in stage.text  # the first line is no failure


# --- one key ------------------------------------------------------------------------------------------


async def test_y_on_a_plan_that_can_be_read_executes_it_once_with_the_reason():
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


async def test_a_key_and_y_in_one_burst_confirm_nothing():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        stage.reader.plan = sync_plan
        for key in ("s", "y", "y", "y"):
            stage.app.post_message(events.Key(key, key))
        await wait_until(stage, lambda: isinstance(stage.app.screen, PlanScreen) and stage.app.screen.is_readable)
        assert stage.reader.executed == []
        await stage.press("y")
        assert len(stage.reader.executed) == 1


async def test_a_phrase_typed_before_the_dialog_stands_is_not_in_it():
    async with open_app(environment="prod") as stage:
        await stage.show(INCIDENT)
        stage.reader.plan = lambda order: prune_plan(order, reason_required=False)
        for key, character in (("P", "P"), *((c if c != " " else "space", c) for c in "prod 3"), ("enter", "\r")):
            stage.app.post_message(events.Key(key, character))
        await wait_until(stage, lambda: isinstance(stage.app.screen, PlanScreen) and stage.app.screen.is_readable)
        assert stage.reader.executed == []
        assert plan_screen(stage).query_one("#phrase", Input).value == ""


async def test_enter_on_a_fresh_dialog_writes_nothing():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "s", sync_plan)
        assert isinstance(screen.focused, Button)
        await stage.press("enter")
        assert stage.reader.executed == []
        assert isinstance(stage.app.screen, FleetScreen)


async def test_y_within_the_reason_is_a_letter_of_it():
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


async def test_nothing_confirms_a_refusal_and_it_says_the_way_out():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, "s", lambda _: REFUSED)
        assert "an operation is Running for 4 min by a.lee" in stage.text
        assert "terminate it (x)" in stage.text
        await stage.press("y")
        assert stage.reader.executed == []


# --- a phrase -----------------------------------------------------------------------------------------


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


async def test_a_protected_environment_wants_the_phrase_and_a_reason():
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


# --- options ------------------------------------------------------------------------------------------


async def test_an_option_makes_the_plan_anew_and_does_not_stay_for_the_next_time():
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


async def test_resources_can_be_chosen_to_be_the_only_ones():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "s", sync_plan)
        await stage.press("a", "down", "space", "enter")
        await wait_until(stage, lambda: stage.app.screen is screen and screen.is_readable)
        assert stage.reader.orders[-1].resources == ("Deployment/anchor-staging/gateway",)


async def test_title_and_text_of_a_pull_request_can_be_changed():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        screen = await open_plan(stage, "p", promotion_plan)
        await stage.press("e", *" now", "ctrl+s")
        await wait_until(stage, lambda: stage.app.screen is screen and screen.is_readable)
        assert stage.reader.orders[-1].title.startswith("Promote 1.44.0 to staging")
        assert stage.reader.orders[-1].title.endswith("now")
        assert stage.reader.orders[-1].body == "Moves `staging`.\n"


async def test_each_request_is_shown_where_somebody_wants_to_see_it():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, "s", sync_plan)
        assert "POST" not in stage.text
        await stage.press("i")
        assert "POST /api/v1/applications/anchor-msp-staging/sync" in stage.text


# --- what is aimed at ---------------------------------------------------------------------------------


async def test_the_highlighted_environment_is_the_one_that_changes():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        await stage.press("2")
        await open_plan(stage, "s", sync_plan)
        order = stage.reader.orders[-1]
        assert (order.action, order.environments, order.applications) == ("sync", ("staging",), ())


async def test_of_several_applications_the_highlighted_one_is_meant_and_the_selected_ones_together():
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


async def test_a_selection_ends_with_its_environment():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        await stage.press("v", "space", "space")
        assert len(stage.fleet.selected) == 2
        await stage.press("3")
        assert stage.fleet.selected == frozenset()


async def test_with_every_environment_shown_the_row_says_which_one_is_promoted_into():
    async with open_app(environment="prod") as stage:
        await stage.show(HEALTHY)
        await stage.press("v", "home", "down")
        await open_plan(stage, "p", promotion_plan)
        assert stage.reader.orders[-1].environments == ("staging",)


async def test_a_fault_of_ours_in_a_flow_is_said_and_ends_nothing():
    async with open_app(environment="staging") as stage:
        await stage.show(HEALTHY)

        def broken() -> None:
            raise LookupError("a secret")

        stage.reader.recover = broken
        stage.app.flows.start_recovery()
        await wait_until(stage, lambda: "a fault in anchor-tui: LookupError" in notifications(stage))
        assert "a secret" not in notifications(stage)
        assert stage.app.is_running


async def test_a_refresh_goes_out_at_once_and_asks_nothing():
    async with open_app(environment="staging") as stage:
        await stage.show(HEALTHY)
        stage.reader.plan = lambda order: sync_plan(order, confirmation="none", title="Refresh anchor-msp-staging")
        await stage.press("r")
        await wait_until(stage, lambda: len(stage.reader.executed) == 1)
        assert isinstance(stage.app.screen, FleetScreen)
        stage.reader.outcome.set_result(make_outcome(stage.reader.executed[0][0], "Synced, Healthy"))
        await wait_until(stage, lambda: "Refresh anchor-msp-staging: done" in notifications(stage))


async def test_the_pull_request_that_is_highlighted_is_merged():
    async with open_app(environment="staging") as stage:
        await stage.show(readings(repo=fresh(ops_repo(pull_requests=(opened(232, staging="1.44.0"),)))))
        await open_plan(stage, "m", promotion_plan)
        assert stage.reader.orders[-1].number == 232


# --- where a key does not work ------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["r", "R", "s", "P", "x", "p", "b", "m", "c"])
async def test_read_only_has_no_key_that_acts(key):
    async with open_app(of=config(read_only=True), environment="prod") as stage:
        await stage.show(INCIDENT)
        await stage.press(key)
        assert stage.reader.orders == []
        assert isinstance(stage.app.screen, FleetScreen)
        assert "read-only: no actions" in stage.text


async def test_a_key_that_cannot_work_is_dim_in_the_help_with_its_reason():
    async with open_app((140, 50), environment="dev") as stage:
        await stage.show(HEALTHY)
        await stage.press("p", "x", "m")
        assert stage.reader.orders == []
        await stage.press("question_mark")
        assert "dev is the first environment" in stage.text
        assert "no operation runs" in stage.text
        assert "no pull request is highlighted" in stage.text


async def test_a_stale_argocd_takes_no_action_and_says_so():
    async with open_app((140, 50), environment="prod") as stage:
        await stage.show(STALE)
        await stage.press("s", "P")
        assert stage.reader.orders == []
        await stage.press("question_mark")
        assert "Argo CD is stale: read again (g)" in stage.text


async def test_terminate_works_where_an_operation_runs():
    async with open_app(environment="prod") as stage:
        busy = application("anchor-msp-prod", operation=Operation("Running", "", ago(minutes=4)))
        await stage.show(readings(fresh(argocd(busy))))
        await open_plan(stage, "x", sync_plan)
        assert stage.reader.orders[-1].action == "terminate"


# --- while it runs ------------------------------------------------------------------------------------


async def test_the_card_says_what_was_asked_and_shows_no_result_ahead_of_the_snapshot():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        stage.app._apply_jobs((make_job(sync_plan(Order("sync", "id", ("staging",))), "done", "running"),))
        await stage.pilot.pause()
        assert "◌ sync asked 3 s ago" in stage.text
        assert "! OutOfSync (2)" in stage.text
        assert "operation over" in stage.text


async def test_leaving_the_progress_leaves_it_going_and_activity_keeps_it():
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


async def test_the_pull_request_of_what_still_runs_is_told_whole_and_can_be_opened(monkeypatch):
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


async def test_what_has_drifted_is_shown_anew_and_confirmed_anew():
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
async def test_an_end_that_is_no_good_one_is_said_with_its_reason(kind, message):
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await open_plan(stage, "s", sync_plan)
        await stage.press("y")
        stage.reader.outcome.set_result(make_outcome(stage.reader.executed[0][0], message, kind=kind))
        await wait_until(stage, lambda: f"Sync anchor-msp-staging: {kind}" in notifications(stage))
        assert message in notifications(stage)


async def test_quitting_while_something_runs_says_what_and_waits_for_what_is_being_sent():
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


async def test_what_comes_while_the_screen_closes_is_dropped(monkeypatch):
    async with open_app(environment="staging") as stage:
        snapshot = await stage.show(INCIDENT)
        close = stage.app._close_all

        async def closing() -> None:
            await close()
            stage.app._apply_snapshot(replace(snapshot, engine_id="another"))
            stage.app._apply_jobs((make_job(sync_plan(Order("sync", "id", ("staging",))), "running"),))

        monkeypatch.setattr(stage.app, "_close_all", closing)
    assert stage.app.snapshot is snapshot
    assert stage.app.jobs == ()


async def test_what_earlier_runs_left_is_said_after_the_start():
    async with open_app() as stage:
        stage.reader.recovered = ("Sync anchor-msp-prod: outcome unknown, for it was cut short",)
        await stage.show(HEALTHY)
        stage.app.flows.start_recovery()
        await wait_until(stage, lambda: "outcome unknown, for it was cut short" in notifications(stage))


async def test_foreign_text_in_a_plan_is_text_and_nothing_else():
    async with open_app((140, 40), environment="staging") as stage:
        await stage.show(INCIDENT)
        hostile = replace(REFUSED, message=HOSTILE_NAME, subject=HOSTILE_NAME)
        await open_plan(stage, "s", lambda order: sync_plan(order, title=HOSTILE_NAME, refused=(hostile,)))
        assert "[/foo] [@click=app.quit]quit[/]" in stage.text
        assert "\x1b" not in stage.text
        assert "\u202e" not in stage.text
        await stage.press("escape")
        assert stage.app.is_running
