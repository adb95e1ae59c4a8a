"""Evaluation of the policy for data that changes: settings, head, caches, age of manifests."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.config.model import Config, GitHubConfig
from anchor_tui.domain.model import AppId, Finding
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import ArgoCDData, ManagedResources, OpsRepoData, RepoSettingNames, SettingNames
from anchor_tui.services.observe import cluster_evidence
from anchor_tui.services.observe import policy as module
from anchor_tui.services.observe.policy import PolicyEvaluator
from tests.argocd_recordings import load_recording
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.services.observe.policy_findings import OVERLAY, only_finding, select_checks
from tests.values import (
    NOW,
    ago,
    application,
    argocd,
    config,
    environment_config,
    files,
    fresh,
    ops_repo,
    readings,
    replace,
)

WITHOUT_APP = replace(CONFIG, github=GitHubConfig(ops_repo="anchor/anchor-msp-ops"))
HEAD = "58c99611d007a6cc61b03fc859cecf01bfcf1e22"
OLD = "b" * 40


# --- settings --------------------------------------------------------------------------------------------------


def with_settings(**changes: Any) -> OpsRepoData:
    names = SettingNames({"STATUS_API_URL": "", "STATUS_API_TOKEN": ""})
    base = RepoSettingNames("anchor/anchor-msp-ops", SettingNames({"ENGINE_ID": "anchor-msp"}), names)
    return ops_repo(files=dict(sample()), ops_settings=replace(base, **changes))


def evaluate_repo(repo: OpsRepoData, apps: ArgoCDData | None = None, configured: Config | None = None) -> Any:
    found = PolicyEvaluator(configured or WITHOUT_APP).evaluate(readings(fresh(apps or argocd()), fresh(repo)), NOW)
    assert found is not None
    return found


def test_a_missing_name_in_an_incomplete_listing_is_unknown():
    denied = SettingNames(
        {"STATUS_API_URL": ""}, unlisted=("those of the organisation: 403; the token needs Secrets: read",)
    )
    found = only_finding(evaluate_repo(with_settings(secrets=denied)).estate, "settings.ops-repo", "settings")
    assert found.status == "unknown"
    assert "STATUS_API_TOKEN" in found.message
    assert "Secrets: read" in found.message


def test_complete_names_pass_in_an_incomplete_listing():
    some = SettingNames({"STATUS_API_URL": "", "STATUS_API_TOKEN": ""}, unlisted=("those of the organisation: 403",))
    found = only_finding(evaluate_repo(with_settings(secrets=some)).estate, "settings.ops-repo", "settings")
    assert found.status == "pass"


def test_settings_that_were_not_read_are_skipped():
    estate = evaluate_repo(ops_repo(files=dict(sample()))).estate
    ops, app = (only_finding(estate, f"settings.{repo}-repo", "settings") for repo in ("ops", "app"))
    assert (ops.status, "not been read yet" in ops.message) == ("skipped", True)
    assert (app.status, "github.app_repo" in app.message) == ("skipped", True)


# --- the head --------------------------------------------------------------------------------------------------


def check_head(**changes: Any) -> Finding:
    """Return the finding for prod, whose application is out of sync at an old commit."""
    behind = application("anchor-msp-prod", sync="OutOfSync", compared_revision=HEAD, synced_revision=OLD)
    repo = ops_repo(files=dict(sample()), **changes)
    return only_finding(evaluate_repo(repo, argocd(behind)).environments["prod"], "argo.at-head", "live-spec")


def test_a_pending_comparison_is_skipped():
    found = check_head()
    assert found.status == "skipped"
    assert "has not been read yet" in found.message


def test_an_incomparable_commit_is_unknown_with_the_reason():
    found = check_head(incomparable={OLD: "GitHub does not know it: Not Found"})
    assert found.status == "unknown"
    assert "GitHub does not know it" in found.message


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (OVERLAY.format("prod"), "fail"),
        ("infra/helm/platform/templates/gateway.yaml", "fail"),
        ("infra/argocd/applications/prod.yaml", "fail"),
        (OVERLAY.format("staging"), "pass"),
        ("environments/prod/release.yaml", "pass"),
        ("README.md", "pass"),
    ],
)
def test_only_files_that_the_application_reads_count(path, status):
    found = check_head(changed={OLD: (path,)})
    assert found.status == status
    assert found.status == "pass" or path in found.message


def test_unreadable_values_skip_the_comparison_with_the_head():
    found = evaluate_repo(ops_repo(files=dict(sample()) | {OVERLAY.format("prod"): None}, changed={OLD: ()}))
    assert only_finding(found.environments["prod"], "argo.at-head", "live-spec").status == "skipped"


def test_a_newer_commit_than_the_reading_is_pending():
    found = check_head(changed={OLD: (OVERLAY.format("prod"),)}, newer=frozenset({OLD}))
    assert (found.status, found.pending) == ("unknown", True)
    assert found.message == (
        "pending: anchor-msp-prod is at bbbbbbb, which is newer than the last reading of git (58c9961)"
    )


# --- two sources at different commits -------------------------------------------------------------------


def check_contract(**changes: Any) -> dict[str, Finding]:
    """Return the findings about prod's release, whose live image differs from git, by evidence."""
    items = tuple(load_recording("managed-resources-prod").body["items"])
    prod = application("anchor-msp-prod", **changes)
    release = "environments/prod/release.yaml"
    repo = ops_repo(files=dict(sample()) | {release: sample()[release].replace("sha256:c3", "sha256:00")})
    apps = argocd(prod, managed={prod.id: ManagedResources(NOW, items, compared_revision=prod.compared_revision)})
    found = evaluate_repo(repo, apps).environments["prod"]
    return {finding.evidence: finding for finding in found if finding.check == "release.contract-aligned"}


