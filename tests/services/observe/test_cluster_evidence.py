"""The evidence of the cluster: only changed manifests are read again."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.domain.source_data import ManagedResources
from anchor_tui.services.observe import cluster_evidence
from anchor_tui.services.observe.cluster_evidence import ClusterReader, PolicyApplications
from tests.argocd_recordings import load_recording
from tests.values import NOW, ago, application, argocd, replace

ITEMS = tuple(load_recording("managed-resources-prod").body["items"])
APPS = tuple(application(f"app-{number}") for number in range(5))


def make_data(**changes: Any) -> Any:
    managed = {app.id: ManagedResources(NOW, ITEMS) for app in APPS}
    return argocd(*APPS, managed=managed, **changes)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    real = cluster_evidence.read_application_objects
    monkeypatch.setattr(
        cluster_evidence, "read_application_objects", lambda app, items: names.append(app.name) or real(app, items)
    )
    return names


def test_unchanged_manifests_are_the_same_evidence(parsed: list[str]) -> None:
    reader, data = ClusterReader(), make_data()
    first = reader.read(APPS, data, options := {})
    assert reader.read(APPS, replace(data), options) is first
    assert len(parsed) == len(APPS)


def test_only_changed_manifests_are_parsed_again(parsed: list[str]) -> None:
    reader, data = ClusterReader(), make_data()
    first = reader.read(APPS, data, options := {})
    parsed.clear()
    changed = {**data.managed, APPS[2].id: ManagedResources(ago(seconds=1), ITEMS[:2])}
    assert reader.read(APPS, replace(data, managed=changed), options) is not first
    assert parsed == ["app-2"]


def test_a_gap_is_one_sentence_for_all_applications() -> None:
    managed = {APPS[0].id: ManagedResources(NOW, ITEMS)}
    data = argocd(*APPS, managed=managed, manifest_gap="not requested: policy.evidence_budget is 1")
    evidence = ClusterReader().read(APPS, data, {})
    assert evidence.live.missing == ("manifests of 4 of 5 applications not requested: policy.evidence_budget is 1",)


def test_a_reconciliation_changes_nothing_for_the_checks() -> None:
    seen = PolicyApplications()
    before = seen.update(APPS)
    reconciled = tuple(replace(app, reconciled_at=NOW, health_since=NOW) for app in APPS)
    assert seen.update(reconciled) is before


def test_a_changed_application_is_another_object_for_the_checks() -> None:
    seen = PolicyApplications()
    before = seen.update(APPS)
    after = seen.update((*APPS[:4], replace(APPS[4], automated=None)))
    assert [old is new for old, new in zip(before, after, strict=True)] == [True] * 4 + [False]
    assert len(seen.update(APPS[:2])) == 2
