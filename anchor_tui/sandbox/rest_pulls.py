"""GitHub's REST endpoints for one pull request: opening, changing, reviewing and merging it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from anchor_tui.sandbox import landing, writing
from anchor_tui.sandbox.github import Answer, Endpoint, Refused
from anchor_tui.sandbox.pull_documents import (
    file_documents,
    issue_document,
    label_document,
    review_document,
    reviewer_documents,
    whole_pull_document,
)
from anchor_tui.sandbox.pulls import MergeMethod, PullRequest
from anchor_tui.sandbox.rest_base import REPOSITORY_PATHS, Call, Work, endpoint, page_of

if TYPE_CHECKING:
    from anchor_tui.sandbox.github import GitHub

METHODS: dict[str, MergeMethod] = {"merge": "MERGE", "squash": "SQUASH", "rebase": "REBASE"}


def routes(github: GitHub) -> Iterator[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of each."""
    writes, one = "pull_requests", "/pulls/{number:int}"
    known: tuple[tuple[str, str, Work, str], ...] = (
        ("POST", "/pulls", create, writes),
        ("GET", one, show, ""),
        ("PATCH", one, update, writes),
        ("GET", one + "/files", files, ""),
        ("GET", one + "/merge", is_merged, ""),
        ("PUT", one + "/merge", merge, "contents"),
        ("PUT", one + "/update-branch", update_branch, writes),
        ("GET", one + "/reviews", reviews, ""),
        ("POST", one + "/reviews", review, writes),
        ("GET", one + "/requested_reviewers", reviewers, ""),
        ("POST", one + "/requested_reviewers", request_reviewers, writes),
        ("GET", "/issues/{number:int}", issue, ""),
        ("GET", "/issues/{number:int}/labels", labels, ""),
        ("POST", "/issues/{number:int}/labels", add_labels, writes),
    )
    for path in REPOSITORY_PATHS:
        for method, rest, work, permission in known:
            yield method, path + rest, endpoint(github, work, permission)


def _pull(call: Call) -> PullRequest:
    found = call.hosted.pulls.get(call.request.path_params["number"])
    if found is None:
        raise Refused(404, "Not Found")
    return found


def _whole(call: Call, pull: PullRequest, status: int = 200) -> Answer:
    return Answer(whole_pull_document(pull, call.base, call.hosted, call.now), status)


def create(call: Call) -> Answer:
    """POST /repos/{owner}/{repo}/pulls."""
    pull = writing.open_pull(
        call.hosted,
        title=str(call.body.get("title") or ""),
        head=str(call.needed("head")),
        base=str(call.needed("base")),
        body=call.body.get("body") or "",
        draft=bool(call.body.get("draft")),
        author=call.viewer,
        time=call.now,
    )
    return _whole(call, pull, 201)


def show(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}."""
    return _whole(call, _pull(call))


def update(call: Call) -> Answer:
    """PATCH /repos/{owner}/{repo}/pulls/{pull_number}: title, body and state."""
    pull, given = _pull(call), call.body
    match given.get("state"):
        case "closed":
            writing.close(pull, call.now)
        case "open":
            writing.reopen(call.hosted, pull, call.now)
    pull.title = given.get("title") or pull.title
    pull.body = (given["body"] or "") if "body" in given else pull.body
    pull.updated_at = call.now
    return _whole(call, pull)


def files(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/files."""
    return page_of(call.request, file_documents(call.hosted, _pull(call)))


def is_merged(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/merge: 204 if it is merged."""
    if _pull(call).state != "MERGED":
        raise Refused(404, "Not Found")
    return Answer(None, 204)


def merge(call: Call) -> Answer:
    """PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge."""
    given = call.body
    method = METHODS.get(given.get("merge_method") or "merge")
    if method is None:
        raise Refused(422, "Invalid request.\n\nmerge_method is not one of merge, squash, rebase.")
    sha = landing.merge(
        call.hosted,
        _pull(call),
        by=call.viewer,
        time=call.now,
        method=method,
        expected=given.get("sha"),
        title=given.get("commit_title"),
        message=given.get("commit_message"),
    )
    return Answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def update_branch(call: Call) -> Answer:
    """PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch."""
    pull = _pull(call)
    expected = call.body.get("expected_head_sha")
    if expected and expected != pull.head:
        raise Refused(422, "expected head sha didn't match current head ref.")
    landing.update_from_base(call.hosted, pull, by=call.viewer, time=call.now)
    return Answer({"message": "Updating pull request branch.", "url": f"{call.url}/pulls/{pull.number}"}, 202)


def reviews(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews."""
    pull = _pull(call)
    rows = [
        review_document(each, number, pull, call.base, call.hosted) for number, each in enumerate(pull.reviews, start=1)
    ]
    return page_of(call.request, rows)


def review(call: Call) -> Answer:
    """POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews."""
    pull = _pull(call)
    event, body = str(call.body.get("event") or ""), str(call.body.get("body") or "")
    given = writing.review(pull, event, call.viewer, call.now, body)
    return Answer(review_document(given, len(pull.reviews), pull, call.base, call.hosted))


def reviewers(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers."""
    pull = _pull(call)
    return Answer(reviewer_documents(pull.reviewers, pull.teams, call.base))


def request_reviewers(call: Call) -> Answer:
    """POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers."""
    pull = _pull(call)
    users, teams = (_names(call.body.get(key) or []) for key in ("reviewers", "team_reviewers"))
    writing.request_reviews(call.hosted, pull, users, teams, call.now)
    return _whole(call, pull, 201)


def issue(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/issues/{issue_number}."""
    return Answer(issue_document(_pull(call), call.base, call.hosted))


def labels(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/issues/{issue_number}/labels."""
    return Answer([label_document(name, call.base, call.hosted) for name in _pull(call).labels])


def add_labels(call: Call) -> Answer:
    """POST /repos/{owner}/{repo}/issues/{issue_number}/labels: a list of names, alone or under `labels`."""
    pull = _pull(call)
    given = call.body.get("labels", call.body.get("")) or []
    writing.label(pull, _names([each["name"] if isinstance(each, dict) else each for each in given]), call.now)
    return labels(call)


def _names(given: list[Any]) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise Refused(422, "Invalid request.\n\nNames are strings.")
    return tuple(given)
