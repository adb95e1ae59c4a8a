"""The scenarios: each is an entry of `SCENARIOS`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from anchor_tui.sandbox.argocd.failing_deployments import FailingDeployment
from anchor_tui.sandbox.argocd.sync_options import SYNC_OPTIONS_ANNOTATION
from anchor_tui.sandbox.argocd.workloads.failures import FAILURES
from anchor_tui.sandbox.scenarios.release_files import OVERLAY_PATH
from anchor_tui.sandbox.scenarios.scenario import ManualChange, Scenario, SpecOverride
from anchor_tui.sandbox.scenarios.seed_history import (
    DEV,
    PROD,
    STAGING,
    FileEdit,
    SeedPullRequest,
    SeedRelease,
    SeedThread,
)


class UnknownScenarioError(ValueError):
    """The scenario does not exist; the message lists the known ones."""


GATEWAY_LOG_LEVEL = "spec.template.spec.containers.anchor-gateway.env.LOG_LEVEL.value"
STALE_LABELS = {"app.kubernetes.io/part-of": "anchor-msp"}
CANARY_SERVICE: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "anchor-web-canary", "labels": STALE_LABELS},
    "spec": {"selector": {"app": "anchor-web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
}
TUNING_CONFIG_MAP: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "anchor-gateway-tuning", "labels": STALE_LABELS},
    "data": {"POOL_SIZE": "20", "REQUEST_TIMEOUT": "30s"},
}


PROMOTION_BODY = """\
## Promote 1.44.0 to staging

The release has been in **dev** for two hours. Its checks there passed.

- [x] soak in dev
- [ ] mock of the status service is off

| image | from | to |
|---|---|---|
| gateway | 1.43.2 | 1.44.0 |
| web | 1.43.2 | 1.44.0 |

> Roll back with `anchor-tui rollback staging --to 1.43.2`.

