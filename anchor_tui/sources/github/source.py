"""GitHub: the ops repo's branch, its files, its history and its open pull requests.

One GraphQL query a poll, at 1 point; a second one, for the history, only when the head has moved. The names of
settings and comparisons with the head are asked beside the polls.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from anchor_tui.domain.model import Fresh, Problem, PullRequest, Reading, SourceFailure, Stale, Unavailable
from anchor_tui.domain.source_data import EnvironmentFiles, HeadCommit, OpenPullRequestData, OpsRepoData
from anchor_tui.sources.backoff import Backoff, sleep_until_woken
from anchor_tui.sources.errors import (
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    ServerError,
    SourceError,
    Timeout,
    Unauthenticated,
    Unreachable,
)
from anchor_tui.sources.github.client import GraphQLError
from anchor_tui.sources.github.queries import build_queries
from anchor_tui.sources.github.repo_files import ReleaseHistories, RepoFiles
from anchor_tui.sources.github.schema import (
    BranchRef,
    HeadCommitNode,
    PollResponse,
    PullRequestNode,
    RateLimit,
    RepositoryNode,
    convert_json,
    summarize_required_checks,
    to_budget,
    to_pull_request,
    to_utc,
)
from anchor_tui.sources.github.secondary_polling import SecondaryPoller

if TYPE_CHECKING:
    from anchor_tui.config.model import Config
    from anchor_tui.sources.github.client import GitHubClient

SOURCE_ID = "github"
LOW_BUDGET_FRACTION = 0.2
"""Below this part of the hourly allowance polling slows down, so that it lasts until the reset."""
SETTINGS_GRACE_S = 3.0
"""How long a single reading waits for the settings, once everything else is there."""
Publish = Callable[[Reading[OpsRepoData]], None]


@dataclass(frozen=True, slots=True)
class _ReadHistory:
    """What was last read of the history: of which head, each environment's releases, and what was denied."""

    head: str = ""
    releases: ReleaseHistories = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class GitHubSource:
    """The ops repo as GitHub tells it."""

    id = SOURCE_ID
    kind = "github"

    def __init__(
        self, config: Config, connect: Callable[[frozenset[str]], Awaitable[GitHubClient]], now: Callable[[], datetime]
    ) -> None:
        self._config = config
        self._files = RepoFiles(config)
        self._queries = build_queries(config.github, config.environments, config.chart)
        self._connect = connect
        self._now = now
        self._wake = asyncio.Event()
        self._client: GitHubClient | None = None
        self._history = _ReadHistory()
        self._last: Fresh[OpsRepoData] | None = None
        self._published: Reading[OpsRepoData] | None = None
        self._secondary = SecondaryPoller(config.github, lambda: connect(frozenset()))  # it asks no GraphQL

    def read_again(self) -> None:
        """Polls at once instead of after the pause, and asks for the settings too."""
        self._wake.set()
        self._secondary.read_again()

    def set_synced_revisions(self, revisions: Iterable[str]) -> None:
        """The commits that Argo CD synced: what lies between them and the head is asked for in the background."""
        self._secondary.set_revisions(revisions)

    async def read_comparisons(self, revisions: Iterable[str]) -> Fresh[OpsRepoData] | None:
        """The last reading with these commits compared with its head; None where there is nothing to compare."""
        self._secondary.set_revisions(revisions)
        if self._last is None or not self._secondary.is_comparison_due:
            return None
        await self._secondary.compare_once()
        return self._with_secondary(self._last)

    async def read(self) -> Fresh[OpsRepoData]:
        """One reading, whole, the history and the settings included. Raises SourceError."""
        beside = asyncio.create_task(self._secondary.read_settings_once())
        try:
            polled = await self._read_with_history(await self._poll())
            await asyncio.wait((beside,), timeout=SETTINGS_GRACE_S)
            self._secondary.mark_settings_unread(f"GitHub gave no answer within {SETTINGS_GRACE_S:g} s")
            return self._with_secondary(polled)
        finally:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
            self._close_client()

    async def read_branch(self) -> OpsRepoData:
        """The branch this moment with its history, and nothing beside it. Raises SourceError."""
        return (await self._read_with_history(await self._poll())).value

    def close_client(self) -> None:
        """Lets go of the door; the next question opens another."""
        self._close_client()

    async def run(self, publish: Publish) -> None:
        """Readings, one after the other, until cancelled. Never gives up, never raises SourceError."""
        beside: asyncio.Task[None] | None = None

        def tell(reading: Reading[OpsRepoData]) -> None:
            nonlocal beside
            self._published = reading
            publish(reading)
            if beside is None and isinstance(reading, Fresh):  # the first picture waits for nothing
                beside = asyncio.create_task(self._secondary.run(tell_more))

        def tell_more() -> None:
            if isinstance(self._published, Fresh):
                tell(self._with_secondary(self._published))

        try:
            await self._keep_polling(tell)
        finally:
            if beside is not None:
                beside.cancel()
                await asyncio.gather(beside, return_exceptions=True)

    async def _keep_polling(self, publish: Publish) -> None:
        backoff = Backoff(first=2.0, longest=300.0)
        try:
            while True:
                try:
                    polled = await self._poll()
                    is_due = self._is_history_due(polled.value)
                    if not (is_due and self._history.head):  # the first picture waits for nothing; later ones are whole
                        publish(polled)
                    if is_due:
                        publish(await self._read_with_history(polled))
                    backoff.reset()
                    pause_s = self._interval_s(polled.value)
                except SourceError as error:
                    publish(self._to_failed(error.failure))
                    asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
                    if isinstance(error, Unauthenticated):
                        asked_s = float(self._config.github.poll_s)
                    if isinstance(error, Unauthenticated | Timeout):
                        self._close_client()  # the next try reads the credentials anew, on a thread that is free
                    pause_s = backoff.next_pause_s(asked_s)
                await sleep_until_woken(self._wake, pause_s)
        finally:
            self._close_client()

    # --- asking ------------------------------------------------------------------------------------

    async def _get_client(self) -> GitHubClient:
        if self._client is None:
            self._client = await self._connect(self._queries.texts)
        return self._client

    def _close_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _poll(self) -> Fresh[OpsRepoData]:
        door = await self._get_client()
        answer = await door.query(self._queries.poll)
        poll = convert_json(answer.data, PollResponse)
        repository = poll.repository
        if repository is None:
            raise self._not_visible_error(answer.errors)
        ref = repository.ref
        if ref is None or ref.target is None:
            raise NotFound(f"{self._config.github.ops_repo} has no branch {self._config.github.branch}")
        target = ref.target
        pulls, more_errors, limits = await self._read_pull_requests(door, repository)
        denied = (*answer.errors, *more_errors)
        head = _to_head(ref, denied)
        repo = OpsRepoData(
            name=repository.name_with_owner,
            url=repository.url,
            branch=self._config.github.branch,
            head=head,
            environments=self._attach_history(
                self._files.read_environments(target, _denied_fields(answer.errors)), head.oid
            ),
            files=self._files.read_texts(target),
            blobs=self._files.read_blob_oids(target),
            pull_requests=tuple(
                OpenPullRequestData(
                    _to_pull_request(each, denied), each.head_ref_name, self._files.find_moved_releases(each, target)
                )
                for each in pulls
            ),
            budget=to_budget(poll.rate_limit, *limits),
            latency_ms=round(answer.took_s * 1000, 1),
            viewer=poll.viewer.login if poll.viewer else None,
        )
        chart = self._files.find_chart_problems(target)
        problems = (
            *chart,
            *self._find_rename_problems(repository),
            *_denied_problems(denied),
            *self._history.problems,
            *self._find_budget_problems(repo),
        )
        return self._to_fresh(repo, problems, self._now())

    def _not_visible_error(self, errors: tuple[GraphQLError, ...]) -> SourceError:
        """Why there is no repository in an answer, in GitHub's words."""
        name = self._config.github.ops_repo
        why = next((error for error in errors if error.path[:1] == ("repository",)), None)
        if why is not None and why.type == "FORBIDDEN":
            return Forbidden(f"{name}: {why.message}")
        return NotFound(f"{name}: {why.message if why else 'not found'}; or the token may not see it")

    async def _read_pull_requests(
        self, door: GitHubClient, repository: RepositoryNode
    ) -> tuple[list[PullRequestNode], tuple[GraphQLError, ...], list[RateLimit | None]]:
        """Every open pull request: a page after the other, none cut without a word. And what the pages cost."""
        page, found, errors = repository.pull_requests, list[PullRequestNode](), list[GraphQLError]()
        limits: list[RateLimit | None] = []
        cursors: set[str] = set()
        while page is not None:
            found += [node for node in page.nodes or () if node]
            if not page.page_info.has_next_page:
                break
            cursor = page.page_info.end_cursor
            if not cursor or cursor in cursors:
                words = f"GitHub has {page.total_count} open pull requests and handed out {len(found)}"
                errors.append(GraphQLError("PAGE", words, ("repository", "pullRequests")))
                break
            cursors.add(cursor)
            answer = await door.query(self._queries.more_pull_requests, {"after": cursor})
            errors += answer.errors
            poll = convert_json(answer.data, PollResponse)
            limits.append(poll.rate_limit)
            page = poll.repository.pull_requests if poll.repository else None
        return found, tuple(errors), limits

    async def _read_with_history(self, polled: Fresh[OpsRepoData]) -> Fresh[OpsRepoData]:
        """The same with each environment's earlier releases; asked only when the head has moved.

        A history that does not come takes nothing from what was polled: it is a problem, and asked for again.
        """
        repo, problems = polled.value, polled.problems
        if repo.head is not None and self._is_history_due(repo):
            try:
                limit = await self._read_history(repo.head.oid)
            except (Unreachable, ServerError, InvalidResponse) as error:
                message = f"the earlier releases could not be read: {error.message}"
                problems += (Problem("GitHub: history", "history", message),)
            else:
                problems += self._history.problems
                repo = replace(repo, budget=to_budget(limit) or repo.budget)
        if repo.head is not None:
            repo = replace(repo, environments=self._attach_history(repo.environments, repo.head.oid))
        return self._to_fresh(repo, problems, polled.taken_at)

    def _is_history_due(self, repo: OpsRepoData) -> bool:
        return repo.head is not None and repo.head.oid != self._history.head

    async def _read_history(self, head: str) -> RateLimit | None:
        answer = await (await self._get_client()).query(self._queries.history)
        poll = convert_json(answer.data, PollResponse)
        ref = poll.repository.ref if poll.repository else None
        if ref is None or ref.target is None:
            raise InvalidResponse("GitHub's answer about the history has no branch in it")
        self._history = _ReadHistory(head, self._files.read_histories(ref.target), _denied_problems(answer.errors))
        return poll.rate_limit

    def _attach_history(self, files: Mapping[str, EnvironmentFiles], head: str) -> dict[str, EnvironmentFiles]:
        """The files with the history of that head; the history of another head would tell what is no longer so."""
        releases = self._history.releases if self._history.head == head else {}
        past = {name: releases.get(name, ((), None)) for name in files}
        return {
            name: replace(each, history=past[name][0], history_complete=past[name][1]) for name, each in files.items()
        }

    # --- problems ----------------------------------------------------------------------------------

    def _find_rename_problems(self, repository: RepositoryNode) -> tuple[Problem, ...]:
        configured = self._config.github.ops_repo
        if repository.name_with_owner.lower() == configured.lower():
            return ()
        now = repository.name_with_owner
        message = f'the ops repo was renamed to {now}: set github.ops_repo = "{now}"'
        return (Problem(configured, "renamed", message),)

    def _find_budget_problems(self, repo: OpsRepoData) -> tuple[Problem, ...]:
        interval_s = self._interval_s(repo)
        if repo.budget is None or interval_s <= self._config.github.poll_s:
            return ()
        left = f"{repo.budget.remaining:,} of {repo.budget.limit:,} points left until {repo.budget.reset_at:%H:%M}Z"
        return (
            Problem(
                "GitHub", "budget", f"{left}: read every {interval_s:.0f} s instead of {self._config.github.poll_s}"
            ),
        )

    def _interval_s(self, repo: OpsRepoData) -> float:
        """The configured pause, longer where the rest of the hour's points would not last."""
        poll_s = float(self._config.github.poll_s)
        budget = repo.budget
        if budget is None or budget.remaining >= budget.limit * LOW_BUDGET_FRACTION:
            return poll_s
        until_reset_s = max(0.0, (budget.reset_at - self._now()).total_seconds())
        polls_left = max(1.0, budget.remaining / 2 / max(1, budget.cost))
        return max(poll_s, until_reset_s / polls_left)

    # --- readings ----------------------------------------------------------------------------------

    def _to_fresh(self, repo: OpsRepoData, problems: tuple[Problem, ...], taken_at: datetime) -> Fresh[OpsRepoData]:
        if repo.head is not None:
            self._secondary.set_head(repo.head.oid)
        # Two polls may fail to come before the last one is no longer believed.
        good_until = taken_at + timedelta(seconds=3 * self._interval_s(repo))
        self._last = self._with_secondary(Fresh(repo, taken_at, good_until, tuple(dict.fromkeys(problems))))
        return self._last

    def _with_secondary(self, reading: Fresh[OpsRepoData]) -> Fresh[OpsRepoData]:
        """The reading with what was learned beside the polls."""
        return replace(reading, value=self._secondary.add_to_repo(reading.value))

    def _to_failed(self, failure: SourceFailure) -> Stale[OpsRepoData] | Unavailable:
        if self._last is None:
            return Unavailable(failure)
        return Stale(self._secondary.add_to_repo(self._last.value), self._last.taken_at, self._last.problems, failure)


