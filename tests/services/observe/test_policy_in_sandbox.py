"""The policy of the sandbox's scenarios, read over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.config.model import GitHubConfig, ServerConfig
from anchor_tui.domain.model import Finding, Snapshot
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.services.observe.observer import observe_once
from tests.domain.policy.sample_repo import CONFIG
from tests.services.observe.policy_findings import OVERLAY, only_finding, select_checks
from tests.values import replace


def observe_scenario(
    scenario: str, folder: Path, *faults: str, prepare: Callable[[Any], None] | None = None
) -> Snapshot:
    """Return one observation of a sandbox."""
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
    """Return one observation of each scenario."""
    folder = tmp_path_factory.mktemp("home")
    return {name: observe_scenario(name, folder) for name in ("steady", "incident", "cutover")}


def find_live_mocks(found: tuple[Finding, ...], check: str) -> set[str | None]:
    return {
        finding.resource
        for finding in found
        if finding.check == check and finding.evidence == "live" and finding.status == "fail"
    }


def all_findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    return (
        tuple(finding for environment in snapshot.environments for finding in environment.findings) + snapshot.findings
    )


def test_in_the_steady_scenario_every_check_passes(scenarios):
    steady = scenarios["steady"]
    assert select_checks(all_findings(steady), "fail", "unknown") == set()
    assert steady.verdict.level == "ok"
    evidence = {finding.evidence for finding in all_findings(steady) if finding.status == "pass"}
    assert evidence == {"git", "manifest", "live-spec", "rendered", "live", "settings", "ci"}


def test_the_incident_has_two_live_mocks_in_staging(scenarios):
    staging = scenarios["incident"].find_environment("staging").findings
    for check in ("mock.workloads-absent", "argo.no-stale-resources"):
        assert find_live_mocks(staging, check) == {"Service/status-mock", "Deployment/status-mock"}
    assert select_checks(staging, "fail") == {
        ("mock.workloads-absent", "live"),
        ("argo.no-stale-resources", "live"),
        ("argo.automated-prune", "live-spec"),
    }
    assert select_checks(scenarios["incident"].find_environment("prod").findings, "fail") == set()


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_before_the_cutover_stale_mocks_are_live_only(scenarios, environment):
    found = scenarios["cutover"].find_environment(environment).findings
    assert find_live_mocks(found, "argo.no-stale-resources") == {"Service/status-mock", "Deployment/status-mock"}
    assert {("mock.workloads-absent", "git"), ("mock.workloads-absent", "rendered")} <= select_checks(found, "pass")
    assert ("argo.automated-prune", "live-spec") in select_checks(found, "fail")
    assert ("argo.automated-prune", "manifest") in select_checks(found, "pass")


def test_before_the_cutover_all_evidence_shows_the_mock_url(scenarios):
    found = scenarios["cutover"].find_environment("prod").findings
    for evidence in ("git", "rendered", "live"):
        assert "status-mock" in only_finding(found, "mock.control-center-url", evidence).message
    in_git = only_finding(found, "mock.control-center-url", "git")
    assert in_git.file == OVERLAY.format("prod")
    assert in_git.line
    assert in_git.column
    assert ("argo.automated-self-heal", "live-spec") in select_checks(found, "fail")


def test_before_the_cutover_prod_is_behind_the_head(scenarios):
    found = only_finding(scenarios["cutover"].find_environment("prod").findings, "argo.at-head", "live-spec")
    assert found.status == "fail"
    assert OVERLAY.format("prod") in found.message
    assert "dev" not in found.message


def test_settings_of_the_repository_or_organisation_pass(scenarios):
    for check in ("settings.ops-repo", "settings.app-repo"):
        assert only_finding(scenarios["steady"].findings, check, "settings").status == "pass"


def test_a_missing_secret_is_a_warning_with_its_name(tmp_path):
    def prepare(box: Any) -> None:
        box.github.repositories[box.app_repo].repository_settings.secrets.discard("OPS_REPO_PAT")

    found = only_finding(
        observe_scenario("steady", tmp_path, prepare=prepare).findings, "settings.app-repo", "settings"
    )
    assert (found.status, found.level) == ("fail", "warning")
    assert found.message == "anchor/anchor-msp has no secret OPS_REPO_PAT"


def test_a_secret_and_a_variable_of_a_github_environment_count(tmp_path):
    def prepare(box: Any) -> None:
        app = box.github.repositories[box.app_repo]
        app.repository_settings.secrets.discard("OPS_REPO_PAT")
        app.environments["prod"].secrets.add("OPS_REPO_PAT")
        app.environments["prod"].variables["ENGINE_ID"] = app.repository_settings.variables.pop("ENGINE_ID")

    assert (
        only_finding(
            observe_scenario("steady", tmp_path, prepare=prepare).findings, "settings.app-repo", "settings"
        ).status
        == "pass"
    )


def test_a_github_environment_with_another_engine_fails(tmp_path):
    def prepare(box: Any) -> None:
        box.github.repositories[box.ops_repo].environments["prod"].variables["ENGINE_ID"] = "other"

    found = only_finding(
        observe_scenario("steady", tmp_path, prepare=prepare).findings, "settings.ops-repo", "settings"
    )
    assert found.message == (
        "ENGINE_ID of anchor/anchor-msp-ops in its environment prod is other, but the configuration has anchor-msp"
    )


def test_a_token_without_permission_leaves_the_settings_unknown(tmp_path):
    snapshot = observe_scenario("steady", tmp_path, "github:deny=settings")
    found = only_finding(snapshot.findings, "settings.ops-repo", "settings")
    assert found.status == "unknown"
    assert "actions_variables=read" in found.message
    assert "secrets=read" in found.message
    assert [source.state for source in snapshot.sources] == ["fresh", "fresh"]
