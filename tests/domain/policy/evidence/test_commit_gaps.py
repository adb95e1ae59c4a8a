"""Evidence of git and of the cluster that belong to different commits."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.domain.model import ApplicationCondition
from anchor_tui.domain.policy.evidence.commit_gaps import find_commit_gaps
from anchor_tui.domain.policy.evidence.facts import MissingEvidence, PendingEvidence
from anchor_tui.domain.source_data import ManagedResources
from tests.values import NOW, ago, application, ops_repo

HEAD, OTHER, RELEASE = "58c99611d007a6cc61b03fc859cecf01bfcf1e22", "b" * 40, "environments/prod/release.yaml"


def find_gaps(repo: dict[str, Any] | None = None, managed: dict[str, Any] | None = None, **changes: Any) -> Any:
    prod = application("anchor-msp-prod", **{"target_revision": "main", **changes})
    resources = {prod.id: ManagedResources(NOW, **managed)} if managed is not None else {}
    return find_commit_gaps((prod,), resources, ops_repo(**(repo or {})), RELEASE)


@pytest.mark.parametrize("managed", [None, {}, {"compared_revision": HEAD}])
def test_equal_commits_have_no_gap(managed):
    assert find_gaps(managed=managed) == {}


def test_a_commit_that_was_not_compared_is_pending():
    gap = PendingEvidence("Argo CD has anchor-msp-prod at bbbbbbb, and the head of main is 58c9961")
    assert find_gaps(compared_revision=OTHER) == {"rendered": gap, "live": gap}


def test_a_commit_that_is_newer_than_the_reading_is_pending():
    gaps = find_gaps({"newer": frozenset({OTHER}), "changed": {OTHER: (RELEASE,)}}, compared_revision=OTHER)
    assert gaps["live"].reason == (
        "Argo CD has anchor-msp-prod at bbbbbbb, which is newer than the last reading of git (58c9961)"
    )


@pytest.mark.parametrize(("path", "kinds"), [(RELEASE, {"rendered", "live"}), ("README.md", set())])
def test_only_a_change_of_the_release_file_is_a_gap(path, kinds):
    assert set(find_gaps({"changed": {OTHER: (path,)}}, compared_revision=OTHER)) == kinds


def test_manifests_of_an_earlier_commit_are_pending():
    gaps = find_gaps({"changed": {OTHER: (RELEASE,)}}, {"compared_revision": OTHER})
    assert gaps["rendered"].reason.startswith("the manifests of anchor-msp-prod are those of bbbbbbb, and the head")


def test_manifests_labelled_too_early_are_pending():
    gaps = find_gaps(managed={"compared_revision": HEAD}, compared_revision=OTHER)
    assert isinstance(gaps["rendered"], PendingEvidence)


@pytest.mark.parametrize(("synced_at", "kinds"), [(ago(minutes=5), set()), (ago(minutes=1), {"live"})])
def test_live_objects_read_before_the_last_sync_are_pending(synced_at, kinds):
    managed = {"compared_revision": HEAD, "synced_at": ago(minutes=5)}
    assert set(find_gaps(managed=managed, synced_at=synced_at)) == kinds


def test_another_branch_and_an_unknown_commit_are_unknown():
    elsewhere = find_gaps(target_revision="v1.43", compared_revision=OTHER)["rendered"]
    assert isinstance(elsewhere, MissingEvidence)
    assert "it follows v1.43" in elsewhere.reason
    lost = find_gaps({"incomparable": {OTHER: "GitHub does not know it"}}, compared_revision=OTHER)["rendered"]
    assert isinstance(lost, MissingEvidence)
    assert lost.reason.endswith("is unknown: GitHub does not know it")


@pytest.mark.parametrize("revisions", [f"{OTHER}, {HEAD}", f"{HEAD}, {OTHER}"])
def test_one_source_at_the_head_is_enough(revisions):
    assert find_gaps(compared_revision=revisions, target_revision="main, v1") == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"presence": "absent"},
        {"compared_revision": None},
        {"conditions": (ApplicationCondition("ComparisonError", "no such path"),)},
    ],
)
def test_an_application_without_a_comparison_has_no_gap(changes):
    assert find_gaps(**{"compared_revision": OTHER, **changes}) == {}
