"""The checks on settings, on the head, and on what Argo CD says of its applications."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.model import ApplicationCondition, Finding, PrunableResource, ResourceCounts
from anchor_tui.domain.policy.evidence.facts import (
    BranchHead,
    Facts,
    MissingEvidence,
    NotApplicable,
    RepositorySettings,
)
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.domain.policy.sample_repo import CONFIG, HEAD, automated
from tests.values import NOW, application, replace

PROD = CONFIG.environments[2]
OLD = "a" * 40
NO_RIGHT = MissingEvidence("the token may not list them: it needs Secrets: read")


def of(check: str, **evidence: Any) -> list[Finding]:
    return list(CHECKS_BY_ID[check].run(Facts(CONFIG, NOW, PROD if CHECKS_BY_ID[check].rules else None, **evidence)))


def ops(**changes: Any) -> RepositorySettings:
    base = RepositorySettings(
        "anchor/anchor-msp-ops", {"ENGINE_ID": "anchor-msp"}, frozenset({"STATUS_API_URL", "STATUS_API_TOKEN"})
    )
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("settings", "statuses", "words"),
    [
        (ops(), ["pass"], "ENGINE_ID of anchor/anchor-msp-ops is anchor-msp"),
        (ops(secrets=NO_RIGHT), ["unknown"], "it needs Secrets: read"),
        (ops(variables=NO_RIGHT, secrets=frozenset()), ["fail", "fail"], "has no secret STATUS_API_URL"),
        (ops(variables={}), ["fail"], "has no variable ENGINE_ID"),
        (ops(variables={"ENGINE_ID": "other"}), ["fail"], "is other, but the configuration has anchor-msp"),
        (
            ops(variables={"ENGINE_ID": "anchor-msp", "STATUS_API_TOKEN": "x"}, secrets=frozenset({"STATUS_API_URL"})),
            ["fail"],
            "only a variable of that name",
        ),
        (NO_RIGHT, ["unknown"], "it needs Secrets: read"),
    ],
)
def test_settings_are_compared_by_name(settings: Any, statuses: list[str], words: str) -> None:
    found = of("settings.ops-repo", ops_settings=settings)

    assert [finding.status for finding in found] == statuses
    assert words in found[0].message


def test_the_app_repo_names_the_ops_repo_in_any_case() -> None:
    names = frozenset({"STATUS_API_URL", "STATUS_API_TOKEN", "OPS_REPO_PAT"})
    good = {"ENGINE_ID": "anchor-msp", "OPS_REPO": "Anchor/Anchor-MSP-Ops"}
    app = RepositorySettings("anchor/anchor-msp", good, names)

    assert [finding.status for finding in of("settings.app-repo", app_settings=app)] == ["pass"]
    wrong = replace(app, variables={**good, "OPS_REPO": "anchor/other"})
    assert [finding.status for finding in of("settings.app-repo", app_settings=wrong)] == ["fail"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"automated": None}, "fail"),
        ({"automated": automated(enabled=False)}, "fail"),
        ({"automated": automated()}, "pass"),
        ({"presence": "forbidden", "automated": None}, "unknown"),
    ],
)
def test_auto_sync_in_the_cluster(said: dict[str, Any], expected: str) -> None:
    found = of("argo.automated-self-heal", live_spec=(application(**said),))

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

    [finding] = of("argo.at-head", live_spec=(application(**fields),), head=branch)

    assert finding.status == status
    assert words in finding.message


PRUNABLE = PrunableResource("apps", "Deployment", "anchor-prod", "status-mock")
NOT_COME = MissingEvidence("managed-resources: 500")


@pytest.mark.parametrize(
    ("said", "status"),
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
def test_without_live_objects_the_resource_list_shows_stale_resources(said: dict[str, Any], status: str) -> None:
    found = of("argo.no-stale-resources", live=NOT_COME, live_spec=(application(**said),))

    assert [finding.status for finding in found] == [status]


def test_without_any_evidence_stale_resources_are_unknown() -> None:
    assert [finding.status for finding in of("argo.no-stale-resources", live=NOT_COME)] == ["unknown"]
    skipped = of("argo.no-stale-resources", live=NotApplicable("offline"), live_spec=NotApplicable("offline"))
    assert [finding.status for finding in skipped] == ["skipped"]


def test_a_pending_comparison_is_not_hidden_by_a_passed_application() -> None:
    there = application("a", synced_revision=HEAD, target_revision="main")
    waits = application("b", sync="OutOfSync", compared_revision=HEAD, synced_revision=OLD, target_revision="main")
    branch = BranchHead("main", HEAD, comparison_pending=True)

    [finding] = of("argo.at-head", live_spec=(there, waits), head=branch)

    assert (finding.status, finding.resource) == ("skipped", "b")


def test_a_variable_of_a_github_environment_counts() -> None:
    only = ops(variables={}, environment_variables={"prod": {"ENGINE_ID": "anchor-msp"}})
    assert [finding.status for finding in of("settings.ops-repo", ops_settings=only)] == ["pass"]
    other = ops(environment_variables={"prod": {"ENGINE_ID": "other"}})
    assert [finding.status for finding in of("settings.ops-repo", ops_settings=other)] == ["fail"]
