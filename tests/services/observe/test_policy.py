"""Policy of what the sources read: the sandbox's estates over real sockets, and readings that change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.config.model import Config, GitHubConfig, ServerConfig
from anchor_tui.domain.model import Finding, Snapshot
from anchor_tui.domain.source_data import ArgoCDData, ManagedResources, OpsRepoData, RepoSettingNames, SettingNames
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.services.observe import policy as module
from anchor_tui.services.observe.observer import observe_once
from anchor_tui.services.observe.policy import PolicyEvaluator
from tests.argocd_recordings import load_recording
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.values import NOW, ago, application, argocd, files, fresh, ops_repo, readings, replace

WITHOUT_APP = replace(CONFIG, github=GitHubConfig(ops_repo="anchor/anchor-msp-ops"))
HEAD = "58c99611d007a6cc61b03fc859cecf01bfcf1e22"
OLD = "b" * 40
OVERLAY = "infra/helm/platform/environments/{}/values.yaml"


def of(scenario: str, folder: Path, *faults: str, prepare: Callable[[Any], None] | None = None) -> Snapshot:
    """A sandbox's estate, read once."""
    with run_sandbox_in_thread(scenario, faults=faults) as box:
        if prepare is not None:
            prepare(box)
        there = replace(
            CONFIG,
            argocd=ServerConfig(server=box.argocd_url, token_env="A"),
            github=GitHubConfig(ops_repo=box.ops_repo, app_repo=box.app_repo, api_url=box.github_url, token_env="G"),
        )
        return observe_once(there, {"A": box.argocd_token, "G": box.github_token}, folder, 10)


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    """Each scenario, read once."""
    folder = tmp_path_factory.mktemp("home")
    return {name: of(name, folder) for name in ("steady", "incident", "cutover")}


def told(found: tuple[Finding, ...], *statuses: str) -> set[tuple[str, str]]:
    """Check and evidence of the findings of these statuses."""
    return {(finding.check, finding.evidence) for finding in found if finding.status in statuses}


def one(found: tuple[Finding, ...], check: str, evidence: str) -> Finding:
    (finding,) = [finding for finding in found if (finding.check, finding.evidence) == (check, evidence)]
    return finding


def mocks(found: tuple[Finding, ...], check: str) -> set[str | None]:
    return {
        finding.resource
        for finding in found
        if finding.check == check and finding.evidence == "live" and finding.status == "fail"
    }


def all_findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    return (
        tuple(finding for environment in snapshot.environments for finding in environment.findings) + snapshot.findings
    )


# --- the sandbox's estates -----------------------------------------------------------------------------------


def test_in_the_steady_scenario_every_check_passes(scenarios):
    steady = scenarios["steady"]
    assert told(all_findings(steady), "fail", "unknown") == set()
    assert steady.verdict.level == "ok"
    evidence = {finding.evidence for finding in all_findings(steady) if finding.status == "pass"}
    assert evidence == {"git", "manifest", "live-spec", "rendered", "live", "settings", "ci"}


def test_the_incident_has_two_live_mocks_in_staging(scenarios):
    staging = scenarios["incident"].find_environment("staging").findings
    for check in ("mock.workloads-absent", "argo.no-stale-resources"):
        assert mocks(staging, check) == {"Service/status-mock", "Deployment/status-mock"}
    assert told(staging, "fail") == {
        ("mock.workloads-absent", "live"),
        ("argo.no-stale-resources", "live"),
        ("argo.automated-prune", "live-spec"),
    }
    assert told(scenarios["incident"].find_environment("prod").findings, "fail") == set()


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_before_the_cutover_stale_mocks_are_live_only(scenarios, environment):
    found = scenarios["cutover"].find_environment(environment).findings
    assert mocks(found, "argo.no-stale-resources") == {"Service/status-mock", "Deployment/status-mock"}
    assert {("mock.workloads-absent", "git"), ("mock.workloads-absent", "rendered")} <= told(found, "pass")
    assert ("argo.automated-prune", "live-spec") in told(found, "fail")
    assert ("argo.automated-prune", "manifest") in told(found, "pass")


def test_before_the_cutover_all_evidence_shows_the_mock_url(scenarios):
    found = scenarios["cutover"].find_environment("prod").findings
    for evidence in ("git", "rendered", "live"):
        assert "status-mock" in one(found, "mock.control-center-url", evidence).message
    in_git = one(found, "mock.control-center-url", "git")
    assert in_git.file == OVERLAY.format("prod")
    assert in_git.line
    assert in_git.column
    assert ("argo.automated-self-heal", "live-spec") in told(found, "fail")


def test_before_the_cutover_prod_is_behind_the_head(scenarios):
    found = one(scenarios["cutover"].find_environment("prod").findings, "argo.at-head", "live-spec")
    assert found.status == "fail"
    assert OVERLAY.format("prod") in found.message
    assert "dev" not in found.message


# --- settings --------------------------------------------------------------------------------------------------


def test_settings_of_the_repository_or_organisation_pass(scenarios):
    for check in ("settings.ops-repo", "settings.app-repo"):
        assert one(scenarios["steady"].findings, check, "settings").status == "pass"


def test_a_missing_secret_is_a_warning_with_its_name(tmp_path):
    def prepare(box: Any) -> None:
        box.github.repositories[box.app_repo].repository_settings.secrets.discard("OPS_REPO_PAT")

    found = one(of("steady", tmp_path, prepare=prepare).findings, "settings.app-repo", "settings")
    assert (found.status, found.level) == ("fail", "warning")
    assert found.message == "anchor/anchor-msp has no secret OPS_REPO_PAT"


