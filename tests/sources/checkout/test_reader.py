"""Evidence from a checkout: files, applications, promotion history."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.domain.policy.engine import evaluate_policy
from anchor_tui.domain.policy.evidence.facts import MissingEvidence, NotApplicable, UpstreamHistory
from anchor_tui.sources.checkout.reader import CheckoutError, read_checkout
from tests.domain.policy.sample_repo import CONFIG, PROD
from tests.sources.checkout.checkouts import (
    PROD_RELEASE,
    STAGING_RELEASE,
    commit_all,
    create_promotion_history,
    edit_file,
    find_finding,
    run_git,
)
from tests.values import NOW

# --- files ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_helm")
@pytest.mark.parametrize(
    ("text", "words"),
    [("# x\n" * 400_000, "larger than 1,024 KiB"), ("v: " + "[" * 16_000, "more than 100 levels deep")],
)
def test_a_hostile_file_is_missing_evidence_of_its_environment(ops_repo: Path, text: str, words: str) -> None:
    (ops_repo / PROD_RELEASE).write_text(text)

    facts = read_checkout(ops_repo, CONFIG, NOW).facts.environments

    found = facts["prod"].release
    assert isinstance(found, MissingEvidence)
    assert words in found.reason
    assert found.location is not None
    assert (found.location.file, found.location.line is not None) == (PROD_RELEASE, True)
    assert not isinstance(facts["staging"].release, MissingEvidence)


@pytest.mark.usefixtures("no_helm")
def test_nothing_fails_in_the_untouched_sample(ops_repo: Path) -> None:
    checkout = read_checkout(ops_repo, CONFIG, NOW)

    findings = evaluate_policy(CONFIG, checkout.facts, NOW)

    all_findings = [finding for name in findings.environments for finding in findings.environments[name]]
    assert {finding.status for finding in all_findings} == {"pass", "unknown", "skipped"}
    assert {finding.evidence for finding in all_findings if finding.status == "unknown"} == {"rendered", "git"}
    assert {finding.check for finding in all_findings if finding.status == "unknown" and finding.evidence == "git"} == {
        "release.order"
    }
    assert {finding.status for finding in findings.estate} == {"skipped"}


@pytest.mark.usefixtures("no_helm")
def test_without_helm_rendered_evidence_is_missing_with_the_reason(ops_repo: Path) -> None:
    facts = read_checkout(ops_repo, CONFIG, NOW).facts.environments["prod"]

    assert isinstance(facts.rendered, MissingEvidence)
    assert "helm is not on the PATH" in facts.rendered.reason
    assert isinstance(facts.live, NotApplicable)


@pytest.mark.usefixtures("no_helm")
@pytest.mark.parametrize(
    ("break_it", "check", "words"),
    [
        (lambda root: (root / PROD).unlink(), "auth.jwt-required", "values file"),
        (lambda root: (root / PROD).write_bytes(b"\xff\xfe"), "auth.jwt-required", "UTF-8"),
        (lambda root: (root / PROD).write_text("- a\n"), "auth.jwt-required", "mapping"),
        (lambda root: (root / PROD_RELEASE).unlink(), "release.pinned", "does not exist"),
        (lambda root: (root / PROD_RELEASE).write_text(""), "release.pinned", "empty"),
        (lambda root: (root / "infra/helm/platform/Chart.yaml").unlink(), "auth.jwt-required", "no Chart.yaml"),
    ],
)
def test_a_file_that_is_missing_or_unreadable_is_unknown(
    ops_repo: Path, break_it: Callable[[Path], Any], check: str, words: str
) -> None:
    break_it(ops_repo)

    finding = find_finding(read_checkout(ops_repo, CONFIG, NOW), "prod", check)

    assert finding.status == "unknown"
    assert words in finding.message


@pytest.mark.usefixtures("no_helm")
def test_a_link_out_of_the_checkout_is_not_followed(ops_repo: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("gateway: {env: {AUTH_MODE: jwt}}\n")
    (ops_repo / PROD).unlink()
    (ops_repo / PROD).symlink_to(tmp_path / "secret.yaml")

    assert find_finding(read_checkout(ops_repo, CONFIG, NOW), "prod", "auth.jwt-required").status == "unknown"


@pytest.mark.usefixtures("no_helm")
def test_an_application_is_found_by_its_overlay(ops_repo: Path) -> None:
    edit_file(ops_repo, "infra/argocd/applications/prod.yaml", "name: anchor-msp-prod", "name: production")

    finding = find_finding(read_checkout(ops_repo, CONFIG, NOW), "prod", "argo.automated-prune", "manifest")

    assert (finding.status, finding.resource) == ("pass", "production")


@pytest.mark.usefixtures("no_helm")
def test_without_applications_auto_sync_is_unknown(ops_repo: Path) -> None:
    shutil.rmtree(ops_repo / "infra/argocd")
    checkout = read_checkout(ops_repo, CONFIG, NOW)

    assert find_finding(checkout, "prod", "auth.jwt-required").status == "pass"
    prune = find_finding(checkout, "prod", "argo.automated-prune", "manifest")
    assert prune.status == "unknown"
    assert "found no Application for prod" in prune.message


@pytest.mark.usefixtures("no_helm")
def test_applications_are_found_in_any_folder(ops_repo: Path) -> None:
    (ops_repo / "infra/argocd").rename(ops_repo / "clusters")

    assert (
        find_finding(read_checkout(ops_repo, CONFIG, NOW), "prod", "argo.automated-prune", "manifest").status == "pass"
    )


@pytest.mark.usefixtures("no_helm")
def test_an_application_set_is_unknown(ops_repo: Path) -> None:
    for file in (ops_repo / "infra/argocd/applications").iterdir():
        file.write_text(file.read_text().replace("kind: Application", "kind: ApplicationSet"))

    prune = find_finding(read_checkout(ops_repo, CONFIG, NOW), "prod", "argo.automated-prune", "manifest")

    assert prune.status == "unknown"
    assert "ApplicationSet" in prune.message


def test_a_folder_without_an_ops_repo_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match="no ops repo"):
        read_checkout(tmp_path, CONFIG, NOW)
    with pytest.raises(CheckoutError, match="not a folder"):
        read_checkout(tmp_path / "nowhere", CONFIG, NOW)


# --- history -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_helm")
def test_the_promotion_order_is_read_from_the_branch_history(ops_repo: Path) -> None:
    create_promotion_history(ops_repo)

    checkout = read_checkout(ops_repo, CONFIG, NOW)

    assert checkout.commit == run_git(ops_repo, "rev-parse", "HEAD")
    assert find_finding(checkout, "prod", "release.order").status == "pass"


@pytest.mark.usefixtures("no_helm")
def test_a_release_without_upstream_history_is_a_warning(ops_repo: Path) -> None:
    create_promotion_history(ops_repo)
    edit_file(ops_repo, PROD_RELEASE, "5d6e7f80", "ffffffff")

    finding = find_finding(read_checkout(ops_repo, CONFIG, NOW), "prod", "release.order")

    assert (finding.status, finding.level, finding.file, finding.line) == ("fail", "warning", PROD_RELEASE, 14)
    assert finding.message.startswith("staging never had web 1.43.1@sha256:ffffffff")


@pytest.mark.usefixtures("no_helm")
def test_a_shallow_clone_leaves_the_order_unknown_with_a_fix(ops_repo: Path, tmp_path: Path) -> None:
    create_promotion_history(ops_repo)
    run_git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{ops_repo}", "shallow")

    finding = find_finding(read_checkout(tmp_path / "shallow", CONFIG, NOW), "prod", "release.order")

    assert finding.status == "unknown"
    assert "shallow clone" in finding.message
    assert "fetch-depth: 0" in finding.message


@pytest.mark.usefixtures("no_helm")
def test_commits_inside_a_merged_branch_do_not_count(ops_repo: Path) -> None:
    create_promotion_history(ops_repo)
    head = run_git(ops_repo, "rev-parse", "HEAD")
    run_git(ops_repo, "checkout", "--quiet", "-b", "topic", head)
    edit_file(ops_repo, STAGING_RELEASE, "7be1c0a9", "eeeeeeee")
    commit_all(ops_repo)
    edit_file(ops_repo, STAGING_RELEASE, "eeeeeeee", "7be1c0a9")
    commit_all(ops_repo)
    run_git(ops_repo, "checkout", "--quiet", "main")
    run_git(ops_repo, "merge", "--quiet", "--no-ff", "--message", "merge", "topic")
    facts = read_checkout(ops_repo, CONFIG, NOW).facts.environments["prod"]

    assert isinstance(facts.upstream, UpstreamHistory)
    digests = {image.digest for past in facts.upstream.history if past.release for image in past.release.images}
    assert not [digest for digest in digests if digest and "eeeeeeee" in digest]


@pytest.mark.usefixtures("no_helm")
def test_a_checkout_in_a_subfolder_has_a_prefix(ops_repo: Path, tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet")
    commit_all(tmp_path)

    checkout = read_checkout(ops_repo, CONFIG, NOW)

    assert checkout.prefix == "ops/"
    assert find_finding(checkout, "prod", "release.order").status == "unknown"
