"""Checks of Argo CD: auto-sync, stale resources, synced revision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.model import ApplicationCondition, PrunableResource, ResourceCounts
from anchor_tui.domain.policy.evidence.facts import BranchHead, MissingEvidence, NotApplicable
from tests.domain.policy.checks.check_runs import check_facts, check_files
from tests.domain.policy.sample_repo import APP, HEAD, automated
from tests.values import NOW, application

OLD = "a" * 40


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"automated": None}, "fail"),
        ({"automated": automated(enabled=False)}, "fail"),
        ({"automated": automated()}, "pass"),
        ({"presence": "forbidden", "automated": None}, "unknown"),
    ],
)
def test_auto_sync_in_the_cluster(changes: dict[str, Any], expected: str) -> None:
    found = check_facts("argo.automated-self-heal", live_spec=(application(**changes),))

    assert [finding.status for finding in found if finding.evidence == "live-spec"] == [expected]


CHANGED = {OLD: ("infra/helm/platform/values.yaml", "README.md")}
READS = {"anchor-msp-prod": ("infra/helm/platform",)}
EARLIER = NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("app", "head", "status", "words"),
    [
        ({"synced_revision": HEAD}, {}, "pass", "the head of main"),
        ({"compared_revision": HEAD}, {}, "pass", "the head of main"),
        ({"synced_revision": OLD}, {}, "unknown", "is unknown"),
        ({"synced_revision": OLD}, {"changed": CHANGED, "paths_read": READS}, "fail", "values.yaml differs"),
        ({"synced_revision": OLD}, {"changed": {OLD: ("README.md",)}, "paths_read": READS}, "pass", "no file that"),
        ({"synced_revision": OLD}, {"committed_at": NOW - timedelta(minutes=2)}, "pass", "has 5 min to sync it"),
        ({"synced_revision": OLD, "target_revision": "v1.2.3"}, {}, "unknown", "follows v1.2.3"),
        ({"synced_revision": None}, {}, "unknown", "does not report"),
        ({"presence": "absent"}, {}, "unknown", "absent"),
    ],
)
def test_the_synced_revision_is_compared_with_the_head(
    app: dict[str, Any], head: dict[str, Any], status: str, words: str
) -> None:
    fields = {"target_revision": "main", "compared_revision": OLD, **app}
    branch = BranchHead("main", HEAD, **{"committed_at": EARLIER, **head})

    [finding] = check_facts("argo.at-head", live_spec=(application(**fields),), head=branch)

    assert finding.status == status
    assert words in finding.message


PRUNABLE = PrunableResource("apps", "Deployment", "anchor-prod", "status-mock")
NOT_COME = MissingEvidence("managed-resources: 500")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"prunable": (PRUNABLE,), "resources": ResourceCounts(9, 1)}, "fail"),
        ({"resources": ResourceCounts(9, 0)}, "pass"),
        ({"resources": None}, "unknown"),
        (
            {"resources": ResourceCounts(9, 0), "conditions": (ApplicationCondition("ComparisonError", "no path"),)},
            "unknown",
        ),
    ],
)
def test_without_live_objects_the_resource_list_shows_stale_resources(changes: dict[str, Any], status: str) -> None:
    found = check_facts("argo.no-stale-resources", live=NOT_COME, live_spec=(application(**changes),))

    assert [finding.status for finding in found] == [status]


def test_without_any_evidence_stale_resources_are_unknown() -> None:
    assert [finding.status for finding in check_facts("argo.no-stale-resources", live=NOT_COME)] == ["unknown"]
    skipped = check_facts("argo.no-stale-resources", live=NotApplicable("offline"), live_spec=NotApplicable("offline"))
    assert [finding.status for finding in skipped] == ["skipped"]


def test_a_pending_comparison_is_not_hidden_by_a_passed_application() -> None:
    there = application("a", synced_revision=HEAD, target_revision="main")
    waits = application("b", sync="OutOfSync", compared_revision=HEAD, synced_revision=OLD, target_revision="main")
    branch = BranchHead("main", HEAD, comparison_pending=True)

    [finding] = check_facts("argo.at-head", live_spec=(there, waits), head=branch)

    assert (finding.status, finding.resource) == ("skipped", "b")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("prune: true", 'prune: "true"', "fail"),
        ("prune: true", "prune: yes", "pass"),
        ("      prune: true\n", "      prune: true\n      enabled: false\n", "fail"),
        ("    automated:\n      prune: true\n      selfHeal: true\n", "    automated: {}\n", "fail"),
        ("    automated:\n      prune: true\n      selfHeal: true\n", "    automated:\n", "fail"),
        ("    automated:\n      prune: true\n      selfHeal: true\n", "", "fail"),
        ("    automated:\n      prune: true\n      selfHeal: true\n", "    automated: [prune]\n", "fail"),
    ],
)
def test_auto_sync_in_git_follows_kubernetes_types(old: str, new: str, expected: str) -> None:
    assert {finding.status for finding in check_files("argo.automated-prune", {APP: (old, new)}, "manifest")} == {
        expected
    }
