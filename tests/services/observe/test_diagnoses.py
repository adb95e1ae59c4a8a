"""The cause of every kind of failing workload, read from the sandbox over sockets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anchor_tui.domain.diagnosis.registry import WORKLOAD_RULES
from anchor_tui.domain.model import Application, Level, Snapshot
from anchor_tui.sandbox.command import write_configuration
from anchor_tui.sandbox.scenarios.catalog import SCENARIOS
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.sandbox.timings import ControllerTimings
from anchor_tui.services.observe.observer import observe_once
from tests.domain.diagnosis.test_recorded_failures import CAUSES

INCIDENTS = sorted(name for name in SCENARIOS if name.startswith("incident-"))
EXPECTED_RULES = {f"incident-{kind}": rule for kind, (rule, _) in CAUSES.items()} | {"incident-hook": "failed-hook"}
SLOW_DEADLINE = ControllerTimings(progress_deadline_s=24 * 3600)
"""The Deployment does not reach its progress deadline, so that Argo CD reports Progressing."""


def read_snapshot(scenario: str, folder: Path, timings: ControllerTimings | None = None) -> Snapshot:
    from anchor_tui.config.load import load_config

    with run_sandbox_in_thread(scenario, timings=timings or ControllerTimings()) as box:
        environ = {"ARGOCD_AUTH_TOKEN": box.argocd_token, "GITHUB_TOKEN": box.github_token}
        path = write_configuration(box, folder) / "anchor-tui.toml"
        return observe_once(load_config(path, environ, cwd=folder), environ, folder, 20)


def find_prod(snapshot: Snapshot) -> Application:
    environment = snapshot.find_environment("prod")
    assert environment is not None
    return environment.applications[0]


def test_every_incident_has_an_expected_rule() -> None:
    assert set(EXPECTED_RULES) == set(INCIDENTS)
    listed = {id_ for rule in WORKLOAD_RULES for id_ in rule.ids}
    assert set(EXPECTED_RULES.values()) <= listed | {"failed-hook"}


@pytest.mark.parametrize("scenario", INCIDENTS)
def test_an_incident_has_its_cause_first(scenario: str, tmp_path: Path) -> None:
    snapshot = read_snapshot(scenario, tmp_path)
    diagnosis = find_prod(snapshot).diagnosis
    assert diagnosis is not None
    assert diagnosis.rule == EXPECTED_RULES[scenario]
    cause = diagnosis.cause.removeprefix("The sync failed: ")
    assert cause in snapshot.verdict.reasons[0]
    assert snapshot.verdict.cause == "outage" or scenario == "incident-hook"


@pytest.mark.parametrize("scenario", ["incident-oom", "incident-readiness", "incident-quota"])
def test_a_rollout_that_cannot_succeed_fails_while_progressing(scenario: str, tmp_path: Path) -> None:
    snapshot = read_snapshot(scenario, tmp_path, SLOW_DEADLINE)
    assert find_prod(snapshot).health == "Progressing"
    assert snapshot.verdict.level is Level.FAILING
    assert "Progressing" in snapshot.verdict.reasons[0]
    assert "since 1.43.2 (#233 by " in snapshot.verdict.reasons[0]
    assert "after its sync" in snapshot.verdict.reasons[0]


@pytest.mark.parametrize("scenario", ["steady", "drift", "release-day"])
def test_a_scenario_without_failure_has_no_cause(scenario: str, tmp_path: Path) -> None:
    snapshot = read_snapshot(scenario, tmp_path)
    assert [app.diagnosis for app in snapshot.all_applications] == [None] * len(snapshot.all_applications)


def test_the_diagnosis_is_exported(tmp_path: Path) -> None:
    from anchor_tui.services.snapshot_json import snapshot_to_json

    document = json.loads(snapshot_to_json(read_snapshot("incident-oom", tmp_path)))
    (prod,) = (found for found in document["environments"] if found["name"] == "prod")
    assert prod["applications"][0]["diagnosis"]["rule"] == "out-of-memory"
