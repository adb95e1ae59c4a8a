"""The state of GitHub that actions need: a branch of ours, a pull request, and the token's permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from anchor_tui.domain.actions.application_state import Permission
from anchor_tui.domain.actions.repo_state import ExistingBranch, MergeMethod, PullRequestState, RepoPermissions
from anchor_tui.sources.errors import InvalidResponse, NotFound
from anchor_tui.sources.github.action_queries import BRANCH_QUERY, PULL_REQUEST_QUERY
from anchor_tui.sources.github.check_results import read_further_checks, summarize_rollup
from anchor_tui.sources.github.schema import CheckRollup, LabelNodes, PageInfo, UserNode, UtcTime, convert_json
from anchor_tui.sources.json_body import to_utc

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

MAX_PULL_REQUEST_PAGES = 20
"""A branch of ours has one open pull request; others of its name are in forks."""


class _ObjectId(msgspec.Struct):
    oid: str = ""


class _ObjectIds(msgspec.Struct):
    nodes: list[_ObjectId | None] | None = None


class _BranchTip(msgspec.Struct):
    oid: str
    parents: _ObjectIds | None = None
    release: _ObjectId | None = None
    values: _ObjectId | None = None


class _ExistingRef(msgspec.Struct):
    target: _BranchTip | None = None


class _RequestedReviewer(msgspec.Struct):
    login: str | None = None
    slug: str | None = None


class _ReviewRequest(msgspec.Struct, rename="camel"):
    requested_reviewer: _RequestedReviewer | None = None


class _ReviewRequests(msgspec.Struct):
    nodes: list[_ReviewRequest | None] | None = None


class _Review(msgspec.Struct):
    author: UserNode | None = None


class _Reviews(msgspec.Struct):
    nodes: list[_Review | None] | None = None


class _MergeQueueEntry(msgspec.Struct):
    position: int = 0


class _PullRequestState(msgspec.Struct, rename="camel"):
    """A pull request with the fields of the fragment `PullRequestState`."""

    id: str
    number: int
    title: str
    url: str
    state: str
    body: str = ""
    is_draft: bool = False
    base_ref_name: str = ""
    head_ref_name: str = ""
    head_ref_oid: str = ""
    is_cross_repository: bool = True
    """The branch is one of a fork. Assumed if the response does not contain it."""
    mergeable: str | None = None
    merge_state_status: str | None = None
    review_decision: str | None = None
    author: UserNode | None = None
    merged_at: UtcTime | None = None
    merged_by: UserNode | None = None
    merge_commit: _ObjectId | None = None
    labels: LabelNodes | None = None
    review_requests: _ReviewRequests | None = None
    latest_opinionated_reviews: _Reviews | None = None
    auto_merge_request: dict[str, Any] | None = None
    is_merge_queue_enabled: bool = False
    merge_queue_entry: _MergeQueueEntry | None = None
    viewer_can_enable_auto_merge: bool = False
    status_check_rollup: CheckRollup | None = None


class _PullRequestStates(msgspec.Struct, rename="camel"):
    nodes: list[_PullRequestState | None] | None = None
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class _ActionRepository(msgspec.Struct, rename="camel"):
    is_archived: bool = False
    viewer_permission: str | None = None
    auto_merge_allowed: bool = False
    merge_commit_allowed: bool = True
    squash_merge_allowed: bool = True
    rebase_merge_allowed: bool = True
    viewer_default_merge_method: str | None = None
    ref: _ExistingRef | None = None
    pull_requests: _PullRequestStates | None = None
    pull_request: _PullRequestState | None = None


class _ActionResponse(msgspec.Struct):
    viewer: UserNode | None = None
    repository: _ActionRepository | None = None


async def read_branch_state(
    client: GitHubClient, repository: str, branch: str, base: str, paths: tuple[str, str]
) -> tuple[RepoPermissions, ExistingBranch | None, tuple[PullRequestState, ...]]:
    """Read a branch of ours with the blobs of two files at its tip, its open pull requests, and our permissions.

    `paths` are those of the release file and of the values file. The branch is None if it does not exist. GitHub finds
    pull requests by the name of their branch alone; those from forks are left out. Raises SourceError.
    """
    owner, _, name = repository.partition("/")
    release_path, values_path = paths
    variables = {
        "owner": owner,
        "name": name,
        "ours": f"refs/heads/{branch}",
        "head": branch,
        "base": base,
        "release": release_path,
        "values": values_path,
    }
    response = convert_json((await client.query(BRANCH_QUERY, variables)).data, _ActionResponse)
    node = _visible_repository(response, repository)
    tip = node.ref.target if node.ref else None
    existing = None
    if tip is not None:
        files = ((release_path, tip.release), (values_path, tip.values))
        blobs = {path: file.oid for path, file in files if file}
        parents = (tip.parents.nodes if tip.parents else None) or ()
        existing = ExistingBranch(branch, tip.oid, tuple(parent.oid for parent in parents if parent), blobs)
    own = await _read_own_pull_requests(client, variables, node.pull_requests)
    for pull_request in own:
        await _complete_checks(client, repository, pull_request)
    return _to_permissions(response.viewer, node), existing, tuple(map(_to_pull_request_state, own))


async def _read_own_pull_requests(
    client: GitHubClient, variables: Mapping[str, str], page: _PullRequestStates | None
) -> list[_PullRequestState]:
    """Return the pull requests of the repository's own branch, from this page and all further ones."""
    found: list[_PullRequestState] = []
    cursors: set[str] = set()
    while page is not None:
        found += [pull_request for pull_request in page.nodes or () if pull_request]
        cursor = page.page_info.end_cursor
        if not page.page_info.has_next_page:
            break
        if not cursor or cursor in cursors or len(cursors) >= MAX_PULL_REQUEST_PAGES:
            raise InvalidResponse("GitHub does not list all open pull requests of the branch")
        cursors.add(cursor)
        response = convert_json(
            (await client.query(BRANCH_QUERY, {**variables, "after": cursor})).data, _ActionResponse
        )
        page = response.repository.pull_requests if response.repository else None
    return [pull_request for pull_request in found if not pull_request.is_cross_repository]


