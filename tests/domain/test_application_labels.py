"""The namespace distinguishes applications with the same name wherever they are shown."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.rollout_steps import rollout_wait_steps
from anchor_tui.domain.application_labels import label_applications, label_environment
from anchor_tui.domain.model import AppId, Operation
from tests.plan_values import environment, expect_plan, make_app_state, order, plan_inputs, snapshot
from tests.values import NOW, application

DEMO, TEAM = AppId("argocd", "argocd", "demo"), AppId("argocd", "team-a", "demo")


OTHER, EU = AppId("argocd", "argocd", "other"), AppId("eu", "argocd", "demo")


def test_only_a_namesake_adds_the_namespace():
    assert label_applications([DEMO, OTHER]) == {DEMO: "demo", OTHER: "other"}
    assert label_applications([DEMO, TEAM, DEMO]) == {DEMO: "argocd/demo", TEAM: "team-a/demo"}


def test_namesakes_of_two_argo_cds_add_the_server():
    assert label_applications([DEMO, EU, TEAM]) == {
        DEMO: "argocd:argocd/demo",
        EU: "eu:argocd/demo",
        TEAM: "team-a/demo",
    }


def test_labels_are_computed_once_for_each_tuple():
    apps = tuple(application(f"app-{number}") for number in range(3))
    assert label_environment("dev", apps) is label_environment("dev", apps)
    assert label_environment("dev", apps[:2]) == {app.id: app.name for app in apps[:2]}


def namesakes(**changes):
    return [application("demo", namespace=name, **changes) for name in ("argocd", "team-a")]


RUNNING = Operation("Running", started_at=NOW)


@pytest.mark.parametrize("action", ["sync", "hard-refresh-prune", "refresh", "hard-refresh", "terminate"])
def test_a_plan_names_the_namespace_of_namesakes(action):
    operation = RUNNING if action == "terminate" else None
    states = [make_app_state(app) for app in namesakes(operation=operation, health="Degraded")]
    for targets in ((), (states[0].application.id,), (states[1].application.id,)):
        made = expect_plan(
            make_plan(order(action, "dev", applications=targets), plan_inputs(environments={"dev": states}))
        )
        titles = [step.title for group in made.step_groups for step in group.steps]
        assert not any(" demo" in text for text in [made.title, *titles]), (made.title, titles)
        lines = [line.text for line in made.lines]
        assert not any(line.startswith("demo:") for line in lines), lines
        shown = " ".join([made.title, *titles, *lines])
        ids = targets or tuple(state.application.id for state in states)
        assert all(str(id_) in shown for id_ in ids)


def test_the_waits_after_a_merge_name_the_namespace():
    inputs = plan_inputs(snapshot=snapshot(environment("dev", *namesakes())))
    titles = [step.title for step in rollout_wait_steps("dev", inputs, order("promote", "dev"))]
    assert len(set(titles)) == len(titles) == 4
    assert "waiting for team-a/demo to become Healthy" in titles


def test_a_namesake_in_another_environment_counts_too():
    inputs = plan_inputs(environments={"dev": [make_app_state(namesakes()[0])], "qa": [make_app_state(namesakes()[1])]})
    made = expect_plan(make_plan(order("sync", "dev"), inputs))
    assert made.title == "Sync argocd/demo"
    single = expect_plan(make_plan(order("sync", "prod"), plan_inputs(make_app_state())))
    assert single.title == "Sync anchor-msp-prod"
