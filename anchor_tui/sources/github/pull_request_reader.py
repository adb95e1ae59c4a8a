"""Reads one pull request for the operator: its details, the patches of its files, and the log of a failed job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from anchor_tui.domain.inspection.pull_request_details import (
    CheckDetail,
    FilePatch,
    JobLogTail,
    PullRequestCommit,
    PullRequestDetails,
    PullRequestReview,
    ReviewComment,
    ReviewThread,
)
from anchor_tui.domain.text_lines import split_lines
from anchor_tui.sources.errors import Forbidden, NotFound, SourceError
from anchor_tui.sources.github.check_results import check_state, newest_checks
from anchor_tui.sources.github.inspection_queries import PULL_REQUEST_CHECKS_QUERY, PULL_REQUEST_DETAILS_QUERY
from anchor_tui.sources.github.response import GraphQLError
from anchor_tui.sources.github.schema import (
    CheckContext,
    CheckRollup,
    CommitAuthor,
    LabelNodes,
    UserNode,
    UtcTime,
    convert_json,
)
from anchor_tui.sources.json_body import to_utc

if TYPE_CHECKING:
    from datetime import datetime

    from anchor_tui.sources.github.client import GitHubClient

FILES_PER_PAGE = 100
MAX_FILE_PAGES = 3
MAX_CHECK_PAGES = 10
"""Pages of 100 check runs. Each further one costs a point of GitHub's hourly budget."""
MAX_PATCH_LENGTH = 200_000
"""Characters of the patch of one file."""
MAX_PATCHES_LENGTH = 2_000_000
"""Characters of all patches of a pull request."""
MAX_LOG_BYTES = 32 * 1024 * 1024
"""A log is read from its beginning. Of a longer one the end is not read."""
MAX_LOG_TAIL_BYTES = 64 * 1024
MAX_LOG_LINES = 300
_JOB_URL = re.compile(r"/actions/runs/\d+/job/(\d+)")
_ACTIONS_APP = "github-actions"
_LOG_TIME = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class _DetailedReview(msgspec.Struct, rename="camel"):
    author: UserNode | None = None
    state: str = ""
    submitted_at: UtcTime | None = None


class _DetailedReviews(msgspec.Struct):
    nodes: list[_DetailedReview | None] | None = None


class _Reviewer(msgspec.Struct):
    login: str | None = None
    slug: str | None = None


class _RequestedReview(msgspec.Struct, rename="camel"):
    requested_reviewer: _Reviewer | None = None


class _RequestedReviews(msgspec.Struct):
    nodes: list[_RequestedReview | None] | None = None


class _CommitNode(msgspec.Struct, rename="camel"):
    oid: str
    message_headline: str = ""
    committed_date: UtcTime | None = None
    author: CommitAuthor | None = None


class _PullRequestCommitNode(msgspec.Struct):
    commit: _CommitNode | None = None


class _PullRequestCommits(msgspec.Struct, rename="camel"):
    total_count: int = 0
    nodes: list[_PullRequestCommitNode | None] | None = None


class _Comment(msgspec.Struct, rename="camel"):
    author: UserNode | None = None
    body: str = ""
    created_at: UtcTime | None = None
    url: str = ""


class _Comments(msgspec.Struct, rename="camel"):
    total_count: int = 0
    nodes: list[_Comment | None] | None = None


class _Thread(msgspec.Struct, rename="camel"):
    path: str = ""
    line: int | None = None
    original_line: int | None = None
    is_resolved: bool = False
    is_outdated: bool = False
    comments: _Comments | None = None


class _Threads(msgspec.Struct, rename="camel"):
    total_count: int = 0
    nodes: list[_Thread | None] | None = None


class _QueueEntry(msgspec.Struct):
    position: int = 0


class _PullRequestDetails(msgspec.Struct, rename="camel"):
    number: int
    title: str
    url: str
    body: str = ""
    state: str = "OPEN"
    is_draft: bool = False
    is_cross_repository: bool = True
    created_at: UtcTime | None = None
    updated_at: UtcTime | None = None
    closed_at: UtcTime | None = None
    merged_at: UtcTime | None = None
    merged_by: UserNode | None = None
    author: UserNode | None = None
    base_ref_name: str = ""
    head_ref_name: str = ""
    head_ref_oid: str = ""
    mergeable: str | None = None
    merge_state_status: str | None = None
    review_decision: str | None = None
    additions: int = 0
    deletions: int = 0
    changed_files: int = 0
    auto_merge_request: dict[str, Any] | None = None
    merge_queue_entry: _QueueEntry | None = None
    labels: LabelNodes | None = None
    review_requests: _RequestedReviews | None = None
    reviews: _DetailedReviews | None = None
    review_threads: _Threads | None = None
    commits: _PullRequestCommits | None = None
    status_check_rollup: CheckRollup | None = None


class _DetailsRepository(msgspec.Struct, rename="camel"):
    pull_request: _PullRequestDetails | None = None