def _to_pull_request(pull: PullRequestNode, denied: tuple[GraphQLError, ...]) -> PullRequest:
    checks_denied = any("statusCheckRollup" in error.path and "pullRequests" in error.path for error in denied)
    return to_pull_request(pull, checks_denied=checks_denied)


def _to_head(ref: BranchRef, denied: tuple[GraphQLError, ...]) -> HeadCommit:
    commit = convert_json(ref.target, HeadCommitNode)
    checks_denied = any("statusCheckRollup" in error.path and "pullRequests" not in error.path for error in denied)
    rules_denied = bool({"refUpdateRule", "rules"} & {step for error in denied for step in error.path})
    checks = summarize_required_checks(commit.status_check_rollup, ref.required_check_names, denied=checks_denied)
    return HeadCommit(
        oid=commit.oid,
        headline=commit.message_headline,
        committed_at=to_utc(commit.committed_date) if commit.committed_date else None,
        author=commit.author.display_name if commit.author else None,
        checks="unknown" if checks == "none" and rules_denied else checks,
        required_checks=tuple(sorted(ref.required_check_names)),
    )


_ENVIRONMENT_ALIAS = re.compile(r"^e\d+(?=[A-Z])")


def _denied_fields(errors: tuple[GraphQLError, ...]) -> frozenset[str]:
    """The last names on the errors' paths: the fields that were denied, by their aliases."""
    return frozenset(next((step for step in reversed(error.path) if isinstance(step, str)), "") for error in errors)


def _denied_problems(errors: tuple[GraphQLError, ...]) -> tuple[Problem, ...]:
    """One problem for each kind of field that was denied, however often and for how many environments it was."""
    fields = {
        (
            ".".join(_ENVIRONMENT_ALIAS.sub("", step) for step in error.path if isinstance(step, str)) or "GraphQL",
            error.message,
        )
        for error in errors
    }
    return tuple(Problem(f"GitHub: {path}", "denied", message) for path, message in sorted(fields))
