"""The exact request of every step."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from anchor_tui.domain.actions.step_base import ApplicationRef, FileChange
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
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import (
    WaitForOperation,
)
from anchor_tui.domain.model import AppId
from anchor_tui.services.execute.step_requests import build_step_request
from anchor_tui.sources.api_request import ApiRequest
from anchor_tui.sources.argocd.step_requests import build_approval_request, build_argocd_request
from tests.argocd_recordings import load_recording
from tests.domain.actions.step_examples import DEPLOYMENT, EVERY_STEP, ODD, POD, PROD, REPO, WEB, WHERE

REQUESTS = {
    "refresh": (
        Refresh(PROD),
        ApiRequest("argocd", "GET", "/api/v1/applications/anchor-msp-prod", WHERE | {"refresh": "normal"}),
    ),
    "hard refresh": (
        Refresh(PROD, hard=True),
        ApiRequest("argocd", "GET", "/api/v1/applications/anchor-msp-prod", WHERE | {"refresh": "hard"}),
    ),
    "sync": (
        Sync(PROD, "4f1c", "a" * 40),
        ApiRequest(
            "argocd",
            "POST",
            "/api/v1/applications/anchor-msp-prod/sync",
            {},
            {"prune": False, "dryRun": False, "infos": [{"name": "anchor-tui request", "value": "4f1c"}], **WHERE},
        ),
    ),
    "sync with everything": (
        Sync(PROD, "4f1c", "a" * 40, "b" * 40, prune=True, dry_run=True, resources=(DEPLOYMENT,), reason="stale mock"),
        ApiRequest(
            "argocd",
            "POST",
            "/api/v1/applications/anchor-msp-prod/sync",
            {},
            {
                "prune": True,
                "dryRun": True,
                "infos": [
                    {"name": "Reason", "value": "stale mock"},
                    {"name": "anchor-tui request", "value": "4f1c"},
                ],
                "revision": "b" * 40,
                "resources": [
                    {"group": "apps", "kind": "Deployment", "namespace": "anchor-prod", "name": "status-mock"}
                ],
                **WHERE,
            },
        ),
    ),
    "terminate": (
        Terminate(PROD),
        ApiRequest("argocd", "DELETE", "/api/v1/applications/anchor-msp-prod/operation", WHERE),
    ),
    "resource action": (
        RunResourceAction(PROD, WEB, "v1", "1c", "restart", {}),
        ApiRequest(
            "argocd",
            "POST",
            "/api/v1/applications/anchor-msp-prod/resource/actions/v2",
            {},
            {
                "name": "anchor-msp-prod",
                **WHERE,
                "namespace": "anchor-prod",
                "resourceName": "anchor-web",
                "group": "apps",
                "version": "v1",
                "kind": "Deployment",
                "action": "restart",
            },
        ),
    ),
    "deletion of a pod": (
        DeleteResource(PROD, POD, "v1", "2d"),
        ApiRequest(
            "argocd",
            "DELETE",
            "/api/v1/applications/anchor-msp-prod/resource",
            {
                **WHERE,
                "namespace": "anchor-prod",
                "resourceName": "anchor-web-5d8f-x2",
                "group": "",
                "version": "v1",
                "kind": "Pod",
                "force": "false",
                "orphan": "false",
            },
        ),
    ),
    "create branch": (
        CreateBranch(REPO, "anchor-tui/x", "a" * 40),
        ApiRequest(
            "github", "POST", f"/repos/{REPO}/git/refs", {}, {"ref": "refs/heads/anchor-tui/x", "sha": "a" * 40}
        ),
    ),
    "move branch": (
        MoveBranch(REPO, "anchor-tui/x+y#z", "a" * 40, "b" * 40),
        ApiRequest(
            "github",
            "PATCH",
            f"/repos/{REPO}/git/refs/heads/anchor-tui/x%2By%23z",
            {},
            {"sha": "a" * 40, "force": True},
        ),
    ),
    "commit": (
        CommitFiles(
            REPO, "b", "a" * 40, "Promote", "Anchor-Tui-Request: 4f1c", (FileChange("x.yaml", "c" * 40, "eA=="),)
        ),
        ApiRequest(
            "github",
            "POST",
            "/graphql",
            {},
            {
                "mutation": "createCommitOnBranch",
                "input": {
                    "branch": {"repositoryNameWithOwner": REPO, "branchName": "b"},
                    "expectedHeadOid": "a" * 40,
                    "message": {"headline": "Promote", "body": "Anchor-Tui-Request: 4f1c"},
                    "fileChanges": {"additions": [{"path": "x.yaml", "contents": "eA=="}]},
                },
            },
        ),
    ),
    "pull request": (
        CreatePullRequest(REPO, "b", "main", "Promote", "body\n"),
        ApiRequest(
            "github",
            "POST",
            f"/repos/{REPO}/pulls",
            {},
            {"title": "Promote", "head": "b", "base": "main", "body": "body\n"},
        ),
    ),
    "labels": (
        AddLabels(REPO, ("promotion",)),
        ApiRequest("github", "POST", f"/repos/{REPO}/issues/{{number}}/labels", {}, {"labels": ["promotion"]}),
    ),
    "reviewers and teams": (
        RequestReviewers(REPO, ("a.lee", "anchor/platform")),
        ApiRequest(
            "github",
            "POST",
            f"/repos/{REPO}/pulls/{{number}}/requested_reviewers",
            {},
            {"reviewers": ["a.lee"], "team_reviewers": ["platform"]},
        ),
    ),
    "teams alone": (
        RequestReviewers(REPO, ("anchor/platform",)),
        ApiRequest(
            "github",
            "POST",
            f"/repos/{REPO}/pulls/{{number}}/requested_reviewers",
            {},
            {"team_reviewers": ["platform"]},
        ),
    ),
    "merge": (
        MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash"),
        ApiRequest("github", "PUT", f"/repos/{REPO}/pulls/232/merge", {}, {"sha": "d" * 40, "merge_method": "squash"}),
    ),
    "merge of one that is still to be opened": (
        MergePullRequest(REPO, None, "", "d" * 40, "rebase"),
        ApiRequest(
            "github", "PUT", f"/repos/{REPO}/pulls/{{number}}/merge", {}, {"sha": "d" * 40, "merge_method": "rebase"}
        ),
    ),
    "auto-merge": (
        MergePullRequest(REPO, 232, "PR_1", "d" * 40, "rebase", "auto-merge"),
        ApiRequest(
            "github",
            "POST",
            "/graphql",
            {},
            {
                "mutation": "enablePullRequestAutoMerge",
                "input": {"pullRequestId": "PR_1", "expectedHeadOid": "d" * 40, "mergeMethod": "REBASE"},
            },
        ),
    ),
    "queue": (
        MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash", "queue"),
        ApiRequest(
            "github",
            "POST",
            "/graphql",
            {},
            {"mutation": "enqueuePullRequest", "input": {"pullRequestId": "PR_1", "expectedHeadOid": "d" * 40}},
        ),
    ),
    "workflow": (
        DispatchWorkflow(REPO, "promote it.yaml", "main", {"from": "staging", "to": "prod"}),
        ApiRequest(
            "github",
            "POST",
            f"/repos/{REPO}/actions/workflows/promote%20it.yaml/dispatches",
            {},
            {"ref": "main", "inputs": {"from": "staging", "to": "prod"}, "return_run_details": True},
        ),
    ),
    "event": (
        SendEvent({"event": "rollback.executed"}),
        ApiRequest("status-api", "POST", "", {}, {"event": "rollback.executed"}),
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_step_sends_exactly_this_request(name):
    step, request = REQUESTS[name]
    assert build_step_request(step) == request


@pytest.mark.parametrize("step", [Refresh(ODD), Sync(ODD, "1"), Terminate(ODD)], ids=lambda step: step.title)
def test_a_name_with_odd_characters_is_one_path_segment(step):
    request = build_step_request(step)
    assert request is not None
    assert request.path.startswith("/api/v1/applications/a%2Fb%3Fc%23d%20%25e")
    where = request.body if request.method == "POST" else request.query
    assert {name: where[name] for name in ("appNamespace", "project")} == {"appNamespace": "team a", "project": "p&q"}


def test_an_unknown_project_is_not_sent():
    request = build_argocd_request(Sync(ApplicationRef(AppId("argocd", "argocd", "x")), "1"))
    assert request.body is not None
    assert "project" not in request.body
    assert request.body["appNamespace"] == "argocd"


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: type(step).__name__)
def test_sync_options_are_never_sent(step):
    """Sync options would replace the application's own, with its `Prune=false`."""
    assert "syncOptions" not in msgspec.json.encode(build_step_request(step)).decode()


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: type(step).__name__)
def test_exactly_the_steps_that_write_have_a_request(step):
    assert (build_step_request(step) is not None) == step.writes


def test_an_approval_is_one_annotation_with_the_time():
    request = build_approval_request(WaitForOperation(PROD, "4f1c"), datetime(2026, 11, 23, 7, 43, 11, tzinfo=UTC))
    assert (request.method, request.path) == ("PATCH", "/api/v1/applications/anchor-msp-prod")
    assert request.body == {
        "patch": '{"metadata":{"annotations":{"argocd.argoproj.io/deletion-approved":"2026-11-23T07:43:11Z"}}}',
        "patchType": "merge",
        **WHERE,
    }


def test_a_resource_action_is_sent_as_recorded():
    recorded = load_recording("resource-action-run").raw["request"]
    request = build_argocd_request(RunResourceAction(PROD, WEB, "v1", "1c", "restart", {}))
    assert (request.method, request.path) == (recorded["method"], recorded["path"])
    assert request.body == {**recorded["body"], "name": "anchor-msp-prod", "appNamespace": "argocd"}


def test_the_values_of_a_resource_action_are_in_its_body():
    request = build_argocd_request(RunResourceAction(PROD, WEB, "v1", "1c", "scale", {"replicas": "3"}))
    assert request.body is not None
    assert request.body["resourceActionParameters"] == [{"name": "replicas", "value": "3"}]
