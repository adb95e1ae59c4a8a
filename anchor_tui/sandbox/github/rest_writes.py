"""GitHub's REST endpoints that create and move refs, and those that open, change and merge pull requests."""

from __future__ import annotations

from typing import Any

from anchor_tui.sandbox.github import merge_rules, writes
from anchor_tui.sandbox.github.pull_request_serializers import (
    serialize_full_pull_request,
    serialize_label,
    serialize_ref,
)
from anchor_tui.sandbox.github.pull_requests import HostedPullRequest, MergeMethod
from anchor_tui.sandbox.github.responses import EndpointResponse, RestError
from anchor_tui.sandbox.github.rest_support import RestCall, RestRoute

MERGE_METHODS: dict[str, MergeMethod] = {"merge": "MERGE", "squash": "SQUASH", "rebase": "REBASE"}


# --- refs ------------------------------------------------------------------------------------------------


def create_ref(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/git/refs."""
    ref, sha = str(call.require_field("ref")), str(call.require_field("sha"))
    if not ref.startswith("refs/") or ref.count("/") < 2:
        raise RestError(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    if ref.removeprefix(writes.BRANCH_PREFIX) in call.hosted.git.branches:
        raise RestError(422, "Reference already exists")
    name = writes.create_branch(call.hosted, ref, sha, call.now)
    document = serialize_ref(call.hosted, name, call.api_url)
    return EndpointResponse(document, 201, {"location": document["url"]})


def update_ref(call: RestCall) -> EndpointResponse:
    """PATCH /repos/{owner}/{repo}/git/refs/heads/{branch}."""
    name, sha = call.get_path_part("ref").removeprefix("heads/"), str(call.require_field("sha"))
    writes.update_branch(call.hosted, name, sha, call.now, force=bool(call.body.get("force")))
    return EndpointResponse(serialize_ref(call.hosted, name, call.api_url))


# --- pull requests ---------------------------------------------------------------------------------------


def _find_pull_request(call: RestCall) -> HostedPullRequest:
    pull = call.hosted.pull_requests.get(call.request.path_params["number"])
    if pull is None:
        raise RestError(404, "Not Found")
    return pull


def _respond_with_pull_request(call: RestCall, pull: HostedPullRequest, status: int = 200) -> EndpointResponse:
    return EndpointResponse(serialize_full_pull_request(pull, call.api_url, call.hosted, call.now), status)


def get_pull_request(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}."""
    return _respond_with_pull_request(call, _find_pull_request(call))


def create_pull_request(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/pulls."""
    pull = writes.open_pull_request(
        call.hosted,
        title=str(call.body.get("title") or ""),
        head=str(call.require_field("head")),
        base=str(call.require_field("base")),
        body=call.body.get("body") or "",
        draft=bool(call.body.get("draft")),
        author=call.viewer,
        time=call.now,
    )
    return _respond_with_pull_request(call, pull, 201)


def merge_pull_request(call: RestCall) -> EndpointResponse:
    """PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge."""
    method = MERGE_METHODS.get(call.body.get("merge_method") or "merge")
    if method is None:
        raise RestError(422, "Invalid request.\n\nmerge_method is not one of merge, squash, rebase.")
    sha = merge_rules.merge_pull_request(
        call.hosted,
        _find_pull_request(call),
        by=call.viewer,
        time=call.now,
        method=method,
        expected=call.body.get("sha"),
        title=call.body.get("commit_title"),
        message=call.body.get("commit_message"),
    )
    return EndpointResponse({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def request_reviewers(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers."""
    pull = _find_pull_request(call)
    users, teams = (_require_names(call.body.get(key) or []) for key in ("reviewers", "team_reviewers"))
    writes.request_reviews(call.hosted, pull, users, teams, call.now)
    return _respond_with_pull_request(call, pull, 201)


def add_labels(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/issues/{issue_number}/labels: a list of names, alone or under `labels`."""
    pull = _find_pull_request(call)
    labels = call.body.get("labels", call.body.get("")) or []
    names = _require_names([label["name"] if isinstance(label, dict) else label for label in labels])
    writes.add_labels(pull, names, call.now)
    return EndpointResponse([serialize_label(name, call.api_url, call.hosted) for name in pull.labels])


def _require_names(names: list[Any]) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RestError(422, "Invalid request.\n\nNames are strings.")
    return tuple(names)


ROUTES = (
    RestRoute("POST", "/git/refs", create_ref, "contents"),
    RestRoute("PATCH", "/git/refs/{ref:path}", update_ref, "contents"),
    RestRoute("GET", "/pulls/{number:int}", get_pull_request),
    RestRoute("POST", "/pulls", create_pull_request, "pull_requests"),
    RestRoute("PUT", "/pulls/{number:int}/merge", merge_pull_request, "contents"),
    RestRoute("POST", "/pulls/{number:int}/requested_reviewers", request_reviewers, "pull_requests"),
    RestRoute("POST", "/issues/{number:int}/labels", add_labels, "pull_requests"),
)
