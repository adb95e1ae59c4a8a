"""The smaller dialogs: choosers, the editor of a pull request, the question before quitting."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.actions.plan import Order
from anchor_tui.domain.history.last_known_good import identify_content
from anchor_tui.domain.history.records import GoodRelease
from anchor_tui.domain.history.release_runs import ReleaseRecord, ReleaseRun
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.progress import ProgressScreen
from anchor_tui.tui.screens.quit import QuitScreen
from anchor_tui.tui.screens.release_chooser import ReleaseChooser
from anchor_tui.tui.targets import ActionTarget
from tests.tui.harness import open_app
from tests.tui.sample_plans import make_job, promotion_plan, sync_plan
from tests.tui.sample_readings import INCIDENT
from tests.values import NOW, release, replace

LOW = (80, 24)
WIDE = (150, 30)


def past_release(version: str) -> PastRelease:
    return PastRelease(version.replace(".", "").ljust(40, "0"), release(version))


async def test_the_release_chooser_shows_only_keys_that_work():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        ui.backend.releases = tuple(past_release(f"1.4{number}.0") for number in range(30))
        await ui.press("b")
        await ui.wait_until(lambda: "choose one" in ui.text)
        assert "↑↓ choose · esc Cancel" in ui.text
        await ui.press("enter")
        assert ui.backend.orders == []
        await ui.press("down")
        assert "↑↓ choose · enter shows the plan · esc Cancel" in ui.text


async def test_a_wanted_release_is_highlighted_in_the_chooser():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        ui.backend.releases = (past_release("1.43.1"), past_release("1.43.0"))
        target = ActionTarget("staging", release=release("1.43.0"))
        ui.app.call_next(lambda: ui.app.start_action("rollback", target))
        await ui.wait_until(lambda: "enter shows the plan" in ui.text)
        await ui.open_plan("enter", promotion_plan)
        assert ui.backend.orders[-1].version == past_release("1.43.0").commit


async def test_a_wanted_release_that_never_ran_is_explained():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        ui.backend.releases = (past_release("1.43.1"),)
        target = ActionTarget("staging", release=release("1.30.0"))
        ui.app.call_next(lambda: ui.app.start_action("rollback", target))
        await ui.wait_until(lambda: "1.30.0 is not among the earlier releases of staging" in ui.notifications)
        assert "choose one" in ui.text


async def test_the_last_known_good_release_is_marked_and_preselected():
    async with open_app(WIDE, environment="staging") as ui:
        await ui.show(INCIDENT)
        ui.backend.releases = (past_release("1.43.1"), past_release("1.43.0"), past_release("1.42.0"))
        contents = {version: identify_content(release(version)) for version in ("1.44.0", "1.43.0", "1.42.0")}
        ui.backend.release_record = ReleaseRecord(
            {contents["1.43.0"]: ReleaseRun(contents["1.43.0"], None, timedelta(hours=60), timedelta(hours=59.99))},
            tuple(GoodRelease("staging", version, contents[version], "", NOW, NOW, NOW) for version in contents),
        )
        await ui.press("b")
        await ui.wait_until(lambda: "enter shows the plan" in ui.text)
        assert ui.text.count("known good") == 2
        assert "99 % of 2 d" in ui.text
        assert "unknown" in ui.text
        await ui.open_plan("enter", promotion_plan)
        assert ui.backend.orders[-1].version == past_release("1.43.0").commit


async def test_only_imported_releases_leave_the_choice_open():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        ui.backend.releases = (past_release("1.43.1"),)
        ui.backend.release_record = ReleaseRecord({"a": ReleaseRun("a", timedelta(days=3))})
        await ui.press("b")
        await ui.wait_until(lambda: "choose one" in ui.text)
        await ui.press("enter")
        assert ui.backend.orders == []
        assert "known good" not in ui.text


async def test_escape_in_the_plan_returns_to_the_releases():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        ui.backend.releases = (past_release("1.43.1"), past_release("1.43.0"))
        await ui.press("b")
        await ui.wait_until(lambda: "choose one" in ui.text)
        await ui.press("down")
        await ui.open_plan("enter", promotion_plan)
        await ui.press("escape")
        assert isinstance(ui.app.screen, ReleaseChooser)
        await ui.press("down")
        await ui.open_plan("enter", promotion_plan)
        first, second = ui.backend.orders
        assert first.request_id != second.request_id
        await ui.press("y")
        await ui.wait_until(lambda: isinstance(ui.app.screen, ProgressScreen))
        await ui.press("escape")
        await ui.wait_until(lambda: isinstance(ui.app.screen, FleetScreen))
        assert len(ui.backend.executed) == 1


async def test_the_keys_are_visible_below_many_resources():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        names = tuple(f"ConfigMap/anchor-staging/settings-{number}" for number in range(60))
        await ui.open_plan("s", lambda order: sync_plan(order, choices=names))
        await ui.press("a")
        assert "space select · enter Apply · esc Cancel" in ui.text


async def test_the_keys_are_visible_below_a_long_body():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        draft = replace(promotion_plan(Order("promote", "id")).pull_request, body="line\n" * 60)
        await ui.open_plan("p", lambda order: promotion_plan(order, pull_request=draft))
        await ui.press("e")
        assert "tab next field · ctrl+s Save · esc Cancel" in ui.text


async def test_the_keys_are_visible_below_many_actions():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        plans = [sync_plan(Order("sync", f"id {number}", ("staging",))) for number in range(40)]
        await ui.publish_jobs(*(make_job(plan, "running") for plan in plans))
        await ui.press("q")
        await ui.wait_until(lambda: isinstance(ui.app.screen, QuitScreen))
        assert "Quitting waits for requests in flight" in ui.text
        assert "y Quit · esc Stay" in ui.text


async def test_the_keys_are_visible_below_many_steps():
    async with open_app(LOW, environment="staging") as ui:
        await ui.show(INCIDENT)
        plan = sync_plan(Order("sync", "id", ("staging",)))
        plan = replace(plan, step_groups=tuple(replace(plan.step_groups[0], subject=f"{n}") for n in range(20)))
        job = make_job(plan, "running", "waiting", "waiting")
        url = "https://github.com/anchor/anchor-msp-ops/pull/232"
        await ui.publish_jobs(replace(job, groups=tuple(replace(group, url=url) for group in job.groups)))
        ui.app.flows.show_progress(plan)
        await ui.pilot.pause()
        await ui.pilot.pause()
        shown = " ".join(ui.text.replace("│", " ").split())
        assert "m merges #232 · o opens it in the browser · esc closes" in shown
        assert "see Activity" in shown
