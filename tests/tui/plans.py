"""Plans to show: of each price, with everything that a dialog has to draw."""

from __future__ import annotations

from typing import Any

from anchor_tui.domain.actions.following import FollowHealth, FollowOperation
from anchor_tui.domain.actions.parts import AppTarget, ResourceRef
from anchor_tui.domain.actions.plan import (
    Change,
    FileDiff,
    Line,
    Order,
    Outcome,
    Plan,
    PullRequestDraft,
    Refusal,
    Result,
    Seen,
)
from anchor_tui.domain.actions.progress import Job, StepPhase, StepState, Track
from anchor_tui.domain.actions.steps import Sync
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
    """Of an unprotected application: one key."""
    target = AppTarget(STAGING, "anchor-msp")
    base = Plan(
        order=order,
        title="Sync anchor-msp-staging",
        verb="Sync",
        price="key",
        phrase="",
        protected=False,
        reason_required=False,
        command="anchor-tui sync staging --yes",
        made_at=NOW,
        lines=(
            Line("change", "to 8c1f2e0 “Update staging to 1.44.0”"),
            Line("change", "2 resources change: ConfigMap/web, Deployment/gateway"),
            Line("kept", "prune is off: 1 stale resource stays: Service/status-mock"),
        ),
        changes=(
            Change(
                str(STAGING),
                (
                    Sync(target, order.request_id, "8c1f2e0"),
                    FollowOperation(target, order.request_id),
                    FollowHealth(target),
                ),
                STAGING,
            ),
        ),
        seen=(Seen("the commit of argocd/anchor-msp-staging", "8c1f2e0"),),
        choices=("ConfigMap/anchor-staging/web", "Deployment/anchor-staging/gateway"),
    )
    return replace(base, **changes)


def prune_plan(order: Order, **changes: Any) -> Plan:
    """Of the protected one: a name and a number, and a reason."""
    target = AppTarget(PROD, "anchor-msp")
    victims = (ResourceRef("Deployment", "anchor-prod", "status-mock", "apps"),)
    base = Plan(
        order=order,
        title="Hard refresh + prune anchor-msp-prod",
        verb="Sync + prune",
        price="phrase",
        phrase="prod 3",
        protected=True,
        reason_required=True,
        command="anchor-tui hard-refresh-prune prod --confirm 'prod 3'",
        made_at=NOW,
        lines=(
            Line("change", "to 8c1f2e0 “Turn the mock off”"),
            Line("deleted", "3 resources will be DELETED from the cluster:"),
            Line("deleted", "  Deployment  anchor-prod/status-mock  19 d old"),
            Line("deleted", "  Service  anchor-prod/status-mock  19 d old"),
            Line("deleted", "  ConfigMap  anchor-prod/status-mock-data  19 d old"),
            Line("kept", "kept although stale: PersistentVolumeClaim/mock-store (Prune=false)"),
        ),
        changes=(
            Change(
                str(PROD),
                (
                    Sync(target, order.request_id, prune=True),
                    FollowOperation(target, order.request_id, victims=victims),
                ),
                PROD,
            ),
        ),
        seen=(Seen("what a prune of argocd/anchor-msp-prod deletes", "Deployment/status-mock"),),
    )
    return replace(base, **changes)


def promotion_plan(order: Order, **changes: Any) -> Plan:
    """With a diff and a pull request."""
    base = Plan(
        order=order,
        title="Promote 1.44.0 to staging",
        verb="Open pull request",
        price="key",
        phrase="",
        protected=False,
        reason_required=False,
        command="anchor-tui promote staging --yes",
        made_at=NOW,
        lines=(
            Line("change", "staging: 1.43.2 (5b1d9c7) → 1.44.0 (9f2c1e0)"),
            Line("change", "gateway  1.43.2 → 1.44.0  sha256:4f0c6f0e8f…"),
            Line("note", "comes along: #231 Update dev to 1.44.0"),
            Line("ok", "dev is Synced and Healthy for 2 h"),
            Line("warning", "#230 moves staging too, to 1.43.3: one of them will conflict"),
        ),
        diffs=(FileDiff("environments/staging/release.yaml", DIFF),),
        changes=(Change("release of staging", ()),),
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


def job(plan: Plan, *phases: StepPhase, outcome: Outcome | None = None) -> Job:
    """A Plan under way, its steps this far."""
    tracks = tuple(
        Track(
            change.subject,
            tuple(
                StepState(step.title, step.writes, phase, ago(seconds=3) if phase != "waiting" else None)
                for step, phase in zip(change.steps, phases, strict=False)
            ),
            change.application,
        )
        for change in plan.changes
    )
    return Job(plan, ago(seconds=3), tracks, outcome)


def done(plan: Plan, message: str = "synced 8c1f2e0, Healthy", kind: Any = "done", **changes: Any) -> Outcome:
    results = tuple(Result(change.subject, kind, message) for change in plan.changes)
    return replace(Outcome(plan.id, results), **changes)
