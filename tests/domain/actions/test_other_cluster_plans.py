"""Refresh, terminate and the cutover's checklist."""

from __future__ import annotations

import shlex

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.cutover import build_checklist
from anchor_tui.domain.actions.plan import describe_drift, preconditions_hold
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.steps import Sync, Terminate
from anchor_tui.domain.actions.wait_steps import WaitForNoMocks, WaitForTermination
from anchor_tui.domain.model import Finding, Operation, Problem
from tests.plan_values import (
    environment,
    expect_plan,
    expect_refusal,
    line_texts,
    make_app_state,
    order,
    plan_inputs,
    recorded_state,
    snapshot,
    step_names,
    unread_source,
)
from tests.values import ago, application

RUNNING = Operation("Running", "waiting for completion of hook", ago(minutes=4), initiated_by="j.brandt")

# --- refresh ------------------------------------------------------------------------------------------


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


def test_a_refresh_goes_on_while_an_operation_runs():
    assert expect_plan(make_plan(order("refresh", "prod"), plan_inputs(make_app_state(application(operation=RUNNING)))))


def test_of_several_applications_the_absent_ones_are_refused_and_the_others_refreshed():
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
def test_an_environment_whose_server_was_not_read_is_refused_with_the_reason(action):
    found = plan_inputs(snapshot=snapshot(environment("prod"), sources=(unread_source(),)))
    refusal = expect_refusal(make_plan(order(action, "prod"), found))
    assert refusal.kind == "unread"
    assert "argocd: no answer within 15 s" in refusal.message


# --- terminate ----------------------------------------------------------------------------------------


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


def test_an_operation_that_nobody_has_taken_up_can_be_terminated():
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


def test_another_operation_than_the_one_that_was_seen_is_a_drift():
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


# --- the cutover ----------------------------------------------------------------------------------------

STEPS = [
    (1, "staging", "mock.workloads-absent", "git"),
    (1, "prod", "mock.workloads-absent", "git"),
    (2, "staging", "argo.automated-prune", "live-spec"),
    (2, "prod", "argo.automated-prune", "live-spec"),
    (2, "staging", "argo.automated-self-heal", "live-spec"),
    (2, "prod", "argo.automated-self-heal", "live-spec"),
    (3, "prod", "mock.control-center-url", "git"),
    (4, "prod", "mock.agentfield-url", "git"),
]


def finding(check, evidence_, status="pass", **changes):
    return replace(Finding(check, check, "error", status, evidence_, f"{check} {status}"), **changes)


def findings(environment_, **changed):
    """Everything of the checklist holds; `changed` are statuses of checks by their last word."""
    return tuple(
        finding(check, kind, changed.get(check.rpartition(".")[2].replace("-", "_"), "pass"))
        for _, name, check, kind in STEPS
        if name == environment_
    )


def estate(staging=None, prod=None, states=None):
    held = states or {
        name: recorded_state("get-after-prune", "managed-resources-prod", application=application(f"anchor-msp-{name}"))
        for name in ("staging", "prod")
    }
    environments = (
        environment("dev", application("anchor-msp-dev")),
        environment(
            "staging", held["staging"].application, findings=findings("staging") if staging is None else staging
        ),
        environment("prod", held["prod"].application, findings=findings("prod") if prod is None else prod),
    )
    return plan_inputs(snapshot=snapshot(*environments), states={each.application.id: each for each in held.values()})


def test_the_checklist_has_steps_1_to_4_for_the_environments_they_are_about():
    items = build_checklist(estate().snapshot)
    assert [(each.number, each.environment) for each in items] == [(number, name) for number, name, _, _ in STEPS]
    assert {each.state for each in items} == {"ok"}
    assert [each.line.text for each in items][:2] == [
        "1. staging: statusMock.enabled is false",
        "1. prod: statusMock.enabled is false",
    ]


@pytest.mark.parametrize(
    ("status", "state_", "kind"),
    [
        ("pass", "ok", "ok"),
        ("fail", "failed", "failed"),
        ("unknown", "unknown", "warning"),
        ("skipped", "unknown", "warning"),
        ("waived", "unknown", "warning"),
    ],
)
def test_an_item_is_as_its_finding_is(status, state_, kind):
    item = build_checklist(estate(prod=findings("prod", agentfield_url=status)).snapshot)[-1]
    assert (item.state, item.line.kind) == (state_, kind)
    assert ("mock.agentfield-url" in item.line.text) == (state_ != "ok")


