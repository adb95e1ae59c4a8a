"""GraphQL's answers, and what they mean in the domain's terms.

Anything may be null: what a token may not see comes back so, with an error beside the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec

from anchor_tui.domain.model import ChecksStatus, PullRequest, PullRequestRef, RateBudget
from anchor_tui.sources.errors import InvalidResponse

T = TypeVar("T")

UtcTime = Annotated[datetime, msgspec.Meta(tz=True)]


class RateLimit(msgspec.Struct, rename="camel"):
    """`rateLimit`: points an hour."""

    limit: int
    cost: int
    remaining: int
    reset_at: UtcTime


class BlobNode(msgspec.Struct, rename="camel"):
    """A file's content; `text` is null where it is binary."""

    oid: str = ""
    text: str | None = None
    is_binary: bool | None = None
    is_truncated: bool = False
    byte_size: int = 0


class TreeEntry(msgspec.Struct, rename="camel"):
    """A file in a commit's tree."""

    oid: str
    object: BlobNode | None = None


class UserNode(msgspec.Struct, rename="camel"):
    """A GitHub account."""

    login: str


class CommitAuthor(msgspec.Struct, rename="camel"):
    """Who wrote a commit: the account, if GitHub knows it."""

    name: str | None = None
    user: UserNode | None = None

    @property
    def display_name(self) -> str | None:
        """The account's login, else the name in the commit."""
        return self.user.login if self.user else self.name


class PullRequestLink(msgspec.Struct, rename="camel"):
    """A pull request, named."""

    number: int
    title: str
    url: str

    @property
    def to_ref(self) -> PullRequestRef:
        """The same in the domain's terms."""
        return PullRequestRef(self.number, self.title, self.url)


class PullRequestLinks(msgspec.Struct, rename="camel"):
    """The pull requests that a commit came with."""

    nodes: list[PullRequestLink | None] | None = None


class FileCommit(msgspec.Struct, rename="camel"):
    """A commit that changed a file; in a history also the file as it then was."""

    oid: str
    committed_date: UtcTime | None = None
    author: CommitAuthor | None = None
    associated_pull_requests: PullRequestLinks | None = None
    release: TreeEntry | None = None

    @property
    def pull_request(self) -> PullRequestRef | None:
        """The pull request that brought it, if one did."""
        nodes = (self.associated_pull_requests.nodes if self.associated_pull_requests else None) or []
        return next((node.to_ref for node in nodes if node), None)


class PageInfo(msgspec.Struct, rename="camel"):
    """Whether there is more."""

    has_next_page: bool = False
    end_cursor: str | None = None


class FileCommits(msgspec.Struct, rename="camel"):
    """The commits that changed a file, newest first."""

    nodes: list[FileCommit | None] | None = None
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class CheckContext(msgspec.Struct, rename="camel"):
    """A check run (`status`, `conclusion`) or a commit status (`state`)."""

    name: str | None = None
    status: str | None = None
    conclusion: str | None = None
    context: str | None = None
    state: str | None = None


class CheckContexts(msgspec.Struct, rename="camel"):
    """The checks of a commit."""

    nodes: list[CheckContext | None] | None = None


class CheckRollup(msgspec.Struct, rename="camel"):
    """All checks of a commit in one word; `contexts` may be denied while `state` is told."""

    state: str | None = None
    contexts: CheckContexts | None = None


class HeadCommitNode(msgspec.Struct, rename="camel"):
    """The branch's head, without the files, whose names depend on the configuration."""

    oid: str
    message_headline: str = ""
    committed_date: UtcTime | None = None
    author: CommitAuthor | None = None
    status_check_rollup: CheckRollup | None = None


class RequiredCheck(msgspec.Struct, rename="camel"):
    """One required check of a ruleset."""

    context: str = ""


class RuleParameters(msgspec.Struct, rename="camel"):
    """Parameters of a rule; only those of required checks are asked for."""

    required_status_checks: list[RequiredCheck] | None = None


class BranchRule(msgspec.Struct, rename="camel"):
    """A rule of a ruleset."""

    parameters: RuleParameters | None = None


class BranchRules(msgspec.Struct, rename="camel"):
    """The rules that hold for the branch."""

    nodes: list[BranchRule | None] | None = None


class BranchProtection(msgspec.Struct, rename="camel"):
    """The classic branch protection."""

    required_status_check_contexts: list[str | None] | None = None


class BranchRef(msgspec.Struct, rename="camel"):
    """The branch. `target` stays raw: its files' names depend on the configuration."""

    ref_update_rule: BranchProtection | None = None
    rules: BranchRules | None = None
    target: dict[str, Any] | None = None

    @property
    def required_check_names(self) -> frozenset[str]:
        """The names of the required checks, from branch protection and rulesets alike."""
        classic = (self.ref_update_rule.required_status_check_contexts if self.ref_update_rule else None) or []
        rules = (self.rules.nodes if self.rules else None) or []
        parameters = [rule.parameters.required_status_checks or [] for rule in rules if rule and rule.parameters]
        return frozenset(name for name in classic if name) | {each.context for rule in parameters for each in rule}


class LabelNode(msgspec.Struct, rename="camel"):
    """A label."""

    name: str