async def _complete_checks(client: GitHubClient, repository: str, pull_request: _PullRequestState) -> None:
    pull_request.status_check_rollup, _, _ = await read_further_checks(
        client, repository, pull_request.head_ref_oid, pull_request.status_check_rollup
    )


async def read_pull_request(
    client: GitHubClient, repository: str, number: int
) -> tuple[RepoPermissions, PullRequestState | None]:
    """Read a pull request and our permissions; None if there is no such number. Raises SourceError."""
    owner, _, name = repository.partition("/")
    response = await client.query(PULL_REQUEST_QUERY, {"owner": owner, "name": name, "number": number})
    found = convert_json(response.data, _ActionResponse)
    node = _visible_repository(found, repository)
    if node.pull_request:
        await _complete_checks(client, repository, node.pull_request)
    state = _to_pull_request_state(node.pull_request) if node.pull_request else None
    return _to_permissions(found.viewer, node), state


def _visible_repository(response: _ActionResponse, repository: str) -> _ActionRepository:
    if response.repository is None:
        raise NotFound(f"the token may not see {repository}")
    return response.repository


def _to_permissions(viewer: UserNode | None, repository: _ActionRepository) -> RepoPermissions:
    push: dict[str | None, Permission] = {None: "unknown", **dict.fromkeys(("READ", "TRIAGE"), "no")}
    allowed: dict[MergeMethod, bool] = {
        "squash": repository.squash_merge_allowed,
        "merge": repository.merge_commit_allowed,
        "rebase": repository.rebase_merge_allowed,
    }
    default = (repository.viewer_default_merge_method or "").lower()
    methods = (method for method, is_allowed in allowed.items() if is_allowed)
    return RepoPermissions(
        viewer=viewer.login if viewer else "",
        push=push.get(repository.viewer_permission, "yes"),
        auto_merge=repository.auto_merge_allowed,
        merge_methods=tuple(sorted(methods, key=lambda method: method != default)) or ("squash",),
        archived=repository.is_archived,
    )


def _to_pull_request_state(node: _PullRequestState) -> PullRequestState:
    labels = (node.labels.nodes if node.labels else None) or ()
    checks = summarize_rollup(node.status_check_rollup, denied=False)
    return PullRequestState(
        number=node.number,
        node_id=node.id,
        title=node.title,
        url=node.url,
        body=node.body,
        state=node.state.lower(),
        draft=node.is_draft,
        base=node.base_ref_name,
        branch=node.head_ref_name,
        from_fork=node.is_cross_repository,
        head_sha=node.head_ref_oid,
        author=node.author.login if node.author else None,
        mergeable=(node.mergeable or "unknown").lower(),
        merge_state=(node.merge_state_status or "unknown").lower(),
        review=node.review_decision.lower() if node.review_decision else None,
        checks=checks.state,
        failed_checks=checks.failed,
        pending_checks=checks.pending,
        checks_awaiting_person=checks.needs_person,
        labels=tuple(label.name for label in labels if label),
        reviewers=tuple(_reviewer_names(node)),
        auto_merge=node.auto_merge_request is not None,
        queue_required=node.is_merge_queue_enabled,
        queue_position=node.merge_queue_entry.position if node.merge_queue_entry else None,
        may_auto_merge=node.viewer_can_enable_auto_merge,
        merge_oid=node.merge_commit.oid if node.merge_commit else None,
        merged_at=to_utc(node.merged_at),
        merged_by=node.merged_by.login if node.merged_by else None,
    )


def _reviewer_names(node: _PullRequestState) -> Iterable[str]:
    for request in (node.review_requests.nodes if node.review_requests else None) or ():
        reviewer = request.requested_reviewer if request else None
        if reviewer and (name := reviewer.login or reviewer.slug):
            yield name
    for review in (node.latest_opinionated_reviews.nodes if node.latest_opinionated_reviews else None) or ():
        if review and review.author:
            yield review.author.login
