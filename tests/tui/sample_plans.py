"""Plans with every kind of confirmation, and jobs and outcomes of them."""

from __future__ import annotations

from typing import Any

from anchor_tui.domain.actions.jobs import GroupProgress, Job, StepPhase, StepProgress
from anchor_tui.domain.actions.plan import (
    FileDiff,
    GroupResult,
    Order,
    Outcome,
    Plan,
    PlanLine,
    Precondition,
    PullRequestDraft,
    Refusal,
    StepGroup,
)
from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.actions.steps import Sync
from anchor_tui.domain.actions.wait_steps import WaitForHealth, WaitForOperation
from anchor_tui.domain.model import AppId
from tests.values import NOW, ago, replace

STAGING = AppId("argocd", "argocd", "anchor-msp-staging")
PROD = AppId("argocd", "argocd", "anchor-msp-prod")
DIFF = """--- a/environments/staging/release.yaml
+++ b/environments/staging/release.yaml
@@ -2,7 +2,7 @@
 kind: Release
 environment: staging
-version: 1.43.2
-commit: 5b1d9c7e3f2a4068b5c4d3e2f1a0987654321fed
+version: 1.44.0
+commit: 9f2c1e0d5a7b4c3e8f6a1b2c3d4e5f60718293a4
 images:
"""


def sync_plan(order: Order, **changes: Any) -> Plan:
    """Return a plan that one key confirms."""
    target = ApplicationRef(STAGING, "anchor-msp")
    base = Plan(
        order=order,
        title="Sync anchor-msp-staging",
        verb="Sync",
        confirmation="key",
        phrase="",
        protected=False,
        reason_required=False,
        command="anchor-tui sync staging --yes",
        made_at=NOW,
        lines=(
            PlanLine("change", "to 8c1f2e0 “Update staging to 1.44.0”"),
            PlanLine("change", "2 resources change: ConfigMap/web, Deployment/gateway"),
            PlanLine("kept", "prune is off: 1 stale resource stays: Service/status-mock"),
        ),
        step_groups=(
            StepGroup(
                str(STAGING),
                (
                    Sync(target, order.request_id, "8c1f2e0"),
                    WaitForOperation(target, order.request_id),
                    WaitForHealth(target),
                ),
                STAGING,
            ),
        ),
        preconditions=(Precondition("the commit of argocd/anchor-msp-staging", "8c1f2e0"),),
        choices=("ConfigMap/anchor-staging/web", "Deployment/anchor-staging/gateway"),
    )
    return replace(base, **changes)


def prune_plan(order: Order, **changes: Any) -> Plan:
    """Return a plan that requires a phrase and a reason."""
    target = ApplicationRef(PROD, "anchor-msp")
    victims = (ResourceRef("Deployment", "anchor-prod", "status-mock", "apps"),)
    base = Plan(
        order=order,
        title="Hard refresh + prune anchor-msp-prod",
        verb="Sync + prune",
        confirmation="phrase",
        phrase="prod 3",
        protected=True,
        reason_required=True,
        command="anchor-tui hard-refresh-prune prod --confirm 'prod 3'",
        made_at=NOW,
        lines=(
            PlanLine("change", "to 8c1f2e0 “Turn the mock off”"),
            PlanLine("deleted", "3 resources will be DELETED from the cluster:"),
            PlanLine("deleted", "  Deployment  anchor-prod/status-mock  19 d old"),
            PlanLine("deleted", "  Service  anchor-prod/status-mock  19 d old"),
            PlanLine("deleted", "  ConfigMap  anchor-prod/status-mock-data  19 d old"),
            PlanLine("kept", "kept although stale: PersistentVolumeClaim/mock-store (Prune=false)"),
        ),
        step_groups=(
            StepGroup(
                str(PROD),
                (
                    Sync(target, order.request_id, prune=True),
                    WaitForOperation(target, order.request_id, resources_to_prune=victims),
                ),
                PROD,
            ),
        ),
        preconditions=(Precondition("what a prune of argocd/anchor-msp-prod deletes", "Deployment/status-mock"),),
    )
    return replace(base, **changes)


def promotion_plan(order: Order, **changes: Any) -> Plan:
    """Return a plan with a diff and a pull request."""
    base = Plan(
        order=order,
        title="Promote 1.44.0 to staging",
        verb="Open pull request",
        confirmation="key",
        phrase="",
        protected=False,
        reason_required=False,
        command="anchor-tui promote staging --yes",
        made_at=NOW,
        lines=(
            PlanLine("change", "staging: 1.43.2 (5b1d9c7) → 1.44.0 (9f2c1e0)"),
            PlanLine("change", "gateway  1.43.2 → 1.44.0  sha256:4f0c6f0e8f…"),
            PlanLine("note", "includes: #231 Update dev to 1.44.0"),
            PlanLine("ok", "dev is Synced and Healthy for 2 h"),
            PlanLine("warning", "#230 moves staging too, to 1.43.3: one of them will conflict"),
        ),
        diffs=(FileDiff("environments/staging/release.yaml", DIFF),),
        step_groups=(StepGroup("release of staging", ()),),
        pull_request=PullRequestDraft(
            "anchor-tui/promote/staging/1.44.0", "Promote 1.44.0 to staging", "Moves `staging`.\n", ("promotion",)
        ),
    )
    return replace(base, **changes)


REFUSED = Refusal(
    "argocd/anchor-msp-staging",
    "busy",
    "an operation is Running for 4 min by a.lee. Wait until it is over, or terminate it (x)",
)


def make_job(plan: Plan, *phases: StepPhase, outcome: Outcome | None = None) -> Job:
    """Return the running job of a plan, with a phase for each step."""
    tracks = tuple(
        GroupProgress(
            change.subject,
            tuple(
                StepProgress(step.title, step.writes, phase, ago(seconds=3) if phase != "waiting" else None)
                for step, phase in zip(change.steps, phases, strict=False)
            ),
            change.application,
        )
        for change in plan.step_groups
    )
    return Job(plan, ago(seconds=3), tracks, outcome)


def make_outcome(plan: Plan, message: str = "synced 8c1f2e0, Healthy", kind: Any = "done", **changes: Any) -> Outcome:
    results = tuple(GroupResult(change.subject, kind, message) for change in plan.step_groups)
    return replace(Outcome(plan.id, results), **changes)
