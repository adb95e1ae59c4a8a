"""The state of GitHub that actions need: a branch of ours, a pull request, and the token's permissions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from anchor_tui.domain.actions.application_state import Permission
from anchor_tui.domain.actions.repo_state import ExistingBranch, MergeMethod, PullRequestState, RepoPermissions
from anchor_tui.sources.errors import NotFound
from anchor_tui.sources.github.action_queries import BRANCH_QUERY, PULL_REQUEST_QUERY
from anchor_tui.sources.github.conversion import check_state, summarize_rollup, to_utc
from anchor_tui.sources.github.schema import CheckContext, CheckRollup, LabelNodes, UserNode, UtcTime, convert_json

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient


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


class _PullRequestStates(msgspec.Struct):
    nodes: list[_PullRequestState | None] | None = None


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

    `paths` are those of the release file and of the values file. The branch is None if it does not exist. Raises
    SourceError.
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
    pull_requests = (node.pull_requests.nodes if node.pull_requests else None) or ()
    states = tuple(_to_pull_request_state(pull_request) for pull_request in pull_requests if pull_request)
    return _to_permissions(response.viewer, node), existing, states


async def read_pull_request(
    client: GitHubClient, repository: str, number: int
) -> tuple[RepoPermissions, PullRequestState | None]:
    """Read a pull request and our permissions; None if there is no such number. Raises SourceError."""
    owner, _, name = repository.partition("/")
    response = await client.query(PULL_REQUEST_QUERY, {"owner": owner, "name": name, "number": number})
    found = convert_json(response.data, _ActionResponse)
    node = _visible_repository(found, repository)
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
    rollup = node.status_check_rollup
    contexts = (rollup.contexts.nodes if rollup and rollup.contexts else None) or ()
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
        head_sha=node.head_ref_oid,
        author=node.author.login if node.author else None,
        mergeable=(node.mergeable or "unknown").lower(),
        merge_state=(node.merge_state_status or "unknown").lower(),
        review=node.review_decision.lower() if node.review_decision else None,
        checks=summarize_rollup(rollup, denied=False),
        failed_checks=_context_names(contexts, "failure"),
        pending_checks=_context_names(contexts, "pending"),
        labels=tuple(label.name for label in labels if label),
        reviewers=tuple(_reviewer_names(node)),
        auto_merge=node.auto_merge_request is not None,
        queue_required=node.is_merge_queue_enabled,
        queue_position=node.merge_queue_entry.position if node.merge_queue_entry else None,
        may_auto_merge=node.viewer_can_enable_auto_merge,
        merge_oid=node.merge_commit.oid if node.merge_commit else None,
        merged_at=to_utc(node.merged_at) if node.merged_at else None,
        merged_by=node.merged_by.login if node.merged_by else None,
    )


def _context_names(contexts: Iterable[CheckContext | None], state: str) -> tuple[str, ...]:
    return tuple(
        context.name or context.context or "?" for context in contexts if context and check_state(context) == state
    )


def _reviewer_names(node: _PullRequestState) -> Iterable[str]:
    for request in (node.review_requests.nodes if node.review_requests else None) or ():
        reviewer = request.requested_reviewer if request else None
        if reviewer and (name := reviewer.login or reviewer.slug):
            yield name
    for review in (node.latest_opinionated_reviews.nodes if node.latest_opinionated_reviews else None) or ():
        if review and review.author:
            yield review.author.login
