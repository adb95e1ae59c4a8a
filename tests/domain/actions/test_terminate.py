"""The plans that terminate operations."""

from __future__ import annotations

import shlex

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.plan import describe_drift, preconditions_hold
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.steps import Terminate
from anchor_tui.domain.actions.wait_steps import WaitForTermination
from anchor_tui.domain.model import Operation
from tests.plan_values import (
    expect_plan,
    expect_refusal,
    line_texts,
    make_app_state,
    order,
    plan_inputs,
    recorded_state,
)
from tests.values import ago, application

RUNNING = Operation("Running", "waiting for completion of hook", ago(minutes=4), initiated_by="j.brandt")


def test_a_termination_names_whose_operation_it_is_and_since_when():
    plan = expect_plan(make_plan(order("terminate", "staging"), plan_inputs(environments={"staging": (run(RUNNING),)})))
    assert line_texts(plan, "change") == [
        "argocd/anchor-msp-prod: Running for 4 min by j.brandt: waiting for completion of hook"
    ]
    (change,) = plan.step_groups
    assert [type(step) for step in change.steps] == [Terminate, WaitForTermination]
    assert (plan.confirmation, plan.phrase, plan.reason_required) == ("key", "", False)
    assert "left in between" in line_texts(plan, "note")[0]


def run(operation, **changes):
    return make_app_state(application(operation=operation), **changes)


def test_of_prod_a_termination_is_typed_and_wants_a_reason():
    plan = expect_plan(make_plan(order("terminate", "prod", reason="it hangs"), plan_inputs(run(RUNNING))))
    assert (plan.confirmation, plan.phrase, plan.reason_required) == ("phrase", "prod", True)
    assert shlex.split(plan.command) == ["anchor-tui", "terminate", "prod", "--reason", "it hangs", "--confirm", "prod"]


def test_a_pending_operation_can_be_terminated():
    plan = expect_plan(make_plan(order("terminate", "prod"), plan_inputs(run(Operation("Pending")))))
    assert line_texts(plan, "change") == ["argocd/anchor-msp-prod: Pending, not started yet"]
    assert expect_plan(make_plan(order("terminate", "prod"), plan_inputs(recorded_state("get-operation-not-started"))))


@pytest.mark.parametrize(
    ("found", "kind", "settled", "words"),
    [
        (make_app_state(), "idle", True, "no operation is running"),
        (run(Operation("Succeeded", finished_at=ago(minutes=1))), "idle", True, "nothing to terminate"),
        (recorded_state("get-dr-after-terminate"), "terminating", False, "is already being terminated"),
        (run(RUNNING, may_sync="no"), "forbidden", False, "may not terminate it"),
    ],
)
def test_a_termination_is_refused_where_there_is_nothing_to_end(found, kind, settled, words):
    refusal = expect_refusal(make_plan(order("terminate", "prod"), plan_inputs(found)))
    assert (refusal.kind, refusal.already_done) == (kind, settled)
    assert words in refusal.message


def test_of_several_applications_only_those_with_an_operation_are_terminated():
    found = plan_inputs(run(RUNNING), make_app_state(application("b")))
    plan = expect_plan(make_plan(order("terminate", "prod"), found))
    assert [change.subject for change in plan.step_groups] == ["argocd/anchor-msp-prod"]
    assert [each.kind for each in plan.refused] == ["idle"]


def test_another_operation_than_planned_is_a_drift():
    first = expect_plan(make_plan(order("terminate", "prod"), plan_inputs(run(RUNNING))))
    later = expect_plan(
        make_plan(order("terminate", "prod"), plan_inputs(run(replace(RUNNING, started_at=ago(minutes=1)))))
    )
    same = expect_plan(make_plan(order("terminate", "prod"), plan_inputs(run(replace(RUNNING, message="another")))))
    assert preconditions_hold(first, same)
    assert not preconditions_hold(first, later)
    assert str(describe_drift(first, later)) == (
        "the operation of argocd/anchor-msp-prod was 2026-11-23T13:58:31Z and is 2026-11-23T14:01:31Z now"
    )
