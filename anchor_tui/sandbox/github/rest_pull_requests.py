"""GitHub's REST endpoints for one pull request: opening, changing, reviewing and merging it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from anchor_tui.sandbox.github import merge_rules, writes
from anchor_tui.sandbox.github.api import Endpoint, EndpointResponse, RestError
from anchor_tui.sandbox.github.pull_request_serializers import (
    serialize_files,
    serialize_full_pull_request,
    serialize_issue,
    serialize_label,
    serialize_review,
    serialize_reviewers,
)
from anchor_tui.sandbox.github.pull_requests import HostedPullRequest, MergeMethod
from anchor_tui.sandbox.github.rest_support import (
    REPOSITORY_PATHS,
    RestCall,
    RestHandler,
    build_endpoint,
    respond_with_page,
)

if TYPE_CHECKING:
    from anchor_tui.sandbox.github.api import GitHubServer

MERGE_METHODS: dict[str, MergeMethod] = {"merge": "MERGE", "squash": "SQUASH", "rebase": "REBASE"}


def list_routes(github: GitHubServer) -> Iterator[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of each."""
    writes, one = "pull_requests", "/pulls/{number:int}"
    known: tuple[tuple[str, str, RestHandler, str], ...] = (
        ("POST", "/pulls", create_pull_request, writes),
        ("GET", one, get_pull_request, ""),
        ("PATCH", one, update_pull_request, writes),
        ("GET", one + "/files", list_files, ""),
        ("GET", one + "/merge", get_merged, ""),
        ("PUT", one + "/merge", merge_pull_request, "contents"),
        ("PUT", one + "/update-branch", update_branch, writes),
        ("GET", one + "/reviews", list_reviews, ""),
        ("POST", one + "/reviews", create_review, writes),
        ("GET", one + "/requested_reviewers", list_reviewers, ""),
        ("POST", one + "/requested_reviewers", request_reviewers, writes),
        ("GET", "/issues/{number:int}", get_issue, ""),
        ("GET", "/issues/{number:int}/labels", list_labels, ""),
        ("POST", "/issues/{number:int}/labels", add_labels, writes),
    )
    for path in REPOSITORY_PATHS:
        for method, rest, work, permission in known:
            yield method, path + rest, build_endpoint(github, work, permission)


def _find_pull_request(call: RestCall) -> HostedPullRequest:
    found = call.hosted.pull_requests.get(call.request.path_params["number"])
    if found is None:
        raise RestError(404, "Not Found")
    return found


def _respond_with_pull_request(call: RestCall, pull: HostedPullRequest, status: int = 200) -> EndpointResponse:
    return EndpointResponse(serialize_full_pull_request(pull, call.api_url, call.hosted, call.now), status)


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


def get_pull_request(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}."""
    return _respond_with_pull_request(call, _find_pull_request(call))


def update_pull_request(call: RestCall) -> EndpointResponse:
    """PATCH /repos/{owner}/{repo}/pulls/{pull_number}: title, body and state."""
    pull, given = _find_pull_request(call), call.body
    match given.get("state"):
        case "closed":
            writes.close_pull_request(pull, call.now)
        case "open":
            writes.reopen_pull_request(call.hosted, pull, call.now)
    pull.title = given.get("title") or pull.title
    pull.body = (given["body"] or "") if "body" in given else pull.body
    pull.updated_at = call.now
    return _respond_with_pull_request(call, pull)


def list_files(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/files."""
    return respond_with_page(call.request, serialize_files(call.hosted, _find_pull_request(call)))


def get_merged(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/merge: 204 if it is merged."""
    if _find_pull_request(call).state != "MERGED":
        raise RestError(404, "Not Found")
    return EndpointResponse(None, 204)


def merge_pull_request(call: RestCall) -> EndpointResponse:
    """PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge."""
    given = call.body
    method = MERGE_METHODS.get(given.get("merge_method") or "merge")
    if method is None:
        raise RestError(422, "Invalid request.\n\nmerge_method is not one of merge, squash, rebase.")
    sha = merge_rules.merge_pull_request(
        call.hosted,
        _find_pull_request(call),
        by=call.viewer,
        time=call.now,
        method=method,
        expected=given.get("sha"),
        title=given.get("commit_title"),
        message=given.get("commit_message"),
    )
    return EndpointResponse({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def update_branch(call: RestCall) -> EndpointResponse:
    """PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch."""
    pull = _find_pull_request(call)
    expected = call.body.get("expected_head_sha")
    if expected and expected != pull.head:
        raise RestError(422, "expected head sha didn't match current head ref.")
    merge_rules.update_branch_from_base(call.hosted, pull, by=call.viewer, time=call.now)
    return EndpointResponse(
        {"message": "Updating pull request branch.", "url": f"{call.repository_url}/pulls/{pull.number}"}, 202
    )


def list_reviews(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews."""
    pull = _find_pull_request(call)
    rows = [
        serialize_review(each, number, pull, call.api_url, call.hosted)
        for number, each in enumerate(pull.reviews, start=1)
    ]
    return respond_with_page(call.request, rows)


def create_review(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews."""
    pull = _find_pull_request(call)
    event, body = str(call.body.get("event") or ""), str(call.body.get("body") or "")
    given = writes.submit_review(pull, event, call.viewer, call.now, body)
    return EndpointResponse(serialize_review(given, len(pull.reviews), pull, call.api_url, call.hosted))


def list_reviewers(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers."""
    pull = _find_pull_request(call)
    return EndpointResponse(serialize_reviewers(pull.reviewers, pull.teams, call.api_url))


def request_reviewers(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers."""
    pull = _find_pull_request(call)
    users, teams = (_require_names(call.body.get(key) or []) for key in ("reviewers", "team_reviewers"))
    writes.request_reviews(call.hosted, pull, users, teams, call.now)
    return _respond_with_pull_request(call, pull, 201)


def get_issue(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/issues/{issue_number}."""
    return EndpointResponse(serialize_issue(_find_pull_request(call), call.api_url, call.hosted))


def list_labels(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/issues/{issue_number}/labels."""
    return EndpointResponse(
        [serialize_label(name, call.api_url, call.hosted) for name in _find_pull_request(call).labels]
    )


def add_labels(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/issues/{issue_number}/labels: a list of names, alone or under `labels`."""
    pull = _find_pull_request(call)
    given = call.body.get("labels", call.body.get("")) or []
    writes.add_labels(
        pull, _require_names([each["name"] if isinstance(each, dict) else each for each in given]), call.now
    )
    return list_labels(call)


def _require_names(given: list[Any]) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise RestError(422, "Invalid request.\n\nNames are strings.")
    return tuple(given)
