"""The work of each stage from bytes to a snapshot grows with the estate, and not faster."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from anchor_tui.config.model import ApplicationName, ApplicationSelector, EnvironmentConfig, ServerConfig
from anchor_tui.domain.kubernetes.managed_resources import read_managed_resources
from anchor_tui.domain.model import AppId, Snapshot
from anchor_tui.domain.snapshot_builder import SnapshotBuilder
from anchor_tui.domain.source_data import ManagedResources, ObservedApplication
from anchor_tui.services.observe.cluster_evidence import ClusterReader
from anchor_tui.services.observe.policy import PolicyEvaluator
from anchor_tui.services.observe.reported_revisions import ReportedRevisions
from anchor_tui.services.snapshot_json import snapshot_to_json
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.most_important import MostImportant
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import StreamResult
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.services.observe.line_counter import count_lines
from tests.sources.argocd.fakes import application_json
from tests.values import (
    NOW,
    application,
    argocd,
    config,
    environment_config,
    files,
    fresh,
    opened,
    ops_repo,
    readings,
    replace,
)

NUMBER = 120
MAX_GROWTH = 2.2
"""The largest ratio of the work at 2N to that at N."""
BY_LABEL = ApplicationSelector((("env", "prod"),))


def by_names(number: int) -> tuple[ApplicationName, ...]:
    return tuple(ApplicationName(f"app-{index}") for index in range(number))


def make_store(applications: tuple[ApplicationName, ...] | ApplicationSelector) -> ApplicationStore:
    environment = EnvironmentConfig(name="prod", applications=applications)
    return ApplicationStore(ServerConfig(), (environment,), lambda: NOW)


def list_response(number: int) -> ApiResponse:
    items = [application_json(f"app-{index}", labels={"env": "prod"}) for index in range(number)]
    return ApiResponse(json.dumps({"items": items}).encode(), 0.1, "")


def read_list_by_name(number: int) -> Callable[[], object]:
    store, response = make_store(by_names(number)), list_response(number)
    return lambda: (store.apply_list(response), store.missing_applications, store.data, store.problems)


def read_list_again(number: int) -> Callable[[], object]:
    store, response = make_store(BY_LABEL), list_response(number)
    store.apply_list(response)
    return lambda: (store.apply_list(response), store.data)


def read_first_round(number: int) -> Callable[[], object]:
    store = make_store(BY_LABEL)
    store.apply_list(list_response(number))
    documents = [application_json(f"app-{index}", labels={"env": "prod"}) for index in range(number)]
    events = [StreamResult("ADDED", msgspec.Raw(json.dumps(document).encode())) for document in documents]
    return lambda: ([store.apply_event(event) for event in events], store.data)


def choose_evidence(number: int) -> Callable[[], object]:
    applications = tuple(application(f"app-{index}") for index in range(number))
    return lambda: MostImportant(20, lambda _: False).choose(applications)


def build_first_snapshot(number: int, **changes: Any) -> Callable[[], Snapshot]:
    observed = tuple(
        ObservedApplication(application(f"app-{index:04}", **changes), {"env": "prod"}) for index in range(number)
    )
    read = readings(fresh(argocd(applications=observed)))
    builder = SnapshotBuilder(config(environment_config("prod", applications=BY_LABEL)))
    return lambda: builder.build(read, NOW)


def build_first_snapshot_by_name(number: int) -> Callable[[], Snapshot]:
    read = readings(fresh(argocd(*(application(f"app-{index}") for index in range(number)))))
    builder = SnapshotBuilder(config(environment_config("prod", applications=by_names(number))))
    return lambda: builder.build(read, NOW)


def build_many_environments(number: int) -> Callable[[], Snapshot]:
    names = [f"env-{index}" for index in range(number)]
    configured = tuple(environment_config(name) for name in names)
    read = readings(
        fresh(argocd(*(application(f"anchor-msp-{name}") for name in names))),
        fresh(ops_repo(environments={name: files("1.2.0", "1.1.0") for name in names})),
    )
    builder = SnapshotBuilder(config(*configured))
    return lambda: builder.build(read, NOW)


def classify_pull_requests(number: int) -> Callable[[], Snapshot]:
    pulls = tuple(opened(index, prod="1.44.0") for index in range(1, number))
    read, builder = readings(None, fresh(ops_repo(pull_requests=pulls))), SnapshotBuilder(config())
    return lambda: builder.build(read, NOW)


def make_item(index: int) -> dict[str, str]:
    """Return a workload with its autoscaler's worth of fields, as Argo CD sends it."""
    kind = "HorizontalPodAutoscaler" if index % 2 else "Deployment"
    name = f"web-{index // 2}"
    spec = (
        {"scaleTargetRef": {"kind": "Deployment", "name": name}, "minReplicas": 2}
        if index % 2
        else {"replicas": 1, "template": {"spec": {"containers": [{"name": name, "image": f"x/{name}:1"}]}}}
    )
    state = json.dumps({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    return {"kind": kind, "name": name, "targetState": state, "liveState": state}


def parse_resources(number: int) -> Callable[[], object]:
    items = [make_item(index) for index in range(number)]
    return lambda: read_managed_resources(items, "app")


def read_cluster(number: int) -> Callable[[], object]:
    applications = tuple(application(f"app-{index}") for index in range(number))
    managed = {app.id: ManagedResources(NOW, (make_item(0), make_item(1))) for app in applications}
    data = argocd(*applications, managed=managed)
    return lambda: ClusterReader().read(applications, data, {})


def evaluate_policy_of_resources(number: int) -> Callable[[], object]:
    apps = [application(f"anchor-msp-{name}") for name in ("dev", "staging", "prod")]
    items = tuple(make_item(index) for index in range(number))
    data = argocd(*apps, managed={AppId("argocd", "argocd", "anchor-msp-prod"): ManagedResources(NOW, items)})
    read = readings(fresh(data), fresh(ops_repo(files=dict(sample()))))
    return lambda: PolicyEvaluator(CONFIG).evaluate(read, NOW)


def evaluate_policy_of_applications(number: int) -> Callable[[], object]:
    prod = replace(CONFIG.environments[-1], applications=BY_LABEL)
    configured = replace(CONFIG, environments=(*CONFIG.environments[:-1], prod))
    observed = tuple(ObservedApplication(application(f"app-{index}"), {"env": "prod"}) for index in range(number))
    read = readings(fresh(argocd(applications=observed)), fresh(ops_repo(files=dict(sample()))))
    return lambda: PolicyEvaluator(configured).evaluate(read, NOW)


def list_reported_revisions(number: int) -> Callable[[], object]:
    observed = tuple(
        ObservedApplication(application(f"app-{index}", compared_revision=f"{index:040x}"), {"env": "prod"})
        for index in range(number)
    )
    read = readings(fresh(argocd(applications=observed)))
    revisions = ReportedRevisions(config(environment_config("prod", applications=BY_LABEL)))
    return lambda: (revisions.list_for_comparison(read), revisions.is_poll_due(read))


def write_json(number: int) -> Callable[[], object]:
    snapshot = build_first_snapshot(number)()
    return lambda: snapshot_to_json(snapshot)


STAGES: dict[str, Callable[[int], Callable[[], object]]] = {
    "a list, by name": read_list_by_name,
    "a list again": read_list_again,
    "the first round of the stream": read_first_round,
    "the choice of evidence": choose_evidence,
    "a snapshot, by label": build_first_snapshot,
    "a snapshot, by name": build_first_snapshot_by_name,
    "a snapshot of failures": lambda number: build_first_snapshot(number, health="Degraded", sync="OutOfSync"),
    "a snapshot of many environments": build_many_environments,
    "the pull requests": classify_pull_requests,
    "the resources of an application": parse_resources,
    "the manifests of many applications": read_cluster,
    "the checks, by resources": evaluate_policy_of_resources,
    "the checks, by applications": evaluate_policy_of_applications,
    "the reported commits": list_reported_revisions,
    "the document": write_json,
}


@pytest.mark.parametrize("name", STAGES)
def test_the_work_of_a_stage_is_linear(name: str) -> None:
    prepare = STAGES[name]
    count_lines(prepare(NUMBER))  # modules are loaded and caches are filled by a first call
    once, twice = count_lines(prepare(NUMBER)), count_lines(prepare(2 * NUMBER))
    assert 0 < twice <= MAX_GROWTH * once
