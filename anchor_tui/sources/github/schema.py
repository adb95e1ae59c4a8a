"""The shapes of GitHub's GraphQL responses.

Any field may be null: a field that the token may not see is null, and the response has an error for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from anchor_tui.domain.model import PullRequestRef
from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.json_body import foreign_values

T = TypeVar("T")

UtcTime = Annotated[datetime, msgspec.Meta(tz=True)]


class RateLimit(msgspec.Struct, rename="camel"):
    """`rateLimit`: points per hour."""

    limit: int
    cost: int
    remaining: int
    reset_at: UtcTime


class BlobNode(msgspec.Struct, rename="camel"):
    """The content of a file; `text` is null if it is binary."""

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
    """The author of a commit, with the account if GitHub knows it."""

    name: str | None = None
    user: UserNode | None = None

    @property
    def display_name(self) -> str | None:
        """Return the login of the account, else the name in the commit."""
        return self.user.login if self.user else self.name


class PullRequestLink(msgspec.Struct, rename="camel"):
    """Number, title and URL of a pull request."""

    number: int
    title: str
    url: str
    merged: bool = True

    def to_ref(self) -> PullRequestRef:
        """Return the domain's reference."""
        return PullRequestRef(self.number, self.title, self.url)


class PullRequestLinks(msgspec.Struct, rename="camel"):
    """The pull requests that contain a commit."""

    nodes: list[PullRequestLink | None] | None = None


class FileCommit(msgspec.Struct, rename="camel"):
    """A commit that changed a file; in a history it includes the file."""

    oid: str
    committed_date: UtcTime | None = None
    author: CommitAuthor | None = None
    associated_pull_requests: PullRequestLinks | None = None
    release: TreeEntry | None = None

    @property
    def pull_request(self) -> PullRequestRef | None:
        """Return the pull request that merged it, if there is one. An open one may only build on the commit."""
        nodes = (self.associated_pull_requests.nodes if self.associated_pull_requests else None) or []
        return next((node.to_ref() for node in nodes if node and node.merged), None)


class PageInfo(msgspec.Struct, rename="camel"):
    """The end of a page, and whether another one follows."""

    has_next_page: bool = False
    end_cursor: str | None = None


class FileCommits(msgspec.Struct, rename="camel"):
    """The commits that changed a file, newest first."""

    raw_nodes: list[Any] | None = msgspec.field(name="nodes", default=None)
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)

    @property
    def nodes(self) -> list[FileCommit | None]:
        """Return the commits; None for a malformed one."""
        return convert_each(self.raw_nodes, FileCommit)

    def read_all(self) -> list[FileCommit]:
        """Return the commits that are visible. Raises InvalidResponse for a malformed one: a history needs all."""
        return [convert_json(node, FileCommit) for node in self.raw_nodes or () if node is not None]


class CheckApp(msgspec.Struct, rename="camel"):
    """The app that reported a check run."""

    database_id: int | None = None
    slug: str | None = None


class CheckSuite(msgspec.Struct, rename="camel"):
    """The check suite of a check run."""

    app: CheckApp | None = None


class CheckContext(msgspec.Struct, rename="camel"):
    """A check run (`status`, `conclusion`) or a commit status (`state`)."""

    name: str | None = None
    status: str | None = None
    conclusion: str | None = None
    started_at: UtcTime | None = None
    completed_at: UtcTime | None = None
    check_suite: CheckSuite | None = None
    context: str | None = None
    state: str | None = None
    created_at: UtcTime | None = None
    details_url: str | None = None
    target_url: str | None = None
    description: str | None = None

    @property
    def display_name(self) -> str:
        """Return the name of the check."""
        return self.name or self.context or "?"

    @property
    def app_id(self) -> int | None:
        """Return the id of the app that reported it."""
        app = self.check_suite.app if self.check_suite else None
        return app.database_id if app else None


class CheckContexts(msgspec.Struct, rename="camel"):
    """A page of a commit's checks."""

    raw_nodes: list[Any] | None = msgspec.field(name="nodes", default=None)
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)
    total_count: int = 0

    @property
    def nodes(self) -> list[CheckContext | None]:
        """Return the checks; None for a malformed one."""
        return convert_each(self.raw_nodes, CheckContext)


