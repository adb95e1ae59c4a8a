"""The release contract: images, digests and the promotion order."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.checks.release import is_moving_tag
from anchor_tui.domain.policy.evidence.facts import UpstreamHistory
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from anchor_tui.domain.source_data import PastRelease
from tests.domain.policy.checks.check_runs import check_files, check_manifests
from tests.domain.policy.sample_repo import PROD, RELEASE, edit_sample, git_facts, rendered_manifests
from tests.values import application, release, replace


def test_a_release_image_without_workload_fails() -> None:
    manifests = [manifest for manifest in rendered_manifests("prod") if manifest["metadata"]["name"] != "anchor-web"]

    [finding] = check_manifests("release.contract-aligned", manifests)

    assert finding.message.startswith("no workload renders web of environments/prod/release.yaml")


def test_a_failure_during_a_sync_is_a_warning() -> None:
    manifests = rendered_manifests("staging")

    moving = check_manifests("release.contract-aligned", manifests, "live", live_spec=(application(sync="OutOfSync"),))
    still = check_manifests("release.contract-aligned", manifests, "live", live_spec=(application(),))

    assert {finding.level for finding in moving} == {"warning"}
    assert {finding.level for finding in still} == {"error"}


def test_a_tag_without_quotes_is_a_number_in_helm() -> None:
    edits = {PROD: ("tag: 1.43.1   # written", "tag: 1.10   # written"), RELEASE: ("tag: 1.43.1", "tag: 1.10")}

    found = [
        finding for finding in check_files("release.contract-aligned", edits) if "number in Helm" in finding.message
    ]

    assert found
    assert 'write "1.10"' in found[0].message


def test_a_contract_failure_names_the_image_and_both_files() -> None:
    [finding] = check_files("release.contract-aligned", {PROD: ("digest: sha256:5d6e", "digest: sha256:0000")})

    assert finding.message == (
        f"anchor-web: 1.43.1@sha256:00007f8091a2… in {PROD}, 1.43.1@sha256:5d6e7f8091a2… in {RELEASE}"
    )
    assert (finding.file, finding.line) == (PROD, 19)


def check_order(before: UpstreamHistory) -> Finding:
    facts = replace(git_facts(edit_sample({}))["prod"], upstream=before)
    return CHECKS_BY_ID["release.order"].run(facts)[0]


def test_the_order_passes_for_any_past_upstream_release() -> None:
    facts = git_facts(edit_sample({}))["prod"]
    past = facts.release.release  # type: ignore[union-attr]
    history = (PastRelease("b" * 40, release("9.9.9")), PastRelease("a" * 40, past))

    assert check_order(UpstreamHistory("staging", history, complete=False)).status == "pass"


@pytest.mark.parametrize(
    ("before", "status", "words"),
    [
        (UpstreamHistory("staging", (), complete=True), "fail", "staging never had gateway 1.43.1"),
        (
            UpstreamHistory("staging", (), complete=False, incomplete_reason="shallow: fetch-depth: 0"),
            "unknown",
            "fetch-depth: 0",
        ),
        (UpstreamHistory("staging", (PastRelease("a" * 40, None),), complete=True), "unknown", "cannot be read"),
    ],
)
def test_the_order_fails_only_with_a_complete_history(before: UpstreamHistory, status: str, words: str) -> None:
    finding = check_order(before)

    assert finding.status == status
    assert words in finding.message


def test_a_history_that_starts_too_late_is_unknown() -> None:
    own = git_facts(edit_sample({}))["prod"].release.release  # type: ignore[union-attr]

    finding = check_order(UpstreamHistory("staging", (), complete=True, initial_release=own))

    assert finding.status == "unknown"
    assert "already here when the history of staging starts" in finding.message


@pytest.mark.parametrize(
    ("tag", "moves"),
    [("latest", True), ("main", True), ("release", True), ("v2-latest", True), ("1.44.0", False), ("20261120", False)],
)
def test_a_moving_tag_is_detected_by_its_name(tag: str, moves: bool) -> None:
    assert is_moving_tag(tag) is moves
