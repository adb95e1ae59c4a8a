"""A prune of resources that something still uses: refused on protected environments, a warning elsewhere."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.application_state import ApplicationResource
from anchor_tui.domain.actions.plan import describe_drift, preconditions_hold
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.kubernetes.managed_resources import ApplicationObjects, read_managed_resources
from anchor_tui.domain.kubernetes.workloads import KubernetesResource, read_resource
from tests.argocd_recordings import load_recording
from tests.plan_values import (
    expect_plan,
    expect_refusal,
    line_texts,
    make_app_state,
    only_line,
    order,
    plan_inputs,
    recorded_state,
)
from tests.values import application

MOCK_URL, REAL_URL = "http://status-mock.anchor/egi", "https://control.example.com/egi"


def read(manifest) -> KubernetesResource:
    found = read_resource(manifest)
    assert found is not None
    return found


def gateway(url, name="gateway"):
    container = {"name": name, "image": "gateway", "env": [{"name": "EGI_CONTROL_CENTER_URL", "value": url}]}
    spec = {"template": {"spec": {"containers": [container]}}}
    metadata = {"name": name, "namespace": "anchor"}
    return read({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})


def mock(**changes):
    found = read({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "status-mock", "namespace": "anchor"}})
    return replace(found, stale=True, **changes)


def state_of(rendered, live, *more, name="app", unreadable=()):
    managed = ApplicationObjects((gateway(rendered),), (gateway(live), *more), unreadable)
    return make_app_state(application(name), managed=managed)


def plan(*states, environment="prod", action="hard-refresh-prune", **changes):
    return make_plan(order(action, environment, **changes), plan_inputs(environments={environment: states}))


@pytest.mark.parametrize("action", ["hard-refresh-prune", "sync"])
def test_a_service_that_prod_still_calls_is_not_pruned(action):
    refusal = expect_refusal(plan(state_of(MOCK_URL, MOCK_URL, mock()), action=action, prune=True))
    assert refusal.kind == "still-used"
    assert refusal.message == (
        "the prune would delete Service/status-mock, but it is still used by Deployment/gateway "
        "(EGI_CONTROL_CENTER_URL, as rendered from git): change that in git first, then prune"
    )


def test_elsewhere_the_same_reference_is_a_warning():
    made = expect_plan(plan(state_of(MOCK_URL, MOCK_URL, mock()), environment="staging"))
    line = only_line(made, "EGI_CONTROL_CENTER_URL")
    assert line.kind == "warning"
    assert "Deployment/gateway uses Service/status-mock" in line.text


def test_a_reference_that_the_same_sync_removes_is_a_warning():
    made = expect_plan(plan(state_of(REAL_URL, MOCK_URL, mock())))
    line = only_line(made, "EGI_CONTROL_CENTER_URL")
    assert (line.kind, "this sync removes the reference" in line.text) == ("warning", True)


def test_a_live_reference_that_the_sync_leaves_alone_refuses():
    state = state_of(REAL_URL, MOCK_URL, mock())
    resources = recorded_resources(("Service", "status-mock"), ("Deployment", "gateway"))
    state = replace(state, resources=resources)
    refusal = expect_refusal(plan(state, action="sync", prune=True, resources=("Service/status-mock",)))
    assert refusal.kind == "still-used"
    assert "live): sync that without prune first (s), then prune" in refusal.message
    both = ("Service/status-mock", "Deployment/gateway")
    assert expect_plan(plan(state, action="sync", prune=True, resources=both))


def recorded_resources(*names):
    groups = {"Deployment": "apps"}
    return tuple(
        ApplicationResource(ResourceRef(kind, "anchor", name, groups.get(kind, "")), "OutOfSync")
        for kind, name in names
    )


def test_a_manually_created_object_that_uses_it_refuses():
    extra = gateway(MOCK_URL, "canary")
    refusal = expect_refusal(plan(state_of(REAL_URL, REAL_URL, mock(), extra)))
    assert "Deployment/canary (EGI_CONTROL_CENTER_URL, live)" in refusal.message


def test_another_application_of_the_environment_counts():
    pruned = state_of(REAL_URL, REAL_URL, mock())
    other = state_of(MOCK_URL, MOCK_URL, name="other")
    refused = expect_plan(plan(pruned, other)).refused
    assert [(one.subject, one.kind) for one in refused] == [("argocd/app", "still-used")]


def test_what_is_pruned_together_does_not_count():
    caller = replace(gateway(MOCK_URL, "old"), stale=True)
    made = expect_plan(plan(state_of(REAL_URL, REAL_URL, mock(), caller)))
    assert only_line(made, "no other resource refers to them").kind == "ok"


def test_a_kept_resource_may_be_used():
    assert expect_plan(plan(state_of(MOCK_URL, MOCK_URL, mock(prune_protection="Prune=false"))))


def test_without_prune_nothing_is_refused():
    made = expect_plan(plan(state_of(MOCK_URL, MOCK_URL, mock()), action="sync"))
    assert not any("EGI" in line.text for line in made.lines)


def test_a_dry_run_shows_the_reference_as_an_error():
    made = expect_plan(plan(state_of(MOCK_URL, MOCK_URL, mock()), dry_run=True))
    assert only_line(made, "EGI_CONTROL_CENTER_URL").kind == "failed"


def test_unreadable_objects_are_never_taken_for_unused():
    made = expect_plan(plan(state_of(REAL_URL, REAL_URL, mock(), unreadable=("app: x cannot be read",))))
    assert only_line(made, "cannot be read").kind == "warning"
    assert line_texts(made, "ok") == []


def test_recorded_resources_of_staging_are_not_used():
    made = expect_plan(plan(recorded_state("get-staging", "managed-resources"), environment="staging"))
    assert any("no other resource refers to them" in line.text for line in made.lines)
    assert not any("uses" in line.text for line in made.lines)


def recorded_with(url: str):
    """Return the recorded objects of staging, with another address in the gateway."""
    real = "https://control.staging.anchor.example/egi"
    items = [
        {key: value.replace(real, url) if isinstance(value, str) else value for key, value in item.items()}
        for item in load_recording("managed-resources").body["items"]
    ]
    return read_managed_resources(items, "anchor-msp-staging")


@pytest.mark.parametrize(
    "url",
    ["http://status-mock/egi", "http://status-mock.anchor-staging:8080", "https://status-mock.anchor-staging.svc"],
)
def test_recorded_objects_that_call_the_mock_are_found(url):
    state = recorded_state("get-staging", recorded_with(url))
    assert only_line(expect_plan(plan(state, environment="staging")), "EGI_CONTROL_CENTER_URL").kind == "warning"
    assert expect_refusal(plan(state)).kind == "still-used"


def test_a_new_user_of_a_pruned_resource_is_a_drift():
    before = expect_plan(plan(state_of(REAL_URL, REAL_URL, mock()), environment="staging"))
    after = expect_plan(plan(state_of(MOCK_URL, REAL_URL, mock()), environment="staging"))
    assert not preconditions_hold(before, after)
    assert "Deployment/gateway uses Service/status-mock" in str(describe_drift(before, after))


def test_variables_of_an_unknown_secret_are_not_taken_for_unused():
    container = {"name": "x", "image": "x", "envFrom": [{"secretRef": {"name": "elsewhere"}}]}
    spec = {"template": {"spec": {"containers": [container]}}}
    metadata = {"name": "x", "namespace": "anchor"}
    extra = read({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    made = expect_plan(plan(state_of(REAL_URL, REAL_URL, mock(), extra)))
    assert line_texts(made, "ok") == []
    assert only_line(made, "values of Secrets are hidden").kind == "note"
