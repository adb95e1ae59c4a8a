"""The card of an environment."""

from __future__ import annotations

from anchor_tui.config.model import ApplicationName
from anchor_tui.domain.actions.plan import Order
from anchor_tui.domain.model import ResourceCounts
from anchor_tui.tui.widgets.card import EnvironmentCard
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import open_app
from tests.tui.sample_findings import FINDINGS
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT, OUT_OF_SYNC
from tests.values import (
    application,
    argocd,
    config,
    environment_config,
    fresh,
    opened,
    ops_repo,
    readings,
    replace,
)


async def test_a_card_shows_a_running_action_but_no_result():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.publish_jobs(make_job(sync_plan(Order("sync", "id", ("staging",))), "done", "running"))
        await ui.pilot.pause()
        assert "◌ sync started 3 s ago" in ui.text
        assert "! OutOfSync, 1 resource differs" in ui.text
        assert "waiting for the operation" in ui.text


async def test_a_click_on_a_card_highlights_it():
    async with open_app(environment="dev") as ui:
        await ui.show(HEALTHY)
        await ui.pilot.click("#card-3")
        await ui.pilot.pause()
        assert ui.fleet.environment == "prod"


async def test_a_card_shows_the_open_pull_request():
    async with open_app() as ui:
        await ui.show(readings(repo=fresh(ops_repo(pull_requests=(opened(232, staging="1.44.0"),)))))
        assert "#232 promote 1.44.0" in ui.text
        row_list = ui.app.screen.query_one("#rows", RowList)
        assert row_list.highlighted_row is not None


LIVE = application("anchor-msp-dev", images=("ghcr.io/anchor/anchor-gateway:1.43.2@sha256:" + "ab" * 32, "redis:7"))


async def test_git_and_live_version_are_shown_when_they_differ():
    async with open_app((180, 50), environment="dev") as ui:
        await ui.show(readings(fresh(argocd(LIVE))))
        assert "git 1.44.0 · live 1.43.2  2 h ago" in ui.text
        await ui.show(readings(fresh(argocd(application("anchor-msp-dev")))))
        assert "live 1.43.2" not in ui.text
    async with open_app((80, 24), environment="dev") as ui:
        await ui.show(readings(fresh(argocd(LIVE))), FINDINGS)
        assert "1.44.0 · live 1.43.2  ✓ Synced" in ui.text


async def test_a_card_names_what_its_numbers_count():
    names = [f"anchor-msp-staging-{number}" for number in range(7)]
    chosen = config(environment_config("staging", applications=tuple(map(ApplicationName, names))))
    apps = [replace(OUT_OF_SYNC, name=names[0], resources=ResourceCounts(30, 20, 0)), *map(application, names[1:])]
    async with open_app((110, 32), config=chosen) as ui:
        await ui.show(readings(fresh(argocd(*apps))))
        assert "! OutOfSync 1 of 7 apps, 19 resources differ, 1 to prune   ✓ Healthy 7 of 7 apps" in ui.text


async def test_a_card_names_the_cause_once():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        card = ui.app.screen.query_one("#card-3", EnvironmentCard)
        lines = card.render().plain.splitlines()
        assert lines[0] == "✗ FAILING  Degraded 12 min"
        assert sum("Degraded 12 min" in line for line in lines) == 1
        assert "· Deployment/gateway: 0 of 1" in [line.rstrip() for line in lines]
