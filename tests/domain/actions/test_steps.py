"""What the steps send: exact requests, and steps that come back from the audit as they went in."""

from __future__ import annotations

import typing

import msgspec
import pytest

from anchor_tui.domain.actions.step_base import ApiRequest, ApplicationRef, FileChange, ResourceRef
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    Refresh,
    RequestReviewers,
    SendEvent,
    Step,
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForMerge,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
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
WHERE = {"appNamespace": "argocd", "project": "anchor-msp"}

EVERY: tuple[Step, ...] = (
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
    WaitForRollout(PROD, auto_sync=False),
    WaitForNoMocks(PROD),
)


def test_every_kind_of_step_is_tried_here():
    assert [type(each) for each in EVERY] == list(typing.get_args(Step))


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_a_step_comes_back_from_json_as_it_went_in(step):
    assert msgspec.json.decode(msgspec.json.encode(step), type=Step) == step


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_a_step_has_a_title_and_a_request_where_it_writes_and_none_where_it_only_looks(step):
    assert step.title
    assert (step.request is not None) == step.writes
    assert step.writes != type(step).__name__.startswith("WaitFor")


def test_every_tag_is_used_once():
    tags = [each.__struct_config__.tag for each in typing.get_args(Step)]
    assert len(set(tags)) == len(tags)


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
def test_a_request_is_exactly_this(name):
    step, request = REQUESTS[name]
    assert step.request == request


@pytest.mark.parametrize("step", [Refresh(ODD), Sync(ODD, "1"), Terminate(ODD)], ids=lambda step: step.title)
def test_a_name_with_odd_characters_stays_one_part_of_the_path(step):
    request = step.request
    assert request.path.startswith("/api/v1/applications/a%2Fb%3Fc%23d%20%25e")
    where = request.body if request.method == "POST" else request.query
    assert {name: where[name] for name in ("appNamespace", "project")} == {"appNamespace": "team a", "project": "p&q"}


def test_a_project_that_is_not_known_is_not_sent_as_an_empty_one():
    request = Sync(ApplicationRef(AppId("argocd", "argocd", "x")), "1").request
    assert request.body is not None
    assert "project" not in request.body
    assert request.body["appNamespace"] == "argocd"


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_sync_options_are_never_sent(step):
    """They would replace the application's own, and its Prune=false with them."""
    assert "syncOptions" not in msgspec.json.encode(step.request).decode()


def test_what_confirms_a_deletion_is_one_annotation_with_the_time_to_be_filled_in():
    request = WaitForOperation(PROD, "4f1c").approval
    assert (request.method, request.path) == ("PATCH", "/api/v1/applications/anchor-msp-prod")
    assert request.body == {
        "patch": '{"metadata":{"annotations":{"argocd.argoproj.io/deletion-approved":"{now}"}}}',
        "patchType": "merge",
        **WHERE,
    }


@pytest.mark.parametrize(
    ("step", "title"),
    [
        (Sync(PROD, "1"), "sync anchor-msp-prod"),
        (
            Sync(PROD, "1", prune=True, dry_run=True, resources=(MOCK,)),
            "sync anchor-msp-prod (dry run, with prune, 1 resource)",
        ),
        (WaitForOperation(PROD, "1", resources_to_prune=(MOCK, DEPLOYMENT)), "operation over, 2 resources gone"),
        (WaitForOperation(PROD, "1", dry_run=True, resources_to_prune=(MOCK,)), "operation over"),
        (MergePullRequest(REPO, None, "", "", "squash"), "merge it (squash)"),
        (MergePullRequest(REPO, 7, "", "", "squash", "queue"), "put #7 into the merge queue"),
        (WaitForMerge(REPO), "pull request merged"),
        (WaitForRollout(PROD, auto_sync=False), "anchor-msp-prod compared with the merged commit"),
    ],
)
def test_a_title_says_what_is_particular(step, title):
    assert step.title == title
