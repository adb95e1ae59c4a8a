"""Building a scenario: repositories, applications and pull requests, from the past to the present."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.argocd.kubectl import Kubectl
from anchor_tui.sandbox.clock import Clock, ManualClock
from anchor_tui.sandbox.github.accounts import ACCOUNTS
from anchor_tui.sandbox.github.pull_requests import CheckTimings, HostedActionSettings
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.scenarios.promotion import PROMOTION_WORKFLOW, open_promotion
from anchor_tui.sandbox.scenarios.replay import commit_first_files, replay_history
from anchor_tui.sandbox.scenarios.scenario import Scenario
from anchor_tui.sandbox.scenarios.seed_history import FIRST_COMMIT
from anchor_tui.sandbox.scenarios.tenants import build_tenant
from anchor_tui.sandbox.timings import ControllerTimings
from anchor_tui.sandbox.yaml_loader import load_yaml

OPS_REPOSITORY = "anchor/anchor-msp-ops"
APP_REPOSITORY = "anchor/anchor-msp"
ENGINE_ID = "anchor-msp"
FORMER_OPS_REPOSITORY = "anchor/msp-ops"
APPLICATIONS_FOLDER = "infra/argocd/applications"


@dataclass(frozen=True, slots=True)
class ScenarioState:
    """The state that the servers show."""

    ops: HostedRepository
    app: HostedRepository
    controller: ApplicationController


def build_scenario(scenario: Scenario, clock: Clock, timings: ControllerTimings, checks: CheckTimings) -> ScenarioState:
    """Replay the history of a scenario up to the clock's current time."""
    now = clock.now()
    ops = HostedRepository(OPS_REPOSITORY, 871_234_567, former_names=(FORMER_OPS_REPOSITORY,), timings=checks)
    app = HostedRepository(APP_REPOSITORY, 871_234_001, timings=checks)
    app.git.commit(
        {"README.md": "# anchor-msp\n\nThe platform itself: gateway, web and workers.\n"},
        "Begin",
        author=ACCOUNTS["a-lee"],
        time=now - FIRST_COMMIT,
    )
    ops.workflow_jobs[PROMOTION_WORKFLOW] = open_promotion
    _configure_actions(ops, HostedActionSettings({"ENGINE_ID": ENGINE_ID}, {"STATUS_API_URL"}))
    _configure_actions(
        app,
        HostedActionSettings({"ENGINE_ID": ENGINE_ID, "OPS_REPO": OPS_REPOSITORY}, {"STATUS_API_URL", "OPS_REPO_PAT"}),
    )
    controller = ApplicationController(ops.git, timings, scenario.failing_deployments)
    commit_first_files(ops, now)
    for entry in ops.git.list_folder(ops.git.head, APPLICATIONS_FOLDER):
        found = ClusterApplication.from_manifest(load_yaml(ops.git.read_text(entry.sha)), now - FIRST_COMMIT)
        for live in scenario.spec_overrides:
            if live.application == found.name:
                found.spec = live.apply(found.spec)
        controller.add_application(found, now - FIRST_COMMIT)
    controller.windows = list(scenario.windows)
    changes = sorted(scenario.manual_changes, key=lambda change: change.ago, reverse=True)

    def run_until(time: datetime) -> None:
        while changes and now - changes[0].ago <= time:
            change = changes.pop(0)
            controller.run_due_events(now - change.ago)
            change.apply(Kubectl(controller, ManualClock(now - change.ago)))
        controller.run_due_events(time)

    replay_history(ops, scenario.history, now, run_until)
    run_until(now)
    for number in range(scenario.tenant_count):
        controller.adopt_application(build_tenant(number, now))
    controller.schedule_reconciliation(now)
    return ScenarioState(ops, app, controller)


def _configure_actions(hosted: HostedRepository, settings: HostedActionSettings) -> None:
    """Set the variables and secrets of workflows; the status API's token is the organisation's."""
    hosted.repository_settings = settings
    hosted.organisation_settings = HostedActionSettings(secrets={"STATUS_API_TOKEN"})
    hosted.environments = {"prod": HostedActionSettings(secrets={"KUBECONFIG"})}
