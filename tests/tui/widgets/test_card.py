"""The card of an environment."""

from __future__ import annotations

from anchor_tui.domain.actions.plan import Order
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import open_app
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT
from tests.values import (
    fresh,
    opened,
    ops_repo,
    readings,
)


async def test_a_card_shows_a_running_action_but_no_result():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        stage.app._apply_jobs((make_job(sync_plan(Order("sync", "id", ("staging",))), "done", "running"),))
        await stage.pilot.pause()
        assert "◌ sync asked 3 s ago" in stage.text
        assert "! OutOfSync (2)" in stage.text
        assert "operation over" in stage.text


async def test_a_click_on_a_card_highlights_it():
    async with open_app(environment="dev") as stage:
        await stage.show(HEALTHY)
        await stage.pilot.click("#card-3")
        await stage.pilot.pause()
        assert stage.fleet.environment == "prod"


async def test_a_card_shows_the_open_pull_request():
    async with open_app() as stage:
        await stage.show(readings(repo=fresh(ops_repo(pull_requests=(opened(232, staging="1.44.0"),)))))
        assert "#232 promote 1.44.0" in stage.text
        grid = stage.app.screen.query_one("#rows", RowList)
        assert grid.highlighted_row is not None
