"""What state the estate is in when the sandbox starts. A scenario is one entry of `SCENARIOS`."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from anchor_tui.sandbox.options import SYNC_OPTIONS
from anchor_tui.sandbox.pace import Unwell
from anchor_tui.sandbox.story import DEV, HISTORY, OVERLAY, PROD, STAGING, Change, Edit, Release
from anchor_tui.sandbox.windows import Window

if TYPE_CHECKING:
    from anchor_tui.sandbox.kubectl import Kubectl


class UnknownScenarioError(ValueError):
    """There is no scenario of this name; the message lists those there are."""


@dataclass(frozen=True, slots=True)
class LiveSpec:
    """An application whose spec in the cluster is not the one in git: `value` stands at the dotted `path`."""

    application: str
    path: str
    value: Any

    def apply(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The spec with this part replaced."""
        changed: dict[str, Any] = copy.deepcopy(dict(spec))
        *folders, name = self.path.split(".")
        place = changed
        for folder in folders:
            place = place.setdefault(folder, {})
        if self.value is None:
            place.pop(name, None)
        else:
            place[name] = self.value
        return changed


@dataclass(frozen=True, slots=True)
class Hand:
    """What somebody did in the cluster, `ago` before now."""

    ago: timedelta
    does: Callable[[Kubectl], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happened beyond the usual history, and what is wrong in the cluster."""

    name: str
    summary: str
    changes: tuple[Change, ...] = ()
    live_specs: tuple[LiveSpec, ...] = ()
    unwell: tuple[Unwell, ...] = ()
    hands: tuple[Hand, ...] = ()
    windows: tuple[Window, ...] = ()
    more_applications: int = 0

    @property
    def history(self) -> tuple[Change, ...]:
        """Every change, the usual ones too; a number of the scenario's own replaces the usual change's."""
        numbers = {change.number for change in self.changes}
        return tuple(change for change in HISTORY if change.number not in numbers) + self.changes


GATEWAY_LOG = "spec.template.spec.containers.anchor-gateway.env.LOG_LEVEL.value"
LEFT_OVER = {"app.kubernetes.io/part-of": "anchor-msp"}
CANARY: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "anchor-web-canary", "labels": LEFT_OVER},
    "spec": {"selector": {"app": "anchor-web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
}
TUNING: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "anchor-gateway-tuning", "labels": LEFT_OVER},
    "data": {"POOL_SIZE": "20", "REQUEST_TIMEOUT": "30s"},
}


def _minutes(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("steady", "everything is Synced and Healthy; one draft pull request of no consequence is open"),
        Scenario(
            "incident",
            "prod is Degraded since its promotion to 1.43.2; staging holds two stale resources and does not prune",
            changes=(
                Change(
                    230,
                    timedelta(hours=5),
                    "s.okafor",
                    Edit(OVERLAY.format(STAGING), "statusMock:\n  enabled: false", "statusMock:\n  enabled: true"),
                    title="Turn the status mock on in staging to rehearse the cutover",
                    branch="staging-mock-on",
                    merged_by="a.lee",
                ),
                Change(
                    232,
                    _minutes(40),
                    "a.lee",
                    Release(STAGING, "1.44.0"),
                    merged=False,
                    approved_by="m.ito",
                ),
                Change(233, _minutes(15), "m.ito", Release(PROD, "1.43.2"), merged_by="a.lee"),
                Change(
                    234,
                    _minutes(4),
                    "s.okafor",
                    Edit(OVERLAY.format(STAGING), "statusMock:\n  enabled: true", "statusMock:\n  enabled: false"),
                    title="Turn the status mock in staging off again",
                    branch="staging-mock-off",
                    took=_minutes(15),
                    merged_by="a.lee",
                ),
            ),
            live_specs=(LiveSpec("anchor-msp-staging", "syncPolicy.automated", {"selfHeal": True}),),
            unwell=(Unwell("anchor-prod", "anchor-gateway", "1.43.2"),),
        ),
        Scenario(
            "cutover",
            "before the no-mock cutover: stale mocks live in staging and prod, prune and self-heal are off in the "
            "cluster, and prod's gateway still asks a mock",
            changes=(
                *(
                    Change(
                        number,
                        timedelta(hours=6),
                        "s.okafor",
                        Edit(OVERLAY.format(name), "statusMock:\n  enabled: false", "statusMock:\n  enabled: true"),
                        title=f"Turn the status mock on in {name} until the status service is there",
                        branch=f"{name}-mock-on",
                        merged_by="a.lee",
                    )
                    for number, name in ((240, STAGING), (241, PROD))
                ),
                Change(
                    242,
                    timedelta(hours=5),
                    "s.okafor",
                    Edit(
                        OVERLAY.format(PROD),
                        "EGI_CONTROL_CENTER_URL: https://control.anchor.example/egi",
                        "EGI_CONTROL_CENTER_URL: http://status-mock.anchor-prod.svc/egi",
                    ),
                    title="Let prod's gateway ask the status mock",
                    branch="prod-mock-url",
                    merged_by="a.lee",
                ),
                *(
                    Change(
                        number,
                        _minutes(50),
                        "s.okafor",
                        Edit(OVERLAY.format(name), "statusMock:\n  enabled: true", "statusMock:\n  enabled: false"),
                        title=f"Turn the status mock off in {name}",
                        branch=f"{name}-mock-off",
                        merged_by="m.ito",
                    )
                    for number, name in ((243, STAGING), (244, PROD))
                ),
            ),
            live_specs=(
                LiveSpec("anchor-msp-staging", "syncPolicy.automated", {"selfHeal": True}),
                LiveSpec("anchor-msp-prod", "syncPolicy.automated", {}),
            ),
        ),
        Scenario(
            "drift",
            "the cluster is not what git says: prod was changed by hand and does not heal, staging holds what it "
            "does not prune, dev no longer follows",
            changes=(
                Change(
                    250,
                    _minutes(70),
                    "s.okafor",
                    Edit(
                        OVERLAY.format(DEV),
                        "    AUTH_MODE: disabled\n",
                        "    AUTH_MODE: disabled\n    LOG_LEVEL: debug\n",
                    ),
                    title="Log at debug level in dev",
                    branch="dev-log-level",
                    merged_by="a.lee",
                ),
                Change(251, _minutes(55), "m.ito", Release(PROD, "1.43.2"), merged_by="a.lee"),
            ),
            live_specs=(
                LiveSpec("anchor-msp-staging", "syncPolicy.automated", {"selfHeal": True}),
                LiveSpec("anchor-msp-prod", "syncPolicy.automated", {"prune": True}),
            ),
            hands=(
                Hand(
                    timedelta(days=9),
                    lambda kubectl: kubectl.apply("anchor-msp-staging", CANARY, {SYNC_OPTIONS: "Prune=false"}),
                ),
                Hand(timedelta(days=6, hours=4), lambda kubectl: kubectl.apply("anchor-msp-staging", TUNING)),
                Hand(
                    timedelta(hours=3),
                    lambda kubectl: kubectl.patch("anchor-msp-dev", {"spec": {"syncPolicy": {"automated": None}}}),
                ),
                # After the sync to the last commit: one to another commit would put them back, self-heal or not.
                Hand(
                    _minutes(35),
                    lambda kubectl: kubectl.edit("anchor-msp-prod", "Deployment", "anchor-web", "spec.replicas", 3),
                ),
                Hand(
                    _minutes(33),
                    lambda kubectl: kubectl.edit(
                        "anchor-msp-prod", "Deployment", "anchor-gateway", GATEWAY_LOG, "debug"
                    ),
                ),
            ),
        ),
        Scenario(
            "release-day",
            "dev has 1.45.0 since minutes ago, staging is one release behind and prod two; the checks of prod's next "
            "promotion still run, and nobody has opened staging's yet",
            changes=(
                Change(231, timedelta(hours=19), "a.lee", Release(DEV, "1.44.0")),
                Change(232, timedelta(hours=17), "m.ito", Release(PROD, "1.43.2"), merged_by="a.lee"),
                Change(233, timedelta(hours=5), "a.lee", Release(STAGING, "1.44.0")),
                Change(
                    234,
                    _minutes(9),
                    "anchor-bot",
                    Release(DEV, "1.45.0"),
                    took=_minutes(7),
                    merged_by="a.lee",
                ),
                Change(235, timedelta(seconds=20), "m.ito", Release(PROD, "1.44.0"), merged=False),
            ),
        ),
    )
}

SCALE = re.compile(r"scale-(\d+)")


def scenario(name: str) -> Scenario:
    """A scenario by name; `scale-N` is the steady one with N applications more, at most 20000."""
    if match := SCALE.fullmatch(name):
        number = min(int(match[1]), 20_000)
        return replace(SCENARIOS["steady"], name=name, summary=f"steady, and {number} more", more_applications=number)
    if name not in SCENARIOS:
        known = ", ".join([*SCENARIOS, "scale-N"])
        raise UnknownScenarioError(f"there is no scenario {name!r}: known are {known}")
    return SCENARIOS[name]
