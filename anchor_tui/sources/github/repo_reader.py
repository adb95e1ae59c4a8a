"""One poll of the ops repo, and the history of its releases, as the domain's data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Problem, PullRequest
from anchor_tui.domain.source_data import EnvironmentFiles, HeadCommit, OpenPullRequestData, OpsRepoData
from anchor_tui.sources.errors import (
    Forbidden,
    HttpError,
    InvalidResponse,
    NotFound,
    SourceError,
    Unreachable,
)
from anchor_tui.sources.github.check_results import read_further_checks, summarize_required_checks
from anchor_tui.sources.github.conversion import to_budget, to_pull_request
from anchor_tui.sources.github.queries import build_queries
from anchor_tui.sources.github.repo_files import CommitNode, ReleaseHistories, RepoFiles
from anchor_tui.sources.github.response import GraphQLError
from anchor_tui.sources.github.schema import (
    BranchRef,
    HeadCommitNode,
    PollResponse,
    PullRequestNode,
    RateLimit,
    RepositoryNode,
    convert_json,
)
from anchor_tui.sources.json_body import to_utc

if TYPE_CHECKING:
    from anchor_tui.config.model import Config
    from anchor_tui.sources.github.client import GitHubClient

Problems = tuple[Problem, ...]
MAX_PULL_REQUEST_PAGES = 50
"""Of forty pull requests."""


@dataclass(frozen=True, slots=True)
class _ReadHistory:
    """The history that was read last: its head commit, the releases of each environment, and what was denied."""

    head: str = ""
    releases: ReleaseHistories = field(default_factory=dict)
    problems: Problems = ()


class RepoReader:
    """Read the ops repo: one GraphQL query a poll, at 1 point, and a second one for the history of a new head."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._files = RepoFiles(config)
        self._queries = build_queries(config.github, config.environments, config.chart)
        self._history = _ReadHistory()

    @property
    def query_texts(self) -> frozenset[str]:
        """The GraphQL documents that the client has to allow."""
        return self._queries.texts

    @property
    def has_history(self) -> bool:
        """Return whether a history was read, be it that of an earlier head."""
        return bool(self._history.head)

    async def poll(self, client: GitHubClient) -> tuple[OpsRepoData, Problems]:
        """Read the branch, its files and every open pull request. Raises SourceError."""
        response = await client.query(self._queries.poll)
        poll = convert_json(response.data, PollResponse)
        repository = poll.repository
        if repository is None:
            raise self._not_visible_error(response.errors)
        ref = repository.ref
        if ref is None or ref.target is None:
            raise NotFound(f"{self._config.github.ops_repo} does not contain the branch {self._config.github.branch}")
        target = ref.target
        pull_requests, page_errors, page_limits = await self._read_pull_requests(client, repository)
        commit = convert_json(target, HeadCommitNode)
        commit.status_check_rollup, check_errors, check_limits = await read_further_checks(
            client, repository.name_with_owner, commit.oid, commit.status_check_rollup
        )
        denied = (*response.errors, *page_errors, *check_errors)
        head = _to_head(ref, commit, denied)
        converted = [self._to_open_pull_request(node, target, denied) for node in pull_requests]
        environments = self._files.read_environments(target, _denied_fields(response.errors))
        repo = OpsRepoData(
            name=repository.name_with_owner,
            url=repository.url,
            branch=self._config.github.branch,
            head=head,
            environments=self._attach_history(environments, head.oid),
            files=self._files.read_texts(target),
            blobs=self._files.read_blob_oids(target),
            pull_requests=tuple(found for found in converted if isinstance(found, OpenPullRequestData)),
            budget=to_budget(poll.rate_limit, *page_limits, *check_limits),
            latency_ms=round(response.duration_s * 1000, 1),
            viewer=poll.viewer.login if poll.viewer else None,
        )
        problems = (
            *self._files.find_chart_problems(target),
            *self._find_rename_problems(repository),
            *_denied_problems(denied),
            *(found for found in converted if isinstance(found, Problem)),
            *self._history.problems,
        )
        return repo, problems

    def _to_open_pull_request(
        self, node: PullRequestNode, target: CommitNode, denied: tuple[GraphQLError, ...]
    ) -> OpenPullRequestData | Problem:
        """Return one pull request, or the problem that it cannot be read: it affects no other one."""
        try:
            pull_request = _to_pull_request(node, denied)
            moved = self._files.find_moved_releases(node, target)
        except InvalidResponse as error:
            return Problem(f"GitHub: #{node.number}", error.kind, f"the pull request cannot be read: {error.message}")
        return OpenPullRequestData(pull_request, node.head_ref_name, moved, node.is_cross_repository)

    def needs_history(self, repo: OpsRepoData) -> bool:
        """Return whether the head has moved since the history was read."""
        return repo.head is not None and repo.head.oid != self._history.head

    async def read_history(self, client: GitHubClient, repo: OpsRepoData) -> tuple[OpsRepoData, Problems]:
        """Add each environment's earlier releases; ask for them only if the head has moved.

        A history that fails to come is a problem, which does not affect what was polled, and is asked for again.
        """
        if repo.head is None:
            return repo, ()
        head, problems = repo.head.oid, Problems()
        if self.needs_history(repo):
            try:
                limit = await self._query_history(client, head)
            except (Unreachable, HttpError, InvalidResponse) as error:
                message = f"the earlier releases could not be read: {error.message}"
                problems = (Problem("GitHub: history", "history", message),)
            else:
                problems = self._history.problems
                repo = replace(repo, budget=to_budget(limit) or repo.budget)
        return replace(repo, environments=self._attach_history(repo.environments, head)), problems

    async def _query_history(self, client: GitHubClient, head: str) -> RateLimit | None:
        response = await client.query(self._queries.history)
        poll = convert_json(response.data, PollResponse)
        ref = poll.repository.ref if poll.repository else None
        if ref is None or ref.target is None:
            raise InvalidResponse("GitHub's answer about the history does not contain the branch")
        self._history = _ReadHistory(head, self._files.read_histories(ref.target), _denied_problems(response.errors))
        return poll.rate_limit

    def _attach_history(self, files: Mapping[str, EnvironmentFiles], head: str) -> dict[str, EnvironmentFiles]:
        """Add the history if it is that of this head: that of another head may be outdated."""
        releases = self._history.releases if self._history.head == head else {}
        return {
            name: replace(environment, history=history, history_complete=is_complete)
            for name, environment in files.items()
            for history, is_complete in [releases.get(name, ((), None))]
        }

    async def _read_pull_requests(
        self, client: GitHubClient, repository: RepositoryNode
    ) -> tuple[list[PullRequestNode], tuple[GraphQLError, ...], list[RateLimit | None]]:
        """Read every open pull request, page by page.

        Returns them with the errors and the costs of the further pages. Pages that GitHub announces and does not
        hand out are an error.
        """
        page, nodes, errors = repository.pull_requests, list[PullRequestNode](), list[GraphQLError]()
        limits: list[RateLimit | None] = []
        cursors: set[str] = set()
        while page is not None:
            found = page.nodes
            nodes += [node for node in found if node]
            if malformed := sum(
                node is None and raw is not None for node, raw in zip(found, page.raw_nodes or (), strict=True)
            ):
                message = f"{format_count(malformed, 'open pull request')} cannot be read: unexpected shape"
                errors.append(GraphQLError("SHAPE", message, ("repository", "pullRequests")))
            if not page.page_info.has_next_page:
                break
            cursor = page.page_info.end_cursor
            if not cursor or cursor in cursors or len(cursors) >= MAX_PULL_REQUEST_PAGES:
                message = f"GitHub has {page.total_count} open pull requests and handed out {len(nodes)}"
                errors.append(GraphQLError("PAGE", message, ("repository", "pullRequests")))
                break
            cursors.add(cursor)
            response = await client.query(self._queries.more_pull_requests, {"after": cursor})
            errors += response.errors
            poll = convert_json(response.data, PollResponse)
            limits.append(poll.rate_limit)
            page = poll.repository.pull_requests if poll.repository else None
        return nodes, tuple(errors), limits

    def _not_visible_error(self, errors: tuple[GraphQLError, ...]) -> SourceError:
        """Return why a response does not contain the repository, in GitHub's words."""
        name = self._config.github.ops_repo
        denial = next((error for error in errors if error.path[:1] == ("repository",)), None)
        if denial is not None and denial.type == "FORBIDDEN":
            return Forbidden(f"{name}: {denial.message}")
        return NotFound(f"{name}: {denial.message if denial else 'not found'}; or the token may not see it")

    def _find_rename_problems(self, repository: RepositoryNode) -> Problems:
        configured = self._config.github.ops_repo
        current = repository.name_with_owner
        if current.lower() == configured.lower():
            return ()
        message = f'the ops repo was renamed to {current}: set github.ops_repo = "{current}"'
        return (Problem(configured, "renamed", message),)


