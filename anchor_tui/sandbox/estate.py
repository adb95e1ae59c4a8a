"""The estate of a scenario: its repository, its applications, its GitHub, brought from the past to the present."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from anchor_tui.sandbox.accounts import ACCOUNTS
from anchor_tui.sandbox.applications import Application, Live
from anchor_tui.sandbox.clock import Clock, ManualClock, rfc3339
from anchor_tui.sandbox.controller import Controller
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.kubectl import Kubectl
from anchor_tui.sandbox.pace import Pace
from anchor_tui.sandbox.pulls import ActionSettings, ChecksPace
from anchor_tui.sandbox.render import Resource, parse, render
from anchor_tui.sandbox.scenarios import Scenario
from anchor_tui.sandbox.story import FIRST_COMMIT, begin, tell

OPS_REPOSITORY = "anchor/anchor-msp-ops"
APP_REPOSITORY = "anchor/anchor-msp"
ENGINE_ID = "anchor-msp"
FORMER_NAME = "anchor/msp-ops"
APPLICATIONS = "infra/argocd/applications"
PROJECTS_OF_SCALE = 20


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything that the servers show."""

    ops: HostedRepository
    app: HostedRepository
    controller: Controller


def build(scenario: Scenario, clock: Clock, pace: Pace, checks: ChecksPace) -> Estate:
    """Live through the scenario's past, up to the clock's present."""
    now = clock.now()
    ops = HostedRepository(OPS_REPOSITORY, 871_234_567, former_names=(FORMER_NAME,), pace=checks)
    app = HostedRepository(APP_REPOSITORY, 871_234_001, pace=checks)
    app.git.commit(
        {"README.md": "# anchor-msp\n\nThe platform itself: gateway, web and workers.\n"},
        "Begin",
        author=ACCOUNTS["a.lee"],
        time=now - FIRST_COMMIT,
    )
    _settle(ops, ActionSettings({"ENGINE_ID": ENGINE_ID}, {"STATUS_API_URL"}))
    _settle(
        app, ActionSettings({"ENGINE_ID": ENGINE_ID, "OPS_REPO": OPS_REPOSITORY}, {"STATUS_API_URL", "OPS_REPO_PAT"})
    )
    controller = Controller(ops.git, pace, scenario.unwell)
    begin(ops, now)
    for entry in ops.git.entries(ops.git.head, APPLICATIONS):
        found = Application.from_manifest(parse(ops.git.text(entry.sha)), now - FIRST_COMMIT)
        for live in scenario.live_specs:
            if live.application == found.name:
                found.spec = live.apply(found.spec)
        controller.add(found, now - FIRST_COMMIT)
    controller.windows = list(scenario.windows)
    hands = sorted(scenario.hands, key=lambda hand: hand.ago, reverse=True)

    def until(time: datetime) -> None:
        while hands and now - hands[0].ago <= time:
            hand = hands.pop(0)
            controller.step(now - hand.ago)
            hand.does(Kubectl(controller, ManualClock(now - hand.ago)))
        controller.step(time)

    tell(ops, scenario.history, now, until)
    until(now)
    for number in range(scenario.more_applications):
        controller.settle(_tenant(number, now))
    controller.reconcile_regularly(now)
    return Estate(ops, app, controller)


def _settle(hosted: HostedRepository, own: ActionSettings) -> None:
    """What its workflows are given; the token of the status API is the organisation's."""
    hosted.settings = own
    hosted.shared = ActionSettings(secrets={"STATUS_API_TOKEN"})
    hosted.environments = {"prod": ActionSettings(secrets={"KUBECONFIG"})}


TENANT_VALUES = {
    "rollout": {"maxSurge": 0, "maxUnavailable": 1},
    "gateway": {"replicas": 1, "image": {"repository": "ghcr.io/tenants/api", "tag": "2.7.1"}},
    "web": {"replicas": 1, "image": {"repository": "ghcr.io/tenants/web", "tag": "2.7.1"}},
    "workers": {"outbox": {"enabled": True, "replicas": 1}, "job": {"enabled": True, "replicas": 1}},
    "statusMock": {"enabled": False},
    "secrets": {"name": "tenant", "store": "anchor-vault", "remoteKey": "tenant", "keys": ["DATABASE_URL"]},
}
_TENANT_TARGET: tuple[Resource, ...] = ()


def _tenant_target() -> tuple[Resource, ...]:
    global _TENANT_TARGET
    _TENANT_TARGET = _TENANT_TARGET or render(TENANT_VALUES, "tenant")
    return _TENANT_TARGET


def _tenant(number: int, now: datetime) -> Application:
    """One of many applications of others: mostly well, now and then out of sync or degraded."""
    project = f"tenants-{number % PROJECTS_OF_SCALE:02}"
    name = f"tenant-{number:05}"
    created = now - timedelta(days=30 + number % 200)
    source = {
        "repoURL": "https://github.com/anchor/tenants.git",
        "path": f"tenants/{name}",
        "targetRevision": "main",
    }
    app = Application(
        namespace=project,
        name=name,
        spec={
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "project": project,
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
        labels={"app.kubernetes.io/part-of": "tenants", "anchor.dev/environment": "tenant"},
        created_at=created,
        target=_tenant_target(),
        foreign=True,
        sync="Synced",
        revision=f"{number % 7:040x}",
        health_since=created + timedelta(minutes=3),
    )
    app.live = {resource.key: Live(resource) for resource in app.target}
    if number % 60 == 59:
        broken = next(live for live in app.live.values() if live.resource.kind == "Deployment")
        broken.health = "Degraded"
        broken.message = f'Deployment "{broken.resource.name}" exceeded its progress deadline'
        app.assess(now - timedelta(hours=1 + number % 40))
    if number % 40 == 39:
        first = app.target[0]
        del app.live[first.key]
        app.sync = "OutOfSync"
    operation = {"sync": {"revision": app.revision, "source": source}, "initiatedBy": {"automated": True}}
    app.record(operation, created, created + timedelta(seconds=4))
    app.operation_state = {
        "operation": operation | {"retry": {"limit": 5}},
        "phase": "Succeeded",
        "message": "successfully synced (all tasks run)",
        "startedAt": rfc3339(created),
        "finishedAt": rfc3339(created + timedelta(seconds=4)),
    }
    return app
