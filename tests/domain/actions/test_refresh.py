"""The plans of refresh and hard refresh."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.model import Operation, Problem
from tests.plan_values import (
    environment,
    expect_plan,
    expect_refusal,
    make_app_state,
    order,
    plan_inputs,
    snapshot,
    step_names,
    unread_source,
)
from tests.values import ago, application

RUNNING = Operation("Running", "waiting for completion of hook", ago(minutes=4), initiated_by="j.brandt")


@pytest.mark.parametrize(("action", "hard"), [("refresh", False), ("hard-refresh", True)])
def test_a_refresh_costs_nothing_and_is_followed(action, hard):
    plan = expect_plan(make_plan(order(action, "prod"), plan_inputs(make_app_state())))
    assert (plan.confirmation, plan.phrase, plan.reason_required, plan.protected) == ("none", "", False, True)
    assert step_names(plan) == ["Refresh", "WaitForRefresh"]
    assert plan.step_groups[0].steps[0].hard == hard
    assert plan.step_groups[0].steps[0].app.project == "anchor-msp"
    assert plan.command == f"anchor-tui {action} prod"


def test_a_refresh_needs_no_fresh_reading_of_the_application():
    assert expect_plan(make_plan(order("refresh", "prod"), plan_inputs(make_app_state(), states={})))


def test_a_refresh_is_allowed_while_an_operation_runs():
    assert expect_plan(make_plan(order("refresh", "prod"), plan_inputs(make_app_state(application(operation=RUNNING)))))


def test_absent_applications_are_refused_and_the_others_refreshed():
    gone = application("gone", presence="absent", problems=(Problem("gone", "not-found", "404"),))
    plan = expect_plan(make_plan(order("refresh", "prod"), plan_inputs(make_app_state(), make_app_state(gone))))
    assert [change.subject for change in plan.step_groups] == ["argocd/anchor-msp-prod"]
    assert [(each.subject, each.kind) for each in plan.refused] == [("argocd/gone", "absent")]


def test_where_every_application_is_forbidden_the_refresh_is_refused():
    hidden = application(presence="forbidden", problems=(Problem("x", "forbidden", "403: permission denied"),))
    refusal = expect_refusal(make_plan(order("refresh", "prod"), plan_inputs(make_app_state(hidden))))
    assert (refusal.kind, refusal.subject) == ("forbidden", "argocd/anchor-msp-prod")
    assert "403: permission denied" in refusal.message


@pytest.mark.parametrize("action", ["refresh", "sync", "terminate", "hard-refresh-prune"])
def test_an_environment_of_an_unread_server_is_refused(action):
    found = plan_inputs(snapshot=snapshot(environment("prod"), sources=(unread_source(),)))
    refusal = expect_refusal(make_plan(order(action, "prod"), found))
    assert refusal.kind == "unread"
    assert "argocd: no answer within 15 s" in refusal.message
