"""The fields that a sync changes, as Argo CD compares them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anchor_tui.domain.actions.resource_diff import MAX_FIELDS, field_differences
from tests.argocd_recordings import load_recording, recording_names


def item(live: Any, predicted: Any, **more: Any) -> dict[str, Any]:
    sides = {"normalizedLiveState": json.dumps(live), "predictedLiveState": json.dumps(predicted)}
    return {"kind": "Deployment", "namespace": "anchor-prod", "name": "anchor-web", "group": "apps", **sides, **more}


def told(*items: object) -> list[str]:
    return [str(each) for each in field_differences(items)]


def test_a_field_has_its_live_and_predicted_value():
    assert told(item({"spec": {"replicas": 3}}, {"spec": {"replicas": 1}})) == [
        "Deployment/anchor-web  spec.replicas: 3 → 1"
    ]


def test_list_items_are_matched_by_name_if_they_have_one():
    def containers(level: str) -> dict[str, Any]:
        env = [{"name": "AUTH_MODE", "value": "jwt"}, {"name": "LOG_LEVEL", "value": level}]
        return {"containers": [{"name": "web", "env": env}]}

    assert told(item(containers("debug"), containers("warning"))) == [
        "Deployment/anchor-web  containers[web].env[LOG_LEVEL].value: debug → warning"
    ]


def test_added_and_removed_fields_are_not_set_on_one_side():
    assert told(item({"a": "old"}, {"b": "new"})) == [
        "Deployment/anchor-web  a: old → not set",
        "Deployment/anchor-web  b: not set → new",
    ]


def test_a_new_resource_is_created_and_a_stale_one_unchanged():
    assert told(item(None, {"spec": {}})) == ["Deployment/anchor-web is created"]
    assert told(item({"spec": {}}, None)) == []


@pytest.mark.parametrize(
    "odd", [None, 3, {}, {"kind": "x"}, item({}, {"a": 1}, hook=True), {"predictedLiveState": "{"}]
)
def test_hooks_and_other_values_have_no_differences(odd):
    assert told(odd) == []


def test_more_fields_than_a_person_reads_are_cut():
    assert len(told(item({}, {f"k{number}": 1 for number in range(500)}))) == MAX_FIELDS


def test_long_values_are_cut_with_a_mark():
    (line,) = told(item({"a": "x" * 500}, {"a": "y"}))
    assert "x…" in line
    assert len(line) < 120


@pytest.mark.parametrize("name", recording_names("managed-resources"))
def test_of_recorded_resources_those_that_are_alike_say_nothing(name):
    body = load_recording(name).body
    items = (body.get("items") if isinstance(body, dict) else None) or []
    alike = {
        (each.get("kind"), each.get("namespace", ""), each.get("name"))
        for each in items
        if each.get("normalizedLiveState") == each.get("predictedLiveState")
    }
    assert not alike & {(each.ref.kind, each.ref.namespace, each.ref.name) for each in field_differences(items)}


def test_the_images_of_a_recorded_rollout_differ():
    found = [str(each) for each in field_differences(load_recording("managed-resources-demo").body["items"])]
    assert any("containers[anchor-gateway].image: " in each and " → ghcr.io/" in each for each in found), found
