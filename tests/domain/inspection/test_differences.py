"""Live against git, from the recorded answers of a real Argo CD."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anchor_tui.domain.inspection.differences import compare_resources
from tests.argocd_recordings import load_recording, recording_names

RECORDINGS = [
    name for name in recording_names("managed-resources") if load_recording(name).status == 200 and "fields" not in name
]


def compare(name: str) -> dict[str, Any]:
    found = compare_resources(load_recording(name).body.get("items", ()))
    return {f"{one.resource.kind}/{one.resource.name}": one for one in found}


def managed(**states: Any) -> dict[str, Any]:
    """Return a managed resource; its states are JSON in a text."""
    texts = {f"{name}State": json.dumps(state) for name, state in states.items()}
    return {"group": "apps", "kind": "Deployment", "namespace": "a", "name": "web", **texts}


@pytest.mark.parametrize("name", RECORDINGS)
def test_no_recorded_application_ignores_a_difference(name):
    assert [one.ignored for one in compare(name).values() if one.ignored] == []


def test_changed_images_are_listed_by_container():
    found = compare("managed-resources-demo")["Deployment/anchor-gateway"]
    assert found.kind == "changed"
    assert [change.path for change in found.fields] == ["spec.template.spec.containers[anchor-gateway].image"]
    lines = found.list_lines()
    assert lines[:2] == ["--- live", "+++ git"]
    assert sum(line.startswith("-") and "1.43.1" in line for line in lines) == 1
    assert sum(line.startswith("+") and "1.44.0" in line for line in lines) == 1


def test_resources_that_differ_come_first():
    kinds = [one.kind for one in compare("managed-resources-edge").values()]
    assert kinds[:3] == ["created"] * 3
    assert set(kinds[3:]) == {"equal"}
    assert {one.kind for one in compare("managed-resources-preview").values()} == {"created"}
    staging = compare("managed-resources")
    assert [name for name, one in staging.items() if one.kind == "pruned"] == [
        "Service/status-mock",
        "Deployment/status-mock",
    ]


def test_a_comparison_error_leaves_nothing_to_compare():
    assert compare("managed-resources-legacy") == {}


def test_the_whole_object_is_written_on_request():
    found = compare("managed-resources-demo")
    whole = found["Deployment/anchor-gateway"].list_lines(whole=True)
    assert len(whole) > 3 * len(found["Deployment/anchor-gateway"].list_lines()) / 2
    assert not any(line.startswith("@@") for line in whole)
    assert " kind: Service" in found["Service/anchor-web"].list_lines(whole=True)
    assert found["Service/anchor-web"].list_lines() == []


def test_an_ignored_field_is_counted_once():
    live = {"kind": "Deployment", "spec": {"replicas": 5, "paused": False, "strategy": {"type": "Recreate"}}}
    target = {"kind": "Deployment", "spec": {"replicas": 1, "strategy": {"type": "RollingUpdate"}, "extra": ""}}
    normalized = {"kind": "Deployment", "spec": {"strategy": {"type": "Recreate"}}}
    predicted = {"kind": "Deployment", "spec": {"strategy": {"type": "RollingUpdate"}}}
    (found,) = compare_resources(
        [managed(live=live, target=target, normalizedLive=normalized, predictedLive=predicted)]
    )
    assert [change.path for change in found.fields] == ["spec.strategy.type"]
    assert [(change.path, change.live, change.predicted) for change in found.ignored] == [("spec.replicas", "5", "1")]


def test_another_spelling_of_an_amount_is_not_a_difference():
    live = {"spec": {"cpu": "500m", "limit": 2}}
    target = {"spec": {"cpu": "0.5", "limit": "2"}}
    (found,) = compare_resources([managed(live=live, target=target, normalizedLive=live, predictedLive=live)])
    assert found.ignored == ()


def test_hooks_are_left_out():
    hook = managed(normalizedLive={"kind": "Job"}, predictedLive={"kind": "Job"}) | {"hook": True}
    assert compare_resources([hook]) == ()


def test_unmasked_secrets_are_masked_and_still_differ():
    before = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "b25l", "b": "c2FtZQ=="}}
    after = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "dHdv", "b": "c2FtZQ=="}}
    states = {"live": before, "target": after, "normalizedLive": before, "predictedLive": after}
    (found,) = compare_resources([managed(**states) | {"kind": "Secret", "group": ""}])
    assert [change.path for change in found.fields] == ["data.a"]
    assert found.ignored == ()
    assert not {"b25l", "dHdv", "c2FtZQ=="} & set(" ".join(found.list_lines(whole=True)).split())