class LabelNodes(msgspec.Struct, rename="camel"):
    """A pull request's labels."""

    nodes: list[LabelNode | None] | None = None


class ChangedFile(msgspec.Struct, rename="camel"):
    """A file that a pull request changes."""

    path: str


class ChangedFiles(msgspec.Struct, rename="camel"):
    """The files that a pull request changes, the first hundred."""

    total_count: int = 0
    nodes: list[ChangedFile | None] | None = None


class PullRequestHead(msgspec.Struct, rename="camel"):
    """A pull request's branch; null where it is gone."""

    target: dict[str, Any] | None = None


class PullRequestNode(msgspec.Struct, rename="camel"):
    """An open pull request."""

    number: int
    title: str
    url: str
    is_draft: bool = False
    created_at: UtcTime | None = None
    author: UserNode | None = None
    head_ref_name: str = ""
    head_ref_oid: str = ""
    mergeable: str | None = None
    review_decision: str | None = None
    labels: LabelNodes | None = None
    files: ChangedFiles | None = None
    head_ref: PullRequestHead | None = None
    status_check_rollup: CheckRollup | None = None


class PullRequestPage(msgspec.Struct, rename="camel"):
    """A page of the open pull requests."""

    total_count: int = 0
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)
    nodes: list[PullRequestNode | None] | None = None


class RepositoryNode(msgspec.Struct, rename="camel"):
    """The ops repo."""

    name_with_owner: str = ""
    url: str = ""
    ref: BranchRef | None = None
    pull_requests: PullRequestPage | None = None


class PollResponse(msgspec.Struct, rename="camel"):
    """The answer to any of our queries."""

    repository: RepositoryNode | None = None
    rate_limit: RateLimit | None = None
    viewer: UserNode | None = None


def convert_json(raw: object, shape: type[T]) -> T:
    """A part of an answer as `shape`, or a `BadAnswer` that says what came instead."""
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        raise InvalidResponse(f"GitHub's answer has an unexpected shape: {error}") from error


def to_budget(*limits: RateLimit | None) -> RateBudget | None:
    """The allowance after the last of some queries, with what all of them cost."""
    told = [limit for limit in limits if limit]
    if not told:
        return None
    last = told[-1]
    return RateBudget(last.limit, last.remaining, sum(limit.cost for limit in told), to_utc(last.reset_at))


def to_pull_request(pull: PullRequestNode, *, checks_denied: bool) -> PullRequest:
    """A pull request as GitHub tells it; what it does to which environment is not told but found out."""
    labels = (pull.labels.nodes if pull.labels else None) or []
    return PullRequest(
        number=pull.number,
        title=pull.title,
        url=pull.url,
        draft=pull.is_draft,
        author=pull.author.login if pull.author else None,
        labels=tuple(sorted(label.name for label in labels if label)),
        head_sha=pull.head_ref_oid,
        checks=summarize_rollup(pull.status_check_rollup, denied=checks_denied),
        review=pull.review_decision.lower() if pull.review_decision else None,
        mergeable=pull.mergeable.lower() if pull.mergeable else None,
        created_at=to_utc(pull.created_at) if pull.created_at else None,
    )


def summarize_required_checks(rollup: CheckRollup | None, required: frozenset[str], *, denied: bool) -> ChecksStatus:
    """How the required checks of the branch's head stand, together."""
    if not required:
        return "none"
    if denied or (rollup is not None and rollup.contexts is None):
        return "unknown"
    contexts = (rollup.contexts.nodes if rollup and rollup.contexts else None) or []
    found = {check_state(each) for each in contexts if each and (each.name or each.context) in required}
    if required - {each.name or each.context for each in contexts if each}:
        found.add("pending")  # not reported yet
    for state in ("failure", "unknown", "pending"):
        if state in found:
            return state
    return "success"


_CHECKS_BY_STATE: Mapping[str, ChecksStatus] = {
    "SUCCESS": "success",
    "NEUTRAL": "success",
    "SKIPPED": "success",
    "PENDING": "pending",
    "EXPECTED": "pending",
    "FAILURE": "failure",
    "ERROR": "failure",
    "TIMED_OUT": "failure",
    "CANCELLED": "failure",
    "STARTUP_FAILURE": "failure",
    "ACTION_REQUIRED": "pending",
    "STALE": "unknown",
}


def check_state(context: CheckContext) -> ChecksStatus:
    """How one check stands."""
    if context.status and context.status != "COMPLETED":
        return "pending"
    return _CHECKS_BY_STATE.get(context.conclusion or context.state or "", "unknown")


def summarize_rollup(rollup: CheckRollup | None, *, denied: bool) -> ChecksStatus:
    """How all checks of a commit stand, in one word."""
    if rollup is None:
        return "unknown" if denied else "none"
    return _CHECKS_BY_STATE.get(rollup.state or "", "unknown")


def list_changed_paths(pull: PullRequestNode) -> frozenset[str] | None:
    """The files that it changes; None where GitHub named only some of them."""
    files = pull.files or ChangedFiles()
    named: Sequence[ChangedFile | None] = files.nodes or []
    return frozenset(each.path for each in named if each) if files.total_count <= len(named) else None


def to_utc(moment: datetime) -> datetime:
    """The same instant in UTC."""
    return moment.astimezone(UTC)