def test_a_secret_and_a_variable_of_a_github_environment_count(tmp_path):
    def prepare(box: Any) -> None:
        app = box.github.repositories[box.app_repo]
        app.repository_settings.secrets.discard("OPS_REPO_PAT")
        app.environments["prod"].secrets.add("OPS_REPO_PAT")
        app.environments["prod"].variables["ENGINE_ID"] = app.repository_settings.variables.pop("ENGINE_ID")

    assert one(of("steady", tmp_path, prepare=prepare).findings, "settings.app-repo", "settings").status == "pass"


def test_a_github_environment_with_another_engine_fails(tmp_path):
    def prepare(box: Any) -> None:
        box.github.repositories[box.ops_repo].environments["prod"].variables["ENGINE_ID"] = "other"

    found = one(of("steady", tmp_path, prepare=prepare).findings, "settings.ops-repo", "settings")
    assert found.message == (
        "ENGINE_ID of anchor/anchor-msp-ops in its environment prod is other, but the configuration has anchor-msp"
    )


def test_a_token_without_permission_leaves_the_settings_unknown(tmp_path):
    snapshot = of("steady", tmp_path, "github:deny=settings")
    found = one(snapshot.findings, "settings.ops-repo", "settings")
    assert found.status == "unknown"
    assert "actions_variables=read" in found.message
    assert "secrets=read" in found.message
    assert [source.state for source in snapshot.sources] == ["fresh", "fresh"]


def with_settings(**changes: Any) -> OpsRepoData:
    names = SettingNames({"STATUS_API_URL": "", "STATUS_API_TOKEN": ""})
    base = RepoSettingNames("anchor/anchor-msp-ops", SettingNames({"ENGINE_ID": "anchor-msp"}), names)
    return ops_repo(files=dict(sample()), ops_settings=replace(base, **changes))


def findings_of(repo: OpsRepoData, apps: ArgoCDData | None = None, configured: Config | None = None) -> Any:
    found = PolicyEvaluator(configured or WITHOUT_APP).evaluate(readings(fresh(apps or argocd()), fresh(repo)), NOW)
    assert found is not None
    return found


def test_a_missing_name_in_an_incomplete_listing_is_unknown():
    denied = SettingNames(
        {"STATUS_API_URL": ""}, unlisted=("those of the organisation: 403; the token needs Secrets: read",)
    )
    found = one(findings_of(with_settings(secrets=denied)).estate, "settings.ops-repo", "settings")
    assert found.status == "unknown"
    assert "STATUS_API_TOKEN" in found.message
    assert "Secrets: read" in found.message


def test_complete_names_pass_in_an_incomplete_listing():
    some = SettingNames({"STATUS_API_URL": "", "STATUS_API_TOKEN": ""}, unlisted=("those of the organisation: 403",))
    found = one(findings_of(with_settings(secrets=some)).estate, "settings.ops-repo", "settings")
    assert found.status == "pass"


def test_settings_that_were_not_read_are_skipped():
    estate = findings_of(ops_repo(files=dict(sample()))).estate
    ops, app = (one(estate, f"settings.{repo}-repo", "settings") for repo in ("ops", "app"))
    assert (ops.status, "not been read yet" in ops.message) == ("skipped", True)
    assert (app.status, "github.app_repo" in app.message) == ("skipped", True)


# --- the head --------------------------------------------------------------------------------------------------


def at_head(**changes: Any) -> Finding:
    """What is told of prod, whose application is out of sync at an old commit."""
    behind = application("anchor-msp-prod", sync="OutOfSync", compared_revision=HEAD, synced_revision=OLD)
    repo = ops_repo(files=dict(sample()), **changes)
    return one(findings_of(repo, argocd(behind)).environments["prod"], "argo.at-head", "live-spec")


def test_a_pending_comparison_is_skipped():
    found = at_head()
    assert found.status == "skipped"
    assert "has not been read yet" in found.message


def test_an_incomparable_commit_is_unknown_with_the_reason():
    found = at_head(incomparable={OLD: "GitHub does not know it: Not Found"})
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
    found = at_head(changed={OLD: (path,)})
    assert found.status == status
    assert found.status == "pass" or path in found.message


def test_unreadable_values_skip_the_comparison_with_the_head():
    found = findings_of(ops_repo(files=dict(sample()) | {OVERLAY.format("prod"): None}, changed={OLD: ()}))
    assert one(found.environments["prod"], "argo.at-head", "live-spec").status == "skipped"


# --- what it costs -----------------------------------------------------------------------------------------------


def test_unchanged_files_and_manifests_are_read_once(monkeypatch):
    read: Counter[str] = Counter()
    for name in ("read_repo_evidence", "read_environment_evidence"):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *rest, name=name, real=real: read.update([name]) or real(*rest))
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
    judged: list[set[str]] = []
    real = module.evaluate_policy
    monkeypatch.setattr(
        module, "evaluate_policy", lambda *rest: judged.append(set(rest[1].environments)) or real(*rest)
    )
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
    assert ("argo.automated-prune", "live-spec") in told(moved.environments["prod"], "fail")
    findings(15.1, *apps[:2], replace(apps[2], automated=None))
    assert judged == [{"dev", "staging", "prod"}, set(), {"prod"}, {"dev", "staging"}]