def test_an_item_says_where_to_look():
    held = findings("prod")[:-1]
    placed = finding("mock.agentfield-url", "git", "fail", file="values.yaml", line=12, message="it is http")
    live = finding("mock.agentfield-url", "rendered", "fail", resource="Deployment/anchor-gateway")
    for found, words in (
        (placed, "4. prod: AGENTFIELD_URL is https, not a mock: it is http (values.yaml:12)"),
        (replace(placed, line=None), "(values.yaml)"),
        (live, "(Deployment/anchor-gateway)"),
    ):
        assert words in build_checklist(estate(prod=(*held, found)).snapshot)[-1].line.text


def test_an_item_is_judged_by_its_own_evidence_the_worst_of_it():
    held = (
        *findings("prod"),
        finding("mock.agentfield-url", "rendered", "fail"),
        finding("mock.workloads-absent", "live", "fail"),
    )
    items = {(each.number, each.environment): each.state for each in build_checklist(estate(prod=held).snapshot)}
    assert items[4, "prod"] == "failed"
    assert items[1, "prod"] == "ok", "that live mocks are left is what step 5 is for"


def test_a_check_that_was_not_judged_is_not_taken_for_one_that_holds():
    item = build_checklist(estate(prod=()).snapshot)[-1]
    assert item.state == "unknown"
    assert "not checked" in item.line.text


@pytest.mark.parametrize(
    "changed",
    ["workloads_absent", "automated_prune", "automated_self_heal", "control_center_url", "agentfield_url"],
)
@pytest.mark.parametrize("status", ["fail", "unknown"])
def test_step_5_waits_for_each_of_the_others(changed, status):
    refusal = expect_refusal(make_plan(order("cutover"), estate(prod=findings("prod", **{changed: status}))))
    assert refusal.kind == "checklist"
    assert refusal.message.startswith("step 5 waits for steps 1 to 4: ")
    assert refusal.message.count("; ") == 0


def test_step_5_names_everything_that_is_open():
    found = estate(staging=findings("staging", automated_prune="fail"), prod=findings("prod", agentfield_url="unknown"))
    message = expect_refusal(make_plan(order("cutover"), found)).message
    assert "2. staging: automated.prune is true" in message
    assert "4. prod: AGENTFIELD_URL" in message


def test_the_cutover_syncs_staging_and_prod_with_prune_and_proves_that_no_mock_is_left():
    stale = {
        "staging": recorded_state("get-staging", "managed-resources"),
        "prod": recorded_state("get-after-prune", "managed-resources-prod", application=application()),
    }
    plan = expect_plan(make_plan(order("cutover", reason="cut over"), estate(states=stale)))
    assert [change.subject for change in plan.step_groups] == ["argocd/anchor-msp-staging", "argocd/anchor-msp-prod"]
    for change in plan.step_groups:
        assert [type(step).__name__ for step in change.steps] == [
            "Sync",
            "WaitForOperation",
            "WaitForNoMocks",
            "WaitForHealth",
        ]
        assert all(step.prune for step in change.steps if isinstance(step, Sync))
        assert all(step.app.id == change.application for step in change.steps if isinstance(step, WaitForNoMocks))
    assert (plan.confirmation, plan.phrase, plan.protected) == ("phrase", "staging prod 2", True)
    assert plan.title == "Cut over 2 applications"
    assert plan.is_destructive
    assert [line.text for line in plan.lines][8] == "5. hard refresh, then sync with prune:"
    assert shlex.split(plan.command) == [
        "anchor-tui",
        "cutover",
        "--reason",
        "cut over",
        "--confirm",
        "staging prod 2",
    ]


def test_the_cutover_is_whole_or_not_at_all():
    held = {
        "staging": recorded_state("get-staging", "managed-resources"),
        "prod": make_app_state(application(operation=RUNNING)),
    }
    refusal = expect_refusal(make_plan(order("cutover"), estate(states=held)))
    assert refusal.kind == "incomplete"
    assert "argocd/anchor-msp-prod: an operation is Running" in refusal.message


@pytest.mark.parametrize("name", ["argocd", "github"])
def test_a_checklist_of_old_news_is_none(name):
    held = estate()
    sources = tuple(replace(each, state="stale") if each.id == name else each for each in held.snapshot.sources)
    refusal = expect_refusal(
        make_plan(order("cutover"), replace(held, snapshot=replace(held.snapshot, sources=sources)))
    )
    assert (refusal.kind, "read again" in refusal.message) == ("stale", True)


def test_the_command_of_a_cutover_names_no_environment_also_when_it_is_made_again():
    plan = expect_plan(make_plan(order("cutover", reason="cut over"), estate()))
    assert expect_plan(make_plan(plan.order, estate())).command == plan.command


def test_without_an_environment_under_those_rules_there_is_no_cutover():
    found = plan_inputs(snapshot=snapshot(environment("dev", application("anchor-msp-dev"))))
    assert expect_refusal(make_plan(order("cutover"), found)).kind == "no-environment"
    assert build_checklist(found.snapshot) == ()