class CheckRollup(msgspec.Struct, rename="camel"):
    """The summary of a commit's checks; `contexts` can be denied while `state` is visible."""

    state: str | None = None
    contexts: CheckContexts | None = None


class HeadCommitNode(msgspec.Struct, rename="camel"):
    """The branch's head without its files, whose aliases depend on the configuration."""

    oid: str
    message_headline: str = ""
    committed_date: UtcTime | None = None
    author: CommitAuthor | None = None
    status_check_rollup: CheckRollup | None = None


class RequiredCheck(msgspec.Struct, rename="camel", frozen=True):
    """One required check. With `integration_id` only the runs of that app satisfy it."""

    context: str = ""
    integration_id: int | None = None


class RuleParameters(msgspec.Struct, rename="camel"):
    """The parameters of a rule; only those of required checks are requested."""

    required_status_checks: list[RequiredCheck] | None = None


class BranchRule(msgspec.Struct, rename="camel"):
    """A rule of a ruleset."""

    parameters: RuleParameters | None = None


class BranchRules(msgspec.Struct, rename="camel"):
    """The rules that apply to the branch."""

    nodes: list[BranchRule | None] | None = None
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class BranchProtection(msgspec.Struct, rename="camel"):
    """The classic branch protection."""

    required_status_check_contexts: list[str | None] | None = None


class BranchRef(msgspec.Struct, rename="camel"):
    """The branch. `target` is not decoded: the aliases of its files depend on the configuration."""

    ref_update_rule: BranchProtection | None = None
    rules: BranchRules | None = None
    target: dict[str, Any] | None = None

    @property
    def required_checks(self) -> frozenset[RequiredCheck]:
        """Return the required checks of branch protection and rulesets."""
        classic = (self.ref_update_rule.required_status_check_contexts if self.ref_update_rule else None) or []
        rules = (self.rules.nodes if self.rules else None) or []
        parameters = [rule.parameters.required_status_checks or [] for rule in rules if rule and rule.parameters]
        bound = {check for checks in parameters for check in checks}
        names = {check.context for check in bound}  # a ruleset is more precise than the name alone
        return frozenset(bound | {RequiredCheck(name) for name in classic if name and name not in names})

    @property
    def is_rule_list_cut(self) -> bool:
        """Return whether the branch has more rules than were read, or rules that are hidden."""
        if self.rules is None:
            return False
        return self.rules.page_info.has_next_page or None in (self.rules.nodes or ())


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
    """The first hundred files that a pull request changes."""

    total_count: int = 0
    nodes: list[ChangedFile | None] | None = None


class PullRequestHead(msgspec.Struct, rename="camel"):
    """A pull request's branch; `target` is null if it was deleted."""

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
    is_cross_repository: bool = True
    """The branch is one of a fork. Assumed if the response does not contain it."""
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
    raw_nodes: list[Any] | None = msgspec.field(name="nodes", default=None)

    @property
    def nodes(self) -> list[PullRequestNode | None]:
        """Return the pull requests; None for a malformed one."""
        return convert_each(self.raw_nodes, PullRequestNode)


class RepositoryNode(msgspec.Struct, rename="camel"):
    """The ops repo."""

    name_with_owner: str = ""
    url: str = ""
    ref: BranchRef | None = None
    pull_requests: PullRequestPage | None = None


class PollResponse(msgspec.Struct, rename="camel"):
    """The response to any query of a poll."""

    repository: RepositoryNode | None = None
    rate_limit: RateLimit | None = None
    viewer: UserNode | None = None


def convert_json(raw: object, shape: type[T]) -> T:
    """Convert a part of a response to `shape`. Raises InvalidResponse if it has another shape."""
    with foreign_values("GitHub's answer"):
        return msgspec.convert(raw, shape)


def convert_each(items: list[Any] | None, shape: type[T]) -> list[T | None]:
    """Convert the items of a list one by one; None for one that is null or has another shape."""
    return [_convert_or_none(item, shape) for item in items or ()]


def _convert_or_none(item: object, shape: type[T]) -> T | None:
    try:
        return None if item is None else convert_json(item, shape)
    except InvalidResponse:
        return None
