"""One example of every kind of step."""

from __future__ import annotations

from anchor_tui.domain.actions.step_base import ApplicationRef, FileChange, ResourceRef
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DeleteResource,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    Refresh,
    RequestReviewers,
    RunResourceAction,
    SendEvent,
    Step,
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForMerge,
    WaitForMergeable,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
    WaitForResource,
    WaitForRollout,
    WaitForTermination,
    WaitForWorkflowRun,
)
from anchor_tui.domain.model import AppId

REPO = "anchor/anchor-msp-ops"
PROD = ApplicationRef(AppId("argocd", "argocd", "anchor-msp-prod"), "anchor-msp")
ODD = ApplicationRef(AppId("argocd", "team a", "a/b?c#d %e"), "p&q")
MOCK = ResourceRef("Service", "anchor-prod", "status-mock")
DEPLOYMENT = ResourceRef("Deployment", "anchor-prod", "status-mock", "apps")
WEB = ResourceRef("Deployment", "anchor-prod", "anchor-web", "apps")
POD = ResourceRef("Pod", "anchor-prod", "anchor-web-5d8f-x2")
WHERE = {"appNamespace": "argocd", "project": "anchor-msp"}

EVERY_STEP: tuple[Step, ...] = (
    Refresh(PROD, hard=True),
    Sync(
        PROD,
        "4f1c",
        "a" * 40,
        "a" * 40,
        prune=True,
        dry_run=True,
        resources=(MOCK, DEPLOYMENT),
        reason="why “not”",
        unless_synced=True,
    ),
    Terminate(PROD, "2026-11-23T06:31:52Z"),
    RunResourceAction(PROD, WEB, "v1", "1c", "scale", {"replicas": "3"}),
    DeleteResource(PROD, POD, "v1", "2d"),
    CreateBranch(REPO, "anchor-tui/promote/prod/1.43.2", "a" * 40),
    MoveBranch(REPO, "anchor-tui/promote/prod/1.43.2", "a" * 40, "b" * 40),
    CommitFiles(REPO, "b", "a" * 40, "Promote", "Anchor-Tui-Request: 4f1c", (FileChange("x.yaml", "c" * 40, "eA=="),)),
    CreatePullRequest(REPO, "b", "main", "Promote", "body\n"),
    AddLabels(REPO, ("promotion", "prod")),
    RequestReviewers(REPO, ("a.lee", "anchor/platform")),
    MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash", "auto-merge"),
    DispatchWorkflow(REPO, "promote.yaml", "main", {"from": "staging", "to": "prod"}),
    SendEvent({"event": "rollback.executed", "from": {"version": "1.44.0", "commit": None}, "applications": ["a/b"]}),
    WaitForRefresh(PROD),
    WaitForOperation(PROD, "4f1c", "a" * 40, dry_run=True, resources_to_prune=(MOCK,), approves=(DEPLOYMENT,)),
    WaitForTermination(PROD),
    WaitForHealth(PROD),
    WaitForWorkflowRun(REPO, "promote.yaml", "prod", "1.43.2"),
    WaitForMerge(REPO, 232),
    WaitForMergeable(REPO, 232, "d" * 40, ("release-contract",)),
    WaitForRollout(PROD, auto_sync=False),
    WaitForNoMocks(PROD),
    WaitForResource(PROD, WEB, "2d"),
)
