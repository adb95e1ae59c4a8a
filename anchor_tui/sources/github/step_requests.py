"""The requests to GitHub that carry out a step: REST, or a GraphQL mutation with its input. Pure functions."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    RequestReviewers,
)
from anchor_tui.sources.api_request import ApiRequest

GitHubStep: TypeAlias = (
    CreateBranch
    | MoveBranch
    | CommitFiles
    | CreatePullRequest
    | AddLabels
    | RequestReviewers
    | MergePullRequest
    | DispatchWorkflow
)


def build_github_request(step: GitHubStep) -> ApiRequest:
    """Return the request that carries out a step. `{number}` in its path is filled in when it is sent."""
    match step:
        case CreateBranch():
            body: dict[str, Any] = {"ref": f"refs/heads/{step.branch}", "sha": step.oid}
            return _rest_request("POST", f"{_repo_path(step)}/git/refs", body)
        case MoveBranch():
            # Forced: the branch belongs to anchor-tui by its name.
            path = f"{_repo_path(step)}/git/refs/heads/{quote(step.branch)}"
            return _rest_request("PATCH", path, {"sha": step.oid, "force": True})
        case CommitFiles():
            return _mutation_request("createCommitOnBranch", _commit_input(step))
        case CreatePullRequest():
            body = {"title": step.headline, "head": step.branch, "base": step.base, "body": step.body}
            return _rest_request("POST", f"{_repo_path(step)}/pulls", body)
        case AddLabels():
            # GitHub ignores a label that the pull request already has.
            return _rest_request("POST", f"{_repo_path(step)}/issues/{{number}}/labels", {"labels": list(step.labels)})
        case RequestReviewers():
            return _rest_request("POST", f"{_repo_path(step)}/pulls/{{number}}/requested_reviewers", _reviewers(step))
        case MergePullRequest():
            return _merge_request(step)
        case DispatchWorkflow():
            path = f"{_repo_path(step)}/actions/workflows/{quote(step.workflow)}/dispatches"
            return _rest_request("POST", path, {"ref": step.ref, "inputs": step.inputs, "return_run_details": True})


def _commit_input(step: CommitFiles) -> dict[str, Any]:
    """Return the input of the mutation; `expectedHeadOid` refuses a branch that has moved."""
    return {
        "branch": {"repositoryNameWithOwner": step.repository, "branchName": step.branch},
        "expectedHeadOid": step.parent,
        "message": {"headline": step.headline, "body": step.body},
        "fileChanges": {"additions": [{"path": file.path, "contents": file.content} for file in step.files]},
    }


def _reviewers(step: RequestReviewers) -> dict[str, list[str]]:
    """Return users and teams; `org/team` is a team."""
    users = [name for name in step.reviewers if "/" not in name]
    teams = [name.rpartition("/")[2] for name in step.reviewers if "/" in name]
    return {key: names for key, names in (("reviewers", users), ("team_reviewers", teams)) if names}


def _merge_request(step: MergePullRequest) -> ApiRequest:
    """Return a merge, `enablePullRequestAutoMerge` or `enqueuePullRequest`; each refuses a head that has moved."""
    if step.way == "merge":
        path = f"{_repo_path(step)}/pulls/{step.number or '{number}'}/merge"
        return _rest_request("PUT", path, {"sha": step.head_sha, "merge_method": step.method})
    given = {"pullRequestId": step.node_id, "expectedHeadOid": step.head_sha}
    if step.way == "queue":
        return _mutation_request("enqueuePullRequest", given)
    return _mutation_request("enablePullRequestAutoMerge", given | {"mergeMethod": step.method.upper()})


def _rest_request(method: Literal["POST", "PUT", "PATCH"], path: str, body: dict[str, Any]) -> ApiRequest:
    return ApiRequest("github", method, path, {}, body)


def _mutation_request(name: str, given: dict[str, Any]) -> ApiRequest:
    return ApiRequest("github", "POST", "/graphql", {}, {"mutation": name, "input": given})


def _repo_path(step: GitHubStep) -> str:
    return f"/repos/{step.repository}"
