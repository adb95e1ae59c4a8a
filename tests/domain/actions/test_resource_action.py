"""The plans of actions on one resource."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from anchor_tui.domain.actions.plan import Plan, Refusal, describe_drift, preconditions_hold
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.resource_state import (
    OfferedAction,
    ResourceState,
    has_recognisable_effect,
    read_live_resource,
    select_resource,
    shows_effect,
)
from anchor_tui.domain.actions.steps import DeleteResource, RunResourceAction
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from tests.plan_values import (
    environment,
    expect_plan,
    expect_refusal,
    line_texts,
    make_app_state,
    order,
    plan_inputs,
    snapshot,
    step_names,
)
from tests.values import NOW, ago, application, replace

WEB = ResourceNode(ResourceKey("apps", "Deployment", "anchor-prod", "web"), "v1", "1c", health="Healthy")
REPLICA_SET = ResourceNode(ResourceKey("apps", "ReplicaSet", "anchor-prod", "web-5d8f"), "v1", "2d", ("1c",))
POD = ResourceNode(
    ResourceKey("", "Pod", "anchor-prod", "web-5d8f-x2"),
    "v1",
    "3e",
    ("2d",),
    health="Healthy",
    created_at=ago(hours=3),
    status_reason="Running",
)
OFFERED = (
    OfferedAction("restart"),
    OfferedAction("resume", is_disabled=True),
    OfferedAction("scale", ("replicas",)),
)
DEPLOYMENT = ResourceState(WEB, (), 2, OFFERED, "action/apps/Deployment/restart", "yes")
LIVE_POD = ResourceState(POD, (REPLICA_SET, WEB), 1, (), "delete//Pod/anchor-prod/web-5d8f-x2", "yes")


def make(action: str, resource: Any, env: str = "prod", **changes: Any) -> Plan | Refusal:
    inputs = plan_inputs(environments={env: (make_app_state(),)}, resource_state=resource)
    return make_plan(order(action, env, resources=("web",), **changes), inputs)


def restart(resource: Any = DEPLOYMENT, env: str = "prod", **changes: Any) -> Plan | Refusal:
    return make("resource-action", resource, env, resource_action="restart", **changes)


def test_a_restart_in_staging_costs_one_key():
    plan = expect_plan(restart(env="staging"))
    assert (plan.confirmation, plan.phrase, plan.reason_required) == ("key", "", False)
    assert plan.title == "Restart Deployment/web of anchor-msp-prod"
    assert step_names(plan) == ["RunResourceAction", "WaitForResource"]
    assert isinstance(plan.step_groups[0].steps[0], RunResourceAction)
    assert "2 pods replaced" in line_texts(plan, "change")[1]
    assert not plan.is_destructive


def test_a_restart_in_prod_is_priced_like_a_sync():
    plan = expect_plan(restart(reason="stuck"))
    assert (plan.confirmation, plan.phrase, plan.reason_required) == ("phrase", "prod", True)
    words = "resource argocd/anchor-msp-prod apps/Deployment/anchor-prod/web restart --reason stuck --confirm prod"
    assert shlex.split(plan.command) == ["anchor-tui", *words.split()]


def test_a_pod_deletion_is_priced_like_a_prune():
    plan = expect_plan(make("delete-pod", LIVE_POD))
    assert (plan.confirmation, plan.phrase, plan.is_destructive) == ("phrase", "prod 1", True)
    step = plan.step_groups[0].steps[0]
    assert isinstance(step, DeleteResource)
    assert step.uid == "3e"
    assert line_texts(plan, "deleted") == [
        "1 pod will be DELETED from the cluster: anchor-prod/web-5d8f-x2  3 h old  (Running)"
    ]
    assert "the only pod of Deployment/web" in line_texts(plan, "warning")[0]
    assert "--delete" in shlex.split(plan.command)


def test_a_pod_without_owner_is_not_created_again():
    plan = expect_plan(make("delete-pod", replace(LIVE_POD, owners=())))
    assert "nothing creates it again" in line_texts(plan, "warning")[0]
    assert plan.step_groups[0].steps[1].title == "waiting for Pod/web-5d8f-x2 to be gone"


def test_a_value_is_part_of_title_and_command():
    changes = {"resource_action": "scale", "parameters": {"replicas": "3"}}
    plan = expect_plan(make("resource-action", DEPLOYMENT, **changes))
    assert plan.title.startswith("Scale (replicas=3) Deployment/web")
    assert "--param replicas=3" in plan.command


@pytest.mark.parametrize(
    ("resource", "changes", "kind", "words"),
    [
        (DEPLOYMENT, {"resource_action": "abort"}, "no-action", "it offers restart, scale"),
        (DEPLOYMENT, {"resource_action": "resume"}, "disabled", "does not fit the present state"),
        (DEPLOYMENT, {"resource_action": "scale"}, "parameters", "--param replicas=VALUE"),
        (DEPLOYMENT, {"resource_action": "restart", "parameters": {"x": "1"}}, "parameters", "does not take x"),
        (replace(DEPLOYMENT, may_act="no"), {"resource_action": "restart"}, "forbidden", "action/apps/Deployment"),
        (Refusal("web", "no-resource", "gone"), {"resource_action": "restart"}, "no-resource", "gone"),
        (None, {"resource_action": "restart"}, "unread", "was not read"),
    ],
)
def test_an_action_that_does_not_fit_is_refused(resource, changes, kind, words):
    refusal = expect_refusal(make("resource-action", resource, **changes))
    assert refusal.kind == kind
    assert words in str(refusal)


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        (replace(LIVE_POD, node=WEB), "not-a-pod"),
        (replace(LIVE_POD, node=replace(POD, is_orphan=True)), "orphan"),
        (replace(LIVE_POD, may_act="no"), "forbidden"),
    ],
)
def test_only_an_own_pod_is_deleted(resource, kind):
    assert expect_refusal(make("delete-pod", resource)).kind == kind


def test_an_unknown_right_is_a_note():
    plan = expect_plan(restart(replace(DEPLOYMENT, may_act="unknown")))
    assert "unknown whether the token may do it" in line_texts(plan, "note")[0]


def test_an_unhealthy_resource_is_a_warning():
    node = replace(WEB, health="Degraded", message="exceeded its progress deadline")
    plan = expect_plan(restart(replace(DEPLOYMENT, node=node)))
    assert line_texts(plan, "warning") == ["it is Degraded now: exceeded its progress deadline"]


def test_another_uid_is_a_drift():
    plan = expect_plan(restart())
    fresh = expect_plan(restart(replace(DEPLOYMENT, node=replace(WEB, uid="9f"))))
    assert not preconditions_hold(plan, fresh)
    assert "the uid of apps/Deployment/anchor-prod/web was 1c and is 9f now" in str(describe_drift(plan, fresh))


def test_an_environment_with_two_applications_is_refused():
    shot = snapshot(environment("dev", application("a"), application("b")))
    refusal = expect_refusal(
        make_plan(order("resource-action", "dev", resource_action="restart"), plan_inputs(snapshot=shot))
    )
    assert refusal.kind == "ambiguous"


# --- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Deployment/web", "deployment/web", "Deployment/anchor-prod/web", "apps/Deployment/anchor-prod/web"],
)
def test_a_resource_has_several_names(name):
    assert select_resource(ResourceTree((WEB, REPLICA_SET, POD)), name, "app") == WEB


def test_an_ambiguous_name_lists_the_full_ones():
    other = replace(WEB, key=WEB.key._replace(namespace="b"), uid="7")
    refusal = expect_refusal(select_resource(ResourceTree((WEB, other)), "Deployment/web", "app"))
    assert "apps/Deployment/anchor-prod/web, apps/Deployment/b/web" in refusal.message
    assert expect_refusal(select_resource(ResourceTree((WEB,)), "Deployment/wep", "app")).kind == "no-resource"


# --- effects ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("restart", {}, {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "x"}}}}),
        ("restart", {"restartAt": "a"}, {"restartAt": "b"}),
        ("resume", {"paused": True}, {}),
        ("pause", {}, {"paused": True}),
        ("scale", {"replicas": 1}, {"replicas": 3}),
    ],
)
def test_an_effect_is_recognised_in_the_live_object(action, before, after):
    values = {"replicas": "3"} if action == "scale" else {}
    was, now = read_live_resource({"spec": before}), read_live_resource({"spec": after})
    assert has_recognisable_effect(action, values)
    assert shows_effect(action, values, was, now)
    assert not shows_effect(action, values, now, now)


def test_an_action_without_known_effect_is_not_recognised():
    live = read_live_resource({"metadata": {"uid": "1", "deletionTimestamp": f"{NOW:%Y}"}, "spec": "odd"})
    assert live.is_deleting
    assert not has_recognisable_effect("retry", {})
    assert not has_recognisable_effect("scale", {"replicas": "many"})
    assert not shows_effect("retry", {}, live, live)
