"""What an action needs to know of GitHub: our own branch, one pull request, and what the token may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from anchor_tui.domain.actions.application_state import Permission
from anchor_tui.domain.actions.repo_state import ExistingBranch, MergeMethod, PullRequestState, RepoPermissions
from anchor_tui.sources.errors import NotFound
from anchor_tui.sources.github.queries import QueryDocument
from anchor_tui.sources.github.schema import (
    CheckContext,
    CheckRollup,
    LabelNodes,
    UserNode,
    UtcTime,
    check_state,
    convert_json,
    summarize_rollup,
    to_utc,
)

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

T = TypeVar("T")
_PULL_REQUEST_FRAGMENT = """fragment PullState on PullRequest {
  id number title url state isDraft baseRefName headRefName headRefOid mergeable mergeStateStatus reviewDecision
  author { login } mergedAt mergedBy { login } mergeCommit { oid }
  labels(first: 30) { nodes { name } }
  reviewRequests(first: 30) { nodes { requestedReviewer { ... on User { login } ... on Team { slug } } } }
  latestOpinionatedReviews(first: 30) { nodes { author { login } } }
  autoMergeRequest { enabledAt } isMergeQueueEnabled mergeQueueEntry { position } viewerCanEnableAutoMerge
  statusCheckRollup { state contexts(first: 100) { nodes {
    __typename
    ... on CheckRun { name status conclusion }
    ... on StatusContext { context state }
  } } }
}"""
_PERMISSION_FIELDS = """viewer { login }
  repository(owner: $owner, name: $name, followRenames: true) {
    isArchived viewerPermission autoMergeAllowed mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed
    viewerDefaultMergeMethod"""
BRANCH_QUERY = QueryDocument(
    f"""query Bench($owner: String!, $name: String!, $ours: String!, $head: String!, $base: String!, $release: String!,
  $values: String!) {{
  {_PERMISSION_FIELDS}
    ref(qualifiedName: $ours) {{ target {{ ... on Commit {{
      oid parents(first: 1) {{ nodes {{ oid }} }}
      release: file(path: $release) {{ oid }}
      values: file(path: $values) {{ oid }}
    }} }} }}
    pullRequests(headRefName: $head, baseRefName: $base, states: [OPEN], first: 5) {{ nodes {{ ...PullState }} }}
  }}
}}
{_PULL_REQUEST_FRAGMENT}"""
)
PULL_REQUEST_QUERY = QueryDocument(
    f"""query PullNow($owner: String!, $name: String!, $number: Int!) {{
  {_PERMISSION_FIELDS}
    pullRequest(number: $number) {{ ...PullState }}
  }}
}}
{_PULL_REQUEST_FRAGMENT}"""
)
HISTORY_PAGE_QUERY = QueryDocument(
    """query MoreHistory($owner: String!, $name: String!, $ref: String!, $path: String!, $after: String) {
  repository(owner: $owner, name: $name, followRenames: true) {
    ref(qualifiedName: $ref) { target { ... on Commit { oid
      past: history(first: 100, path: $path, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          oid committedDate author { name user { login } }
          associatedPullRequests(first: 1) { nodes { number title url } }
          release: file(path: $path) { oid object { ... on Blob { oid text isBinary isTruncated byteSize } } }
        }
      }
    } } }
  }
}"""
)
QUERY_TEXTS = frozenset({BRANCH_QUERY.text, PULL_REQUEST_QUERY.text, HISTORY_PAGE_QUERY.text})


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
    """A pull request as `PullState` asks for it."""

    id: str
    number: int
    title: str
    url: str
    state: str
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


# --- asking -------------------------------------------------------------------------------------------


async def read_branch_state(
    door: GitHubClient, repository: str, branch: str, base: str, paths: tuple[str, str]
) -> tuple[RepoPermissions, ExistingBranch | None, tuple[PullRequestState, ...]]:
    """Our branch with the blobs of two files at its tip, its open pull requests, and rights. Raises SourceError."""
    owner, _, name = repository.partition("/")
    release, values = paths
    variables = {
        "owner": owner,
        "name": name,
        "ours": f"refs/heads/{branch}",
        "head": branch,
        "base": base,
        "release": release,
        "values": values,
    }
    found = convert_json((await door.query(BRANCH_QUERY, variables)).data, _ActionResponse)
    if found.repository is None:
        raise NotFound(f"{repository} is not to be seen with this token")
    tip = found.repository.ref.target if found.repository.ref else None
    ours = None
    if tip is not None:
        blobs = {path: entry.oid for path, entry in ((release, tip.release), (values, tip.values)) if entry}
        parents = (tip.parents.nodes if tip.parents else None) or ()
        ours = ExistingBranch(branch, tip.oid, tuple(each.oid for each in parents if each), blobs)
    pulls = (found.repository.pull_requests.nodes if found.repository.pull_requests else None) or ()
    return _to_permissions(found), ours, tuple(_to_pull_request_state(each) for each in pulls if each)


async def read_pull_request(
    door: GitHubClient, repository: str, number: int
) -> tuple[RepoPermissions, PullRequestState | None]:
    """One pull request this moment; None where there is none of this number. Raises SourceError."""
    owner, _, name = repository.partition("/")
    answer = await door.query(PULL_REQUEST_QUERY, {"owner": owner, "name": name, "number": number})
    found = convert_json(answer.data, _ActionResponse)
    if found.repository is None:
        raise NotFound(f"{repository} is not to be seen with this token")
    pull = found.repository.pull_request
    return _to_permissions(found), _to_pull_request_state(pull) if pull else None


def _to_permissions(found: _ActionResponse) -> RepoPermissions:
    repository = found.repository or _ActionRepository()
    may: dict[str | None, Permission] = {None: "unknown", **dict.fromkeys(("READ", "TRIAGE"), "no")}
    allowed: dict[MergeMethod, bool] = {
        "squash": repository.squash_merge_allowed,
        "merge": repository.merge_commit_allowed,
        "rebase": repository.rebase_merge_allowed,
    }
    usual = (repository.viewer_default_merge_method or "").lower()
    methods = sorted((each for each, is_allowed in allowed.items() if is_allowed), key=lambda each: each != usual)
    return RepoPermissions(
        viewer=found.viewer.login if found.viewer else "",
        push=may.get(repository.viewer_permission, "yes"),
        auto_merge=repository.auto_merge_allowed,
        merge_methods=tuple(methods) or ("squash",),
        archived=repository.is_archived,
    )


def _to_pull_request_state(pull: _PullRequestState) -> PullRequestState:
    labels = (pull.labels.nodes if pull.labels else None) or ()
    rollup = pull.status_check_rollup
    contexts = (rollup.contexts.nodes if rollup and rollup.contexts else None) or ()
    return PullRequestState(
        number=pull.number,
        node_id=pull.id,
        title=pull.title,
        url=pull.url,
        state=pull.state.lower(),
        draft=pull.is_draft,
        base=pull.base_ref_name,
        branch=pull.head_ref_name,
        head_sha=pull.head_ref_oid,
        author=pull.author.login if pull.author else None,
        mergeable=(pull.mergeable or "unknown").lower(),
        merge_state=(pull.merge_state_status or "unknown").lower(),
        review=pull.review_decision.lower() if pull.review_decision else None,
        checks=summarize_rollup(rollup, denied=False),
        failed_checks=_context_names(contexts, "failure"),
        pending_checks=_context_names(contexts, "pending"),
        labels=tuple(each.name for each in labels if each),
        reviewers=tuple(_reviewer_names(pull)),
        auto_merge=pull.auto_merge_request is not None,
        queue_required=pull.is_merge_queue_enabled,
        queue_position=pull.merge_queue_entry.position if pull.merge_queue_entry else None,
        may_auto_merge=pull.viewer_can_enable_auto_merge,
        merge_oid=pull.merge_commit.oid if pull.merge_commit else None,
        merged_at=to_utc(pull.merged_at) if pull.merged_at else None,
        merged_by=pull.merged_by.login if pull.merged_by else None,
    )


def _context_names(contexts: Iterable[CheckContext | None], state: str) -> tuple[str, ...]:
    return tuple(each.name or each.context or "?" for each in contexts if each and check_state(each) == state)


def _reviewer_names(pull: _PullRequestState) -> Iterable[str]:
    for each in (pull.review_requests.nodes if pull.review_requests else None) or ():
        reviewer = each.requested_reviewer if each else None
        if reviewer and (name := reviewer.login or reviewer.slug):
            yield name
    for review in (pull.latest_opinionated_reviews.nodes if pull.latest_opinionated_reviews else None) or ():
        if review and review.author:
            yield review.author.login
