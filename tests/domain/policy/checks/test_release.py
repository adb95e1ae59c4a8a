"""The release contract: images, digests and the promotion order."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.checks.release import is_moving_tag
from anchor_tui.domain.policy.evidence.facts import UpstreamHistory
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from anchor_tui.domain.source_data import PastRelease
from tests.domain.policy.checks.check_runs import check_files, check_manifests
from tests.domain.policy.sample_repo import CHART, PROD, RELEASE, edit_sample, git_facts, rendered_manifests, sample
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


def web_image(image: str) -> dict[str, Any]:
    """Return edits that set the image of the web in another form, without the chart's defaults."""
    text = sample()[PROD]
    start, end = text.index("web:\n"), text.index("\nstatusMock:")
    chart = '    repository: ghcr.io/anchor/anchor-web\n    tag: ""\n    digest: ""\n'
    return {
        PROD: f"{text[:start]}web:\n  replicas: 1\n  image: {image}\n{text[end:]}",
        CHART: ("  image:\n" + chart, ""),
    }


DIGEST = next(image.digest for image in git_facts(sample())["prod"].release.release.images if image.name == "web")  # type: ignore[union-attr]
FORMS = {
    "a tag that is a digest": (f"{{repository: ghcr.io/anchor/anchor-web, tag: {DIGEST}}}", "pass"),
    "another digest as a tag": (f"{{repository: ghcr.io/anchor/anchor-web, tag: sha256:{'0' * 64}}}", "fail"),
    "a name and a tag": (f"{{name: ghcr.io/anchor/anchor-web, tag: 1.43.1, digest: {DIGEST}}}", "pass"),
    "a repository with a digest": (f"{{repository: ghcr.io/anchor/anchor-web@{DIGEST}}}", "pass"),
    "a registry": (f"{{registry: ghcr.io, repository: anchor/anchor-web, tag: 1.43.1@{DIGEST}}}", "pass"),
    "a global registry": (
        f"{{repository: anchor/anchor-web, tag: 1.43.1, digest: {DIGEST}}}\nglobal:\n  imageRegistry: ghcr.io",
        "pass",
    ),
    "a repository without a tag": ("{repository: ghcr.io/anchor/anchor-web}", "unknown"),
    "a tag without a repository": ("{tag: 1.43.1}", "unknown"),
    "a template": ("'{{ .Values.r }}/anchor-web:1.43.1'", "unknown"),
    "two digests": (
        f"{{repository: ghcr.io/anchor/anchor-web, tag: {DIGEST}, digest: sha256:{'0' * 64}}}",
        "unknown",
    ),
    "a text that contains it": ("x\n  args: ['--image=ghcr.io/anchor/anchor-web:1.43.1']", "unknown"),
    "another registry": ("{repository: mirror.example/anchor/anchor-web, tag: 1.43.1}", "fail"),
    "a template of a longer name": ("'{{ .Values.r }}/anchor-web-admin:1.43.1'", "fail"),
    "another image": ("{repository: ghcr.io/other/site, tag: 1.43.1}", "fail"),
    "no image": ("null", "fail"),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_contract_is_judged_for_every_image_form(name: str) -> None:
    image, expected = FORMS[name]

    findings = check_files("release.contract-aligned", web_image(image))

    assert findings
    assert {finding.status for finding in findings} - {"pass"} == {expected} - {"pass"}
    for finding in findings:
        assert finding.status == "pass" or ("web" in finding.message and finding.line)
        assert finding.status != "unknown" or finding.file == PROD


def test_an_unclear_form_beside_a_clear_one_is_unknown() -> None:
    more = ("web:\n", "sidecar: {image: '{{ .Values.r }}/anchor-web:1'}\nweb:\n")

    found = check_files("release.contract-aligned", {PROD: more})

    [finding] = [finding for finding in found if finding.status != "pass"]
    assert finding.status == "unknown"
    assert "`sidecar.image` has a form that is not understood" in finding.message


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
