"""The cutover's checklist and plan."""

from __future__ import annotations

import shlex

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.cutover import build_checklist
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.steps import Sync
from anchor_tui.domain.actions.wait_steps import WaitForNoMocks
from anchor_tui.domain.model import Finding, Operation
from tests.plan_values import (
    environment,
    expect_plan,
    expect_refusal,
    make_app_state,
    order,
    plan_inputs,
    recorded_state,
    snapshot,
)
from tests.values import ago, application

RUNNING = Operation("Running", "waiting for completion of hook", ago(minutes=4), initiated_by="j.brandt")


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


def test_the_checklist_has_steps_1_to_4_per_environment():
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


def test_an_item_names_where_to_look():
    held = findings("prod")[:-1]
    placed = finding("mock.agentfield-url", "git", "fail", file="values.yaml", line=12, message="it is http")
    live = finding("mock.agentfield-url", "rendered", "fail", resource="Deployment/anchor-gateway")
    for found, words in (
        (placed, "4. prod: AGENTFIELD_URL is https, not a mock: it is http (values.yaml:12)"),
        (replace(placed, line=None), "(values.yaml)"),
        (live, "(Deployment/anchor-gateway)"),
    ):
        assert words in build_checklist(estate(prod=(*held, found)).snapshot)[-1].line.text


def test_an_item_takes_the_worst_of_its_own_evidence():
    held = (
        *findings("prod"),
        finding("mock.agentfield-url", "rendered", "fail"),
        finding("mock.workloads-absent", "live", "fail"),
    )
    items = {(each.number, each.environment): each.state for each in build_checklist(estate(prod=held).snapshot)}
    assert items[4, "prod"] == "failed"
    assert items[1, "prod"] == "ok", "that live mocks are left is what step 5 is for"


def test_a_check_without_findings_does_not_count_as_passed():
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


def test_the_cutover_prunes_both_environments_and_checks_for_mocks():
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


def test_the_command_of_a_cutover_names_no_environment():
    plan = expect_plan(make_plan(order("cutover", reason="cut over"), estate()))
    assert expect_plan(make_plan(plan.order, estate())).command == plan.command


def test_without_an_environment_under_those_rules_there_is_no_cutover():
    found = plan_inputs(snapshot=snapshot(environment("dev", application("anchor-msp-dev"))))
    assert expect_refusal(make_plan(order("cutover"), found)).kind == "no-environment"
    assert build_checklist(found.snapshot) == ()


def automated(evidence, status, **changes):
    return finding("argo.automated-prune", evidence, status, resource="anchor-msp-prod", **changes)


MANIFEST = {"file": "infra/argocd/applications/prod.yaml", "line": 25}
COMMANDS = {
    "the Application is not applied": (
        (automated("manifest", "pass", **MANIFEST), automated("live-spec", "fail")),
        "kubectl apply -f infra/argocd/applications/prod.yaml",
    ),
    "git is wrong": (
        (automated("manifest", "fail", **MANIFEST), automated("live-spec", "fail")),
        "anchor-tui fix prod argo.automated-prune",
    ),
    "no manifest is in git": ((automated("live-spec", "fail"),), ""),
    "it passes": ((automated("manifest", "pass", **MANIFEST), automated("live-spec", "pass")), ""),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_failed_line_names_the_command_that_fixes_it(name):
    found, command = COMMANDS[name]
    items = build_checklist(snapshot(environment("prod", findings=found)))
    (item,) = [item for item in items if item.check == "argo.automated-prune"]
    assert item.command == command
    assert item.line.text.endswith(command)