@pytest.mark.parametrize("evidence", ["rendered", "live"])
def test_the_release_is_compared_on_the_same_commit_only(evidence):
    same, other = check_contract()[evidence], check_contract(compared_revision=OLD)[evidence]
    assert (same.status, same.pending) == ("fail", False)
    assert (other.status, other.pending) == ("unknown", True)
    assert other.message == "pending: Argo CD has anchor-msp-prod at bbbbbbb, and the head of main is 58c9961"


# --- caches ------------------------------------------------------------------------------------------------------


def test_unchanged_files_and_manifests_are_read_once(monkeypatch):
    read: Counter[str] = Counter()
    for where, name in ((module, "read_repo_evidence"), (cluster_evidence, "read_environment_evidence")):
        real = getattr(where, name)
        monkeypatch.setattr(where, name, lambda *rest, name=name, real=real: read.update([name]) or real(*rest))
    policy = PolicyEvaluator(CONFIG)
    items = tuple(load_recording("managed-resources-prod").body["items"])
    prod = application("anchor-msp-prod")
    apps = argocd(prod, managed={prod.id: ManagedResources(NOW, items)})
    repo = ops_repo(files=dict(sample()))
    for second in range(5):
        polled = replace(repo, files=dict(repo.files), latency_ms=float(second), environments={"prod": files("1.0.0")})
        policy.evaluate(readings(fresh(replace(apps)), fresh(polled)), NOW + timedelta(seconds=second))
    assert read == {"read_repo_evidence": 1, "read_environment_evidence": 3}

    policy.evaluate(readings(fresh(apps), fresh(replace(repo, files={**repo.files, "more": ""}))), NOW)
    assert read == {"read_repo_evidence": 2, "read_environment_evidence": 3}

    newer = argocd(prod, managed={prod.id: ManagedResources(ago(seconds=1), items[:3])})
    policy.evaluate(readings(fresh(newer), fresh(repo)), NOW)
    assert read["read_environment_evidence"] == 4


def test_only_changed_or_expired_environments_are_evaluated_again(monkeypatch):
    evaluated: list[str] = []
    real = module.evaluate_environment
    monkeypatch.setattr(module, "evaluate_environment", lambda *rest: evaluated.append(rest[1].name) or real(*rest))
    policy, repo = PolicyEvaluator(CONFIG), ops_repo(files=dict(sample()))
    apps = [application(f"anchor-msp-{name}") for name in ("dev", "staging", "prod")]

    def findings(seconds: float, *changed: Any) -> Any:
        at = NOW + timedelta(seconds=seconds)
        polled = replace(repo, files=dict(repo.files), latency_ms=seconds)
        return policy.evaluate(readings(fresh(argocd(*(changed or apps))), fresh(polled)), at)

    first = findings(0)
    assert findings(14) == first
    moved = findings(14, *apps[:2], replace(apps[2], automated=None))
    assert moved.environments["staging"] is not None
    assert ("argo.automated-prune", "live-spec") in select_checks(moved.environments["prod"], "fail")
    findings(15.1, *apps[:2], replace(apps[2], automated=None))
    assert evaluated == ["dev", "staging", "prod", "prod", "dev", "staging"]


def test_odd_manifests_affect_their_environment_only(monkeypatch):
    real = cluster_evidence.read_environment_evidence

    def read(applications, *rest):
        if applications and applications[0].name == "anchor-msp-prod":
            raise RecursionError
        return real(applications, *rest)

    monkeypatch.setattr(cluster_evidence, "read_environment_evidence", read)
    apps = argocd(*(application(f"anchor-msp-{name}") for name in ("dev", "staging", "prod")))
    found = evaluate_repo(ops_repo(files=dict(sample())), apps)
    messages = [finding.message for finding in found.environments["prod"] if finding.evidence == "live"]
    assert any("its manifests cannot be read (RecursionError)" in message for message in messages)
    assert {finding.check for finding in found.environments["dev"]} != {"policy"}
    assert not any("RecursionError" in finding.message for finding in found.environments["dev"])


# --- age of manifests -----------------------------------------------------------------------------------

PROD = AppId("argocd", "argocd", "anchor-msp-prod")


def find_live_messages(age: timedelta) -> list[str]:
    items = tuple(load_recording("managed-resources-prod").body["items"])
    managed = {PROD: ManagedResources(NOW - age, items)}
    apps = argocd(application("anchor-msp-prod"), managed=managed)
    paths = ("infra/helm/platform/Chart.yaml", "environments/prod/release.yaml")
    repo = ops_repo(files=dict.fromkeys(paths))
    found = PolicyEvaluator(config(environment_config("prod"))).evaluate(
        SourceReadings({"argocd": fresh(apps)}, fresh(repo)), NOW
    )
    assert found is not None
    return [
        finding.message
        for finding in found.environments["prod"]
        if finding.evidence == "live" and finding.status == "pass"
    ]


def test_findings_of_old_manifests_contain_their_time():
    assert find_live_messages(timedelta(seconds=30))
    assert not any("as of" in message for message in find_live_messages(timedelta(seconds=30)))
    assert all(message.endswith("(manifests as of 13:57Z)") for message in find_live_messages(timedelta(minutes=5)))