def _to_pull_request(node: PullRequestNode, denied: tuple[GraphQLError, ...]) -> PullRequest:
    checks_denied = any("statusCheckRollup" in error.path and "pullRequests" in error.path for error in denied)
    return to_pull_request(node, checks_denied=checks_denied)


def _to_head(ref: BranchRef, commit: HeadCommitNode, denied: tuple[GraphQLError, ...]) -> HeadCommit:
    checks_denied = any("statusCheckRollup" in error.path and "pullRequests" not in error.path for error in denied)
    rules_denied = bool({"refUpdateRule", "rules"} & {step for error in denied for step in error.path})
    checks = summarize_required_checks(commit.status_check_rollup, ref.required_checks, denied=checks_denied)
    # Rules that are not readable may require more checks than the known ones.
    is_unknown = checks.state in {"success", "none"} and (rules_denied or ref.is_rule_list_cut)
    return HeadCommit(
        oid=commit.oid,
        headline=commit.message_headline,
        committed_at=to_utc(commit.committed_date),
        author=commit.author.display_name if commit.author else None,
        checks="unknown" if is_unknown else checks.state,
        required_checks=tuple(sorted({check.context for check in ref.required_checks})),
        checks_awaiting_person=checks.needs_person,
    )


_ENVIRONMENT_ALIAS = re.compile(r"^e\d+(?=[A-Z])")


def _denied_fields(errors: tuple[GraphQLError, ...]) -> frozenset[str]:
    """Return the aliases of the denied fields: the last name on each error's path."""
    return frozenset(next((step for step in reversed(error.path) if isinstance(step, str)), "") for error in errors)


def _denied_problems(errors: tuple[GraphQLError, ...]) -> Problems:
    """Return one problem for each denied field, however many environments it was denied for."""
    fields = {
        (
            ".".join(_ENVIRONMENT_ALIAS.sub("", step) for step in error.path if isinstance(step, str)) or "GraphQL",
            error.message,
        )
        for error in errors
    }
    return tuple(Problem(f"GitHub: {path}", "denied", message) for path, message in sorted(fields))
