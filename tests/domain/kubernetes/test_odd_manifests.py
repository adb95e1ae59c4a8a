"""Objects with odd values: each is unreadable alone, and the other objects are read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.domain.json_access import is_deeper_than
from anchor_tui.domain.kubernetes import application_manifests, container_env, workloads
from anchor_tui.domain.kubernetes.application_manifests import read_application_manifests
from anchor_tui.domain.kubernetes.container_env import MAX_EXPANDED_LENGTH
from anchor_tui.domain.kubernetes.managed_resources import read_managed_resources
from anchor_tui.domain.kubernetes.object_references import find_references, has_hidden_values
from anchor_tui.domain.kubernetes.service_hosts import ServiceAddress, find_mention
from anchor_tui.domain.kubernetes.workloads import MAX_MANIFEST_DEPTH, read_manifests


def nested(levels: int, inner: object = None) -> object:
    for _ in range(levels):
        inner = {"a": inner}
    return inner


def deployment(name: str, **container: object) -> dict[str, object]:
    containers = [{"name": name, "image": "r/x:1", **container}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def test_depth_is_counted_without_recursion():
    assert not is_deeper_than(nested(200), 200)
    assert is_deeper_than(nested(201), 200)
    assert is_deeper_than(nested(100_000), 200)
    assert not is_deeper_than([[], {}, "x"], 2)


@pytest.mark.parametrize("levels", [MAX_MANIFEST_DEPTH + 1, 1_000, 50_000])
def test_a_deep_object_is_unreadable_and_others_are_read(levels):
    found = read_manifests([deployment("web"), {**deployment("deep"), "status": nested(levels)}, deployment("api")])
    assert [workload.resource.name for workload in found.workloads] == ["web", "api"]
    assert len(found.unreadable) == 1
    assert "more than 200 levels" in found.unreadable[0]


@pytest.mark.parametrize(
    "state",
    [
        pytest.param('{"a":' * 1000 + "1" + "}" * 1000, id="1,000 levels"),
        pytest.param('{"a":' * 300 + "1" + "}" * 300, id="300 levels"),
        pytest.param("[" * 100_000, id="an open list"),
        pytest.param('{"kind": "A", "metadata": {"name": "x"}, "n": ' + "1" * 4301 + "}", id="4,301 digits"),
        pytest.param("\ud800", id="a surrogate"),
    ],
)
def test_an_odd_live_state_is_unreadable_alone(state):
    items = [{"kind": "A", "name": "odd", "liveState": state}, {"liveState": json.dumps(deployment("web"))}]
    found = read_managed_resources(items, "shop")
    assert [resource.name for resource in found.live] == ["web"]
    assert found.unreadable == ("shop: the liveState of A/odd cannot be read",)


def test_variables_that_double_end_at_a_limit():
    env = [{"name": "V0", "value": "x" * 1000}]
    env += [{"name": f"V{i}", "value": f"$(V{i - 1})$(V{i - 1})"} for i in range(1, 60)]
    (workload,) = read_manifests([deployment("web", env=env)]).workloads
    variables = workload.containers[0].env
    assert variables["V9"].text == "x" * 512_000
    assert variables["V10"].text is None
    assert "expand to more than 1,000,000 characters" in variables["V10"].hidden_reason
    assert max(len(variable.text or "") for variable in variables.values()) <= MAX_EXPANDED_LENGTH


@pytest.mark.parametrize("fault", [RecursionError, TypeError, OverflowError, KeyError])
def test_a_fault_in_a_workload_is_its_own_malformation(fault, monkeypatch):
    original = workloads._build_workload

    def build(resource, sources):
        if resource.name == "odd":
            raise fault("secret")
        return original(resource, sources)

    monkeypatch.setattr(workloads, "_build_workload", build)
    found = read_manifests([deployment("odd"), deployment("web")])
    assert [len(workload.containers) for workload in found.workloads] == [0, 1]
    assert found.unreadable == (f"Deployment/odd: it cannot be read ({fault.__name__})",)


def test_a_fault_in_a_secret_makes_its_keys_unknown(monkeypatch):
    def fail(_manifest):
        raise RecursionError

    monkeypatch.setattr(container_env, "_read_secret_keys", fail)
    secret = {"kind": "Secret", "metadata": {"name": "keys"}}
    web = deployment("web", envFrom=[{"secretRef": {"name": "keys"}}])
    (container,) = read_manifests([secret, web]).workloads[0].containers
    assert container.unreadable_env == ("Secret/keys cannot be read (RecursionError)",)


def test_one_odd_file_does_not_hide_other_applications(monkeypatch):
    original = application_manifests.parse_documents

    def parse(text, file):
        if file == "odd.yaml":
            raise RecursionError
        return original(text, file)

    monkeypatch.setattr(application_manifests, "parse_documents", parse)
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\n"
    found, problems = read_application_manifests({"odd.yaml": text, "deep.yaml": "a: " + "[" * 500, "shop.yaml": text})
    assert [application.file for application in found] == ["shop.yaml"]
    assert [(problem.file, problem.kind) for problem in problems] == [
        ("deep.yaml", "too-deep"),
        ("odd.yaml", "unreadable-file"),
    ]


def test_a_text_of_many_at_signs_is_searched_once():
    text = "web//" + "a@" * 60_000
    assert find_mention(text, ServiceAddress("web", "shop"), "shop") == "none"


# --- fuzz ----------------------------------------------------------------------------------------------

KEY_NAMES = """
    apiVersion kind metadata name namespace spec template containers initContainers env envFrom value valueFrom data
    stringData configMapRef secretRef configMapKeyRef secretKeyRef key volumes secret secretName projected sources items
    replicas annotations ownerReferences jobTemplate target status conditions type encryptedData secretObjects rules
    http paths backend service subjects roleRef liveState targetState resources requests memory command args image
"""
KINDS = """
    Deployment Secret ConfigMap ExternalSecret SealedSecret SecretProviderClass Ingress List Pod RoleBinding Service
    apps/v1 x $(x) null [ web.shop.svc
"""
KEYS = st.sampled_from(KEY_NAMES.split()) | st.text(max_size=3)
WORDS = st.sampled_from(["", *KINDS.split()])
NUMBERS = st.integers() | st.floats() | st.just(10**4000)
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS | st.text(max_size=5) | st.just("\ud800")
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5))
OBJECTS = st.fixed_dictionaries(
    {"kind": WORDS, "metadata": st.fixed_dictionaries({"name": WORDS})},
    optional={
        "spec": st.fixed_dictionaries(
            {"template": st.fixed_dictionaries({"spec": st.fixed_dictionaries({"containers": st.lists(JSON) | JSON})})},
            optional={"replicas": JSON, "data": JSON, "target": JSON, "rules": JSON},
        )
        | JSON,
        "data": JSON,
        "status": JSON,
    },
)


@settings(max_examples=60, deadline=None)
@given(st.lists(OBJECTS | JSON, max_size=4))
def test_any_objects_are_read_or_reported(objects):
    for live in (False, True):
        found = read_manifests(objects, "shop", live=live)
        assert not any("cannot be read (" in reason for reason in found.unreadable)  # no reader needs the net
        find_references(found.resources, found.resources)
        has_hidden_values(found.resources)
    managed = read_managed_resources([{"liveState": item, "targetState": item} for item in objects], "shop")
    assert len(managed.live) <= len(objects)
    read_managed_resources(objects, "shop")