See [the runbook](https://wiki.anchor.example/release) before the merge.
"""


def _minutes(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def _switch_mock(environment: str, *, is_on: bool) -> FileEdit:
    before, after = (f"statusMock:\n  enabled: {str(value).lower()}" for value in (not is_on, is_on))
    return FileEdit(OVERLAY_PATH.format(environment), before, after)


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("steady", "everything is Synced and Healthy; one draft pull request of no consequence is open"),
        Scenario(
            "incident",
            "prod is Degraded since its promotion to 1.43.2; staging has two stale resources and does not prune",
            pull_requests=(
                SeedPullRequest(
                    230,
                    timedelta(hours=5),
                    "s-okafor",
                    _switch_mock(STAGING, is_on=True),
                    title="Turn the status mock on in staging to rehearse the cutover",
                    branch="staging-mock-on",
                    merged_by="a-lee",
                ),
                SeedPullRequest(
                    232,
                    _minutes(40),
                    "a-lee",
                    SeedRelease(STAGING, "1.44.0"),
                    merged=False,
                    approved_by="m-ito",
                ),
                SeedPullRequest(233, _minutes(15), "m-ito", SeedRelease(PROD, "1.43.2"), merged_by="a-lee"),
                SeedPullRequest(
                    234,
                    _minutes(4),
                    "s-okafor",
                    _switch_mock(STAGING, is_on=False),
                    title="Turn the status mock in staging off again",
                    branch="staging-mock-off",
                    open_for=_minutes(15),
                    merged_by="a-lee",
                ),
            ),
            spec_overrides=(SpecOverride("anchor-msp-staging", "syncPolicy.automated", {"selfHeal": True}),),
            failing_deployments=(FailingDeployment("anchor-prod", "anchor-gateway", "1.43.2"),),
        ),
        Scenario(
            "cutover",
            "before the no-mock cutover: stale mocks run in staging and prod, prune and self-heal are off in the "
            "cluster, and prod's gateway still calls a mock",
            pull_requests=(
                *(
                    SeedPullRequest(
                        number,
                        timedelta(hours=6),
                        "s-okafor",
                        _switch_mock(name, is_on=True),
                        title=f"Turn the status mock on in {name} until the status service is there",
                        branch=f"{name}-mock-on",
                        merged_by="a-lee",
                    )
                    for number, name in ((240, STAGING), (241, PROD))
                ),
                SeedPullRequest(
                    242,
                    timedelta(hours=5),
                    "s-okafor",
                    FileEdit(
                        OVERLAY_PATH.format(PROD),
                        "EGI_CONTROL_CENTER_URL: https://control.anchor.example/egi",
                        "EGI_CONTROL_CENTER_URL: http://status-mock.anchor-prod.svc/egi",
                    ),
                    title="Let prod's gateway ask the status mock",
                    branch="prod-mock-url",
                    merged_by="a-lee",
                ),
                *(
                    SeedPullRequest(
                        number,
                        _minutes(50),
                        "s-okafor",
                        _switch_mock(name, is_on=False),
                        title=f"Turn the status mock off in {name}",
                        branch=f"{name}-mock-off",
                        merged_by="m-ito",
                    )
                    for number, name in ((243, STAGING), (244, PROD))
                ),
            ),
            spec_overrides=(
                SpecOverride("anchor-msp-staging", "syncPolicy.automated", {"selfHeal": True}),
                SpecOverride("anchor-msp-prod", "syncPolicy.automated", {}),
            ),
        ),
        Scenario(
            "drift",
            "the cluster differs from git: prod was changed manually and self-heal is off, staging keeps stale "
            "resources, dev no longer syncs automatically",
            pull_requests=(
                SeedPullRequest(
                    250,
                    _minutes(70),
                    "s-okafor",
                    FileEdit(
                        OVERLAY_PATH.format(DEV),
                        "    AUTH_MODE: disabled\n",
                        "    AUTH_MODE: disabled\n    LOG_LEVEL: debug\n",
                    ),
                    title="Log at debug level in dev",
                    branch="dev-log-level",
                    merged_by="a-lee",
                ),
                SeedPullRequest(251, _minutes(55), "m-ito", SeedRelease(PROD, "1.43.2"), merged_by="a-lee"),
            ),
            spec_overrides=(
                SpecOverride("anchor-msp-staging", "syncPolicy.automated", {"selfHeal": True}),
                SpecOverride("anchor-msp-prod", "syncPolicy.automated", {"prune": True}),
            ),
            manual_changes=(
                ManualChange(
                    timedelta(days=9),
                    lambda kubectl: kubectl.apply_object(
                        "anchor-msp-staging", CANARY_SERVICE, {SYNC_OPTIONS_ANNOTATION: "Prune=false"}
                    ),
                ),
                ManualChange(
                    timedelta(days=6, hours=4),
                    lambda kubectl: kubectl.apply_object("anchor-msp-staging", TUNING_CONFIG_MAP),
                ),
                ManualChange(
                    timedelta(hours=3),
                    lambda kubectl: kubectl.patch_application(
                        "anchor-msp-dev", {"spec": {"syncPolicy": {"automated": None}}}
                    ),
                ),
                # After the last sync: a sync to another commit would revert these changes, even without self-heal.
                ManualChange(
                    _minutes(35),
                    lambda kubectl: kubectl.edit_object(
                        "anchor-msp-prod", "Deployment", "anchor-web", "spec.replicas", 3
                    ),
                ),
                ManualChange(
                    _minutes(33),
                    lambda kubectl: kubectl.edit_object(
                        "anchor-msp-prod", "Deployment", "anchor-gateway", GATEWAY_LOG_LEVEL, "debug"
                    ),
                ),
            ),
        ),
        Scenario(
            "release-day",
            "dev got 1.45.0 minutes ago, staging is one release behind and prod two; the checks of prod's next "
            "promotion are running, and staging's promotion is not open yet",
            pull_requests=(
                SeedPullRequest(231, timedelta(hours=19), "a-lee", SeedRelease(DEV, "1.44.0")),
                SeedPullRequest(232, timedelta(hours=17), "m-ito", SeedRelease(PROD, "1.43.2"), merged_by="a-lee"),
                SeedPullRequest(233, timedelta(hours=5), "a-lee", SeedRelease(STAGING, "1.44.0")),
                SeedPullRequest(
                    234,
                    _minutes(9),
                    "anchor-bot",
                    SeedRelease(DEV, "1.45.0"),
                    open_for=_minutes(7),
                    merged_by="a-lee",
                ),
                SeedPullRequest(235, timedelta(seconds=20), "m-ito", SeedRelease(PROD, "1.44.0"), merged=False),
            ),
        ),
        Scenario(
            "failed-check",
            "the check of staging's promotion has failed, its job has a log, and a reviewer requested changes",
            pull_requests=(
                SeedPullRequest(
                    232,
                    _minutes(40),
                    "a-lee",
                    SeedRelease(STAGING, "1.44.0"),
                    merged=False,
                    checks="FAILURE",
                    changes_requested_by="m-ito",
                    threads=(
                        SeedThread(
                            "infra/helm/platform/environments/staging/values.yaml",
                            None,
                            3,
                            (("m-ito", "Please keep the replicas as they are."), ("a-lee", "Done.")),
                            is_resolved=True,
                        ),
                        SeedThread(
                            "environments/staging/release.yaml",
                            2,
                            2,
                            (
                                ("m-ito", "The soak of 1.44.0 in dev is not over.\n\nWait until Monday, please."),
                                ("a-lee", "It was released on Thursday, so that is enough."),
                            ),
                        ),
                    ),
                    body=PROMOTION_BODY,
                ),
            ),
        ),
    )
}


def _build_incidents() -> dict[str, Scenario]:
    """Return the incident for each kind of failing workload: prod fails in this way since its promotion to 1.43.2."""
    incident, found = SCENARIOS["incident"], {}
    for failure in FAILURES.values():
        name = f"incident-{failure.kind}"
        failing = (FailingDeployment("anchor-prod", "anchor-gateway", "1.43.2", failure.kind),)
        summary = f"as incident; prod's gateway {failure.summary}"
        found[name] = replace(incident, name=name, summary=summary, failing_deployments=failing)
    found["incident-hook"] = replace(
        incident,
        name="incident-hook",
        summary="as incident; the hook that migrates prod's database fails, so that 1.43.2 is not deployed",
        failing_deployments=(),
        manual_changes=(
            ManualChange(_minutes(16), lambda kubectl: kubectl.break_hook("anchor-msp-prod", "anchor-migrate")),
        ),
    )
    return found


SCENARIOS |= _build_incidents()
SCALE_NAME = re.compile(r"scale-(\d+)")
OWN_APPLICATIONS = 3
"""The applications of the ops repo: one for each environment."""
MAX_APPLICATIONS = 20_000


def find_scenario(name: str) -> Scenario:
    """Return a scenario by name. Raises UnknownScenarioError.

    `scale-N` is `steady` with more applications, N in total: at least three, and at most 20000.
    """
    if match := SCALE_NAME.fullmatch(name):
        steady = SCENARIOS["steady"]
        total = min(max(int(match[1]), OWN_APPLICATIONS), MAX_APPLICATIONS)
        summary = f"steady with {total} applications; each environment selects a third of them by a label"
        return replace(steady, name=name, summary=summary, tenant_count=total - OWN_APPLICATIONS)
    if name not in SCENARIOS:
        from difflib import get_close_matches  # takes a millisecond; needed only for errors

        known = ", ".join([*SCENARIOS, "scale-N"])
        near = get_close_matches(name, SCENARIOS, 1)
        hint = f"did you mean {near[0]}? Choose" if near else "choose"
        raise UnknownScenarioError(f"unknown scenario {name!r}: {hint} one of {known}")
    return SCENARIOS[name]