class _DetailsResponse(msgspec.Struct):
    repository: _DetailsRepository | None = None


class _CheckedPullRequest(msgspec.Struct, rename="camel"):
    head_ref_oid: str = ""
    status_check_rollup: CheckRollup | None = None


class _ChecksRepository(msgspec.Struct, rename="camel"):
    pull_request: _CheckedPullRequest | None = None


class _ChecksResponse(msgspec.Struct):
    repository: _ChecksRepository | None = None


class _PatchedFile(msgspec.Struct):
    """`GET /repos/{owner}/{repo}/pulls/{number}/files`: one changed file."""

    filename: str
    status: str = ""
    additions: int = 0
    deletions: int = 0
    patch: str | None = None
    previous_filename: str | None = None


async def read_pull_request_details(client: GitHubClient, repository: str, number: int) -> PullRequestDetails:
    """Read a pull request in any state. Raises SourceError; NotFound for an unknown number."""
    owner, _, name = repository.partition("/")
    response = await client.query(PULL_REQUEST_DETAILS_QUERY, {"owner": owner, "name": name, "number": number})
    found = convert_json(response.data, _DetailsResponse).repository
    if found is None:
        raise NotFound(f"{repository}: not found, or the token may not see it")
    if found.pull_request is None:
        if denial := next((error for error in response.errors if error.type == "FORBIDDEN"), None):
            raise Forbidden(f"{repository}#{number}: {denial.message}")
        raise NotFound(f"{repository} does not have a pull request #{number}")
    runs = await _read_check_runs(client, repository, found.pull_request)
    return _to_details(found.pull_request, runs, response.errors)


async def _read_check_runs(
    client: GitHubClient, repository: str, pull: _PullRequestDetails
) -> tuple[CheckContext | None, ...]:
    """Return the check runs of every page, MAX_CHECK_PAGES at most.

    A page that cannot be read, or that belongs to a newer head, is missing: `checks_omitted` counts its runs.
    """
    contexts = pull.status_check_rollup.contexts if pull.status_check_rollup else None
    if contexts is None:
        return ()
    owner, _, name = repository.partition("/")
    runs, page = list(contexts.nodes), contexts.page_info
    for _ in range(MAX_CHECK_PAGES - 1):
        if not page.has_next_page or not page.end_cursor:
            break
        variables = {"owner": owner, "name": name, "number": pull.number, "after": page.end_cursor}
        try:
            response = await client.query(PULL_REQUEST_CHECKS_QUERY, variables)
            answer = convert_json(response.data, _ChecksResponse).repository
        except SourceError:
            break
        found = answer.pull_request if answer else None
        further = found.status_check_rollup.contexts if found and found.status_check_rollup else None
        if found is None or further is None or found.head_ref_oid != pull.head_ref_oid:
            break
        runs += further.nodes
        page = further.page_info
    return tuple(runs)


async def read_pull_request_patches(
    client: GitHubClient, repository: str, number: int
) -> tuple[tuple[FilePatch, ...], bool]:
    """Return the changed files, and whether these are all of them. Raises SourceError."""
    files: list[FilePatch] = []
    room = MAX_PATCHES_LENGTH
    for page in range(1, MAX_FILE_PAGES + 1):
        parameters = {"per_page": FILES_PER_PAGE, "page": page}
        answer = await client.get_json(f"/repos/{repository}/pulls/{number}/files", parameters)
        found = convert_json(answer.get("items", []), list[_PatchedFile])
        for file in found:
            patch = _to_patch(file, min(room, MAX_PATCH_LENGTH))
            room -= len(patch.patch or "")
            files.append(patch)
        if len(found) < FILES_PER_PAGE:
            return tuple(files), True
    return tuple(files), False


async def read_job_log(client: GitHubClient, repository: str, job_id: int) -> JobLogTail:
    """Read the last lines of a job of GitHub Actions. Raises SourceError."""
    path = f"/repos/{repository}/actions/jobs/{job_id}/logs"
    tail = await client.download_tail(path, max_bytes=MAX_LOG_BYTES, tail_bytes=MAX_LOG_TAIL_BYTES)
    lines = split_lines(tail.content.decode(errors="replace"))
    if tail.is_cut and len(lines) > 1:
        del lines[0]  # its beginning is missing
    shown = [_LOG_TIME.sub("", _COLOUR.sub("", line)) for line in lines[-MAX_LOG_LINES:]]
    is_cut = tail.is_cut or len(lines) > MAX_LOG_LINES
    return JobLogTail(job_id, tuple(shown), is_cut, tail.is_unfinished)


def _to_patch(file: _PatchedFile, room: int) -> FilePatch:
    patch, is_cut = file.patch, False
    if patch is not None and len(patch) > room:
        patch, is_cut = patch[:room].rpartition("\n")[0], True
    return FilePatch(
        file.filename, file.status, file.additions, file.deletions, patch, file.previous_filename or "", is_cut
    )


