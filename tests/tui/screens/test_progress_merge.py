"""The merge of a pull request from the progress of the action that opened it."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Input

from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import Order, StepGroup
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.tui.merge_offer import explain_unmergeable
from anchor_tui.tui.screens.progress import ProgressScreen
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_plans import make_job, promotion_plan, prune_plan, sync_plan
from tests.tui.sample_readings import INCIDENT
from tests.values import replace

PULL_REQUEST_URL = "https://github.com/anchor/anchor-msp-ops/pull/{}"


def promotion_job(number: int | None, reason: str = "", **order: Any) -> Job:
    """Return a promotion that waits for its pull request; without a number the pull request does not exist yet."""
    plan = promotion_plan(
        Order("promote", "id", ("staging",), reason=reason, **order),
        step_groups=(StepGroup("release of staging", (WaitForMerge("anchor/anchor-msp-ops"),)),),
    )
    job = make_job(plan, "running")
    url = PULL_REQUEST_URL.format(number) if number else ""
    return replace(job, groups=(replace(job.groups[0], url=url),))


async def follow(ui: AppHarness, job: Job) -> None:
    """Show the progress of a job."""
    await ui.publish_jobs(job)
    ui.app.flows.show_progress(job.plan)
    await ui.pilot.pause()
    await ui.pilot.pause()


async def test_m_merges_the_pull_request_with_its_reason():
    async with open_app((80, 24), environment="staging") as ui:
        await ui.show(INCIDENT)
        await follow(ui, promotion_job(232, "night release"))
        assert "Promote 1.44.0 to staging · #232" in ui.text
        assert "m merges #232 · o opens it in the browser" in ui.text
        screen = await ui.open_plan("m", lambda order: prune_plan(order, phrase="staging"))
        order = ui.backend.orders[-1]
        assert (order.action, order.number) == ("merge", 232)
        assert screen.query_one("#reason", Input).value == "night release"
        await ui.press("enter", *"staging", "enter")
        assert ui.backend.executed[0][1].reason == "night release"
        await ui.press("escape")
        assert isinstance(ui.app.screen, ProgressScreen)
        assert ui.app.screen.job_id == "id"


async def test_escape_in_the_merge_returns_to_the_progress():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await follow(ui, promotion_job(232))
        await ui.open_plan("m", sync_plan)
        await ui.press("escape")
        assert isinstance(ui.app.screen, ProgressScreen)
        assert ui.backend.executed == []


async def test_the_reason_is_offered_in_the_fleet_too():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.publish_jobs(promotion_job(232, "night release"))
        screen = await ui.open_plan("m", sync_plan)
        reason = screen.query_one("#reason", Input)
        assert reason.value == "night release"
        reason.value = ""
        await ui.press("y")
        plan, consent = ui.backend.executed[0]
        assert plan.order.reason == consent.reason == ""


@pytest.mark.parametrize(
    ("job", "why"),
    [
        (promotion_job(None), "there is no pull request to merge yet"),
        (promotion_job(999), "#999 is not open, or not read yet"),
        (promotion_job(232, merge=True), "it is merged when its checks pass"),
    ],
    ids=["none", "unread", "automatic"],
)
async def test_m_reports_why_it_cannot_merge(job, why):
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await follow(ui, job)
        assert "m merges" not in ui.text
        await ui.press("m")
        assert isinstance(ui.app.screen, ProgressScreen)
        assert why in ui.notifications


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"checks": "pending"}, "the checks of #232: pending"),
        ({"checks": "failure"}, "the checks of #232: failure"),
        ({"checks": "unknown"}, "the checks of #232: unknown"),
        ({"draft": True}, "#232 is a draft"),
        ({"mergeable": "conflicting"}, "#232 conflicts with the branch"),
        ({"review": "review_required"}, "#232 waits for its review: review required"),
        ({"kind": "bump"}, "#232 is not a promotion, rollback or fix: merge it on GitHub (o)"),
        ({}, ""),
    ],
)
async def test_a_pull_request_is_mergeable_when_nothing_is_missing(changes, why):
    async with open_app(environment="staging") as ui:
        snapshot = await ui.show(INCIDENT)
        environments = tuple(
            replace(
                environment,
                pull_requests=tuple(
                    replace(pull, **changes) if pull.number == 232 else pull for pull in environment.pull_requests
                ),
            )
            for environment in snapshot.environments
        )
        assert explain_unmergeable(232, replace(snapshot, environments=environments)) == why


def test_a_stale_github_offers_no_merge():
    assert explain_unmergeable(232, None) == "GitHub is not read yet: the state of #232 is unknown"
