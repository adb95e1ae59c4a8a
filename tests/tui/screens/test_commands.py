"""The list of shell commands."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.plan import Order
from anchor_tui.tui.screens.commands import CommandsScreen
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.plan import PlanScreen
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import EXPLAINED, HEALTHY
from tests.tui.screens.test_environment import PROD_WITH_TWO, open_environment
from tests.values import application, argocd, config, fresh, readings

WIDE = (120, 40)


async def open_commands(ui: AppHarness) -> None:
    await ui.press("C")
    await ui.wait_until(lambda: isinstance(ui.app.screen, CommandsScreen))


@pytest.mark.parametrize("size", [(80, 24), WIDE], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_commands_picture(size, picture):
    async with open_app(size, PROD_WITH_TWO, environment="prod") as ui:
        await ui.show(EXPLAINED)
        await open_commands(ui)
        assert ui.picture() == picture


async def test_y_copies_the_highlighted_command_and_stays():
    async with open_app(WIDE, PROD_WITH_TWO, environment="prod") as ui:
        await ui.show(EXPLAINED)
        await open_commands(ui)
        await ui.press("down", "y")
        assert ui.app.clipboard == "argocd app get argocd/anchor-msp-prod --output=tree=detailed"
        assert isinstance(ui.app.screen, CommandsScreen)
        await ui.press("escape")
        assert isinstance(ui.app.screen, FleetScreen)


async def test_commands_of_a_pull_request_name_its_number():
    async with open_environment() as ui:
        await ui.press("shift+tab")
        await open_commands(ui)
        assert "gh pr diff 240 --repo=github.com/a/b" in ui.text


async def test_commands_of_a_past_release_name_its_commit():
    async with open_environment() as ui:
        await ui.wait_until(lambda: "1.42.7" in ui.text)
        await ui.press("down")
        await open_commands(ui)
        assert "anchor-tui rollback prod --to 1.43.1 --dry-run" in ui.text


async def test_a_read_only_screen_marks_commands_that_change_something():
    async with open_app(WIDE, config(read_only=True), environment="prod") as ui:
        await ui.show(HEALTHY)
        await open_commands(ui)
        sync = next(line for line in ui.text.splitlines() if "argocd app sync" in line)
        assert "changes" in sync
        assert ui.backend.executed == []


async def test_a_plan_shows_its_commands_and_y_there_confirms_nothing():
    async with open_app(WIDE, environment="staging") as ui:
        await ui.show(EXPLAINED)
        await ui.open_plan("s", sync_plan)
        await open_commands(ui)
        await ui.press("y", "y")
        assert ui.app.clipboard.startswith("anchor-tui sync")
        assert ui.backend.executed == []
        await ui.press("escape")
        assert isinstance(ui.app.screen, PlanScreen)


async def test_an_action_shows_the_commands_of_its_plan():
    async with open_app(WIDE, environment="staging") as ui:
        await ui.show(EXPLAINED)
        plan = sync_plan(Order("sync", "id", ("staging",)))
        await ui.publish_jobs(make_job(plan, "done", "running"))
        await ui.press("shift+tab")
        await open_commands(ui)
        assert plan.command in ui.text


async def test_a_revision_that_is_not_a_commit_gives_no_command():
    hostile = application("anchor-msp-prod", namespace="argocd", compared_revision="$(id)")
    async with open_app(WIDE, environment="prod") as ui:
        await ui.show(readings(fresh(argocd(hostile))))
        await open_commands(ui)
        assert "git show" not in ui.text


async def test_a_row_of_another_environment_has_its_own_commands():
    async with open_app(WIDE, environment="prod") as ui:
        await ui.show(HEALTHY)
        await ui.press("v", "home")
        await open_commands(ui)
        assert "cause of the failure in dev" in ui.text
        assert "in prod" not in ui.text