def _to_details(
    node: _PullRequestDetails, runs: Sequence[CheckContext | None], errors: Iterable[GraphQLError]
) -> PullRequestDetails:
    labels = (node.labels.nodes if node.labels else None) or ()
    reviews = (node.reviews.nodes if node.reviews else None) or ()
    requests = (node.review_requests.nodes if node.review_requests else None) or ()
    reviewers = [request.requested_reviewer for request in requests if request and request.requested_reviewer]
    commits = (node.commits.nodes if node.commits else None) or ()
    contexts = node.status_check_rollup.contexts if node.status_check_rollup else None
    threads = [
        _to_thread(found) for found in (node.review_threads.nodes if node.review_threads else None) or () if found
    ]
    return PullRequestDetails(
        number=node.number,
        title=node.title,
        url=node.url,
        body=node.body,
        state=node.state.lower(),
        draft=node.is_draft,
        author=node.author.login if node.author else None,
        base=node.base_ref_name,
        branch=node.head_ref_name,
        head_sha=node.head_ref_oid,
        from_fork=node.is_cross_repository,
        labels=tuple(label.name for label in labels if label),
        created_at=_to_time(node.created_at),
        updated_at=_to_time(node.updated_at),
        closed_at=_to_time(node.closed_at),
        merged_at=_to_time(node.merged_at),
        merged_by=node.merged_by.login if node.merged_by else None,
        mergeable=(node.mergeable or "unknown").lower(),
        merge_state=(node.merge_state_status or "unknown").lower(),
        review=node.review_decision.lower() if node.review_decision else None,
        auto_merge=node.auto_merge_request is not None,
        queue_position=node.merge_queue_entry.position if node.merge_queue_entry else None,
        additions=node.additions,
        deletions=node.deletions,
        file_count=node.changed_files,
        checks=_to_checks(runs, errors),
        checks_omitted=max(0, contexts.total_count - len(runs)) if contexts else 0,
        reviews=tuple(_to_review(review) for review in reviews if review),
        requested_reviewers=tuple(name for reviewer in reviewers if (name := reviewer.login or reviewer.slug)),
        commits=tuple(_to_commit(found.commit) for found in reversed(commits) if found and found.commit),
        commit_count=node.commits.total_count if node.commits else 0,
        threads=tuple(sorted(threads, key=lambda thread: thread.is_resolved)),
        thread_count=node.review_threads.total_count if node.review_threads else 0,
    )


def _to_checks(runs: Iterable[CheckContext | None], errors: Iterable[GraphQLError]) -> tuple[CheckDetail, ...]:
    """Return the newest runs, failed ones first. Checks that the token may not see are one unknown check."""
    order = {"failure": 0, "unknown": 1, "pending": 2, "success": 3}
    found = [_to_check(run) for run in newest_checks(runs)]
    denial = next((error for error in errors if "statusCheckRollup" in error.path), None)
    if denial is not None:
        found.append(CheckDetail("checks", "unknown", "not visible", description=denial.message))
    return tuple(sorted(found, key=lambda check: (order.get(check.state, 1), check.name)))


def _to_check(run: CheckContext) -> CheckDetail:
    app = run.check_suite.app.slug if run.check_suite and run.check_suite.app else None
    url = run.details_url or run.target_url or ""
    job = _JOB_URL.search(url) if app == _ACTIONS_APP else None
    is_over = run.status in {None, "COMPLETED"}
    outcome = (run.conclusion or run.state if is_over else run.status) or "unknown"
    return CheckDetail(
        name=run.display_name,
        state=check_state(run),
        outcome=outcome.lower().replace("_", " "),
        app=app or "",
        started_at=_to_time(run.started_at or run.created_at),
        completed_at=_to_time(run.completed_at),
        url=url,
        description=run.description or "",
        job_id=int(job[1]) if job else None,
    )


def _to_review(review: _DetailedReview) -> PullRequestReview:
    author = review.author.login if review.author else "ghost"
    return PullRequestReview(author, review.state.lower(), _to_time(review.submitted_at))


def _to_thread(thread: _Thread) -> ReviewThread:
    comments = thread.comments or _Comments()
    return ReviewThread(
        path=thread.path,
        line=thread.line if thread.line is not None else thread.original_line,
        is_resolved=thread.is_resolved,
        is_outdated=thread.is_outdated,
        comments=tuple(_to_comment(comment) for comment in comments.nodes or () if comment),
        comment_count=comments.total_count,
    )


def _to_comment(comment: _Comment) -> ReviewComment:
    author = comment.author.login if comment.author else "ghost"
    return ReviewComment(author, comment.body, _to_time(comment.created_at), comment.url)


def _to_commit(commit: _CommitNode) -> PullRequestCommit:
    author = (commit.author.display_name if commit.author else None) or ""
    return PullRequestCommit(commit.oid, commit.message_headline, author, _to_time(commit.committed_date))


def _to_time(value: datetime | None) -> datetime | None:
    return to_utc(value) if value else None
