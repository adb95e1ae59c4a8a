"""GitHub: the ops repo's branch, its files, its history and its open pull requests.

One GraphQL query a poll, at 1 point; a second one, for the history, only when the head has moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from anchor_tui.domain.model import Failure, Fresh, Missing, Problem, Reading, Release, Stale
from anchor_tui.domain.readings import EnvironmentFiles, Head, OpenPullRequest, OpsRepo, PastRelease
from anchor_tui.sources.errors import BadAnswer, NotFound, RateLimited, SourceError, Unauthenticated
from anchor_tui.sources.github.queries import make_queries
from anchor_tui.sources.github.wire import (
    Change,
    Changes,
    Entry,
    HeadCommit,
    Poll,
    Pull,
    Ref,
    Repository,
    changed_paths,
    required_checks,
    to_budget,
    to_pull_request,
    utc,
)
from anchor_tui.sources.pace import Backoff, pause

if TYPE_CHECKING:
    from anchor_tui.config import Config, EnvironmentConfig
    from anchor_tui.sources.github.door import Door, GraphAnswer, GraphError

SOURCE_ID = "github"
BUDGET_KEPT = 0.2
"""Below this part of the hourly allowance polling slows down, so that it lasts until the reset."""
Publish = Callable[[Reading[OpsRepo]], None]


@dataclass(slots=True)
class _History:
    """What was last read of the history: of which head, and each environment's releases."""

    head: str = ""
    releases: Mapping[str, tuple[PastRelease, ...]] = field(default_factory=dict)
    whole: Mapping[str, bool] = field(default_factory=dict)


class GitHubSource:
    """The ops repo as GitHub tells it."""

    id = SOURCE_ID
    kind = "github"

    def __init__(
        self, config: Config, connect: Callable[[frozenset[str]], Awaitable[Door]], now: Callable[[], datetime]
    ) -> None:
        self._config = config
        self._environments = config.environments
        self._queries = make_queries(config.github, config.environments, f"{config.chart.path}/values.yaml")
        self._connect = connect
        self._now = now
        self._wake = asyncio.Event()
        self._door: Door | None = None
        self._history = _History()
        self._last: Fresh[OpsRepo] | None = None

    def read_again(self) -> None:
        """Polls at once instead of after the pause."""
        self._wake.set()

    async def read(self) -> Fresh[OpsRepo]:
        """One reading, whole, the history included. Raises SourceError."""
        try:
            polled = await self._poll()
            return await self._with_history(polled)
        finally:
            self._hang_up()

    async def run(self, publish: Publish) -> None:
        """Readings, one after the other, until cancelled. Never gives up, never raises SourceError."""
        backoff = Backoff(first=2.0, longest=300.0)
        try:
            while True:
                try:
                    polled = await self._poll()
                    publish(polled)
                    if self._history_is_due(polled.value):
                        publish(await self._with_history(polled))
                    backoff.reset()
                    pause_s = self._interval_s(polled.value)
                except SourceError as error:
                    publish(self._failed(error.failure))
                    asked_s = error.wait_s if isinstance(error, RateLimited) else None
                    if isinstance(error, Unauthenticated):
                        self._hang_up()  # the next try reads the credentials anew
                        asked_s = float(self._config.github.poll_s)
                    pause_s = backoff.next(asked_s)
                await pause(self._wake, pause_s)
        finally:
            self._hang_up()

    # --- asking ------------------------------------------------------------------------------------

    async def _open(self) -> Door:
        if self._door is None:
            self._door = await self._connect(self._queries.texts)
        return self._door

    def _hang_up(self) -> None:
        if self._door is not None:
            self._door.close()
            self._door = None

    async def _poll(self) -> Fresh[OpsRepo]:
        door = await self._open()
        answer = await door.query(self._queries.poll)
        poll = _read(answer.data, Poll)
        repository = poll.repository
        if repository is None:
            raise NotFound(f"{self._config.github.ops_repo}: not found, or the token may not see it")
        if repository.ref is None or repository.ref.target is None:
            raise NotFound(f"{self._config.github.ops_repo} has no branch {self._config.github.branch}")
        pulls, more_errors = await self._pulls(door, repository)
        denied = (*answer.errors, *more_errors)
        files, problems = self._files(repository.ref.target)
        repo = OpsRepo(
            name=repository.name_with_owner,
            url=repository.url,
            branch=self._config.github.branch,
            head=_head(repository.ref, denied),
            environments=files,
            pull_requests=tuple(self._pull(pull, repository.ref.target, denied) for pull in pulls),
            budget=to_budget(poll.rate_limit),
            latency_ms=round(answer.took_s * 1000, 1),
            viewer=poll.viewer.login if poll.viewer else None,
        )
        problems += self._renamed(repository) + _denials(denied) + self._slowness(repo)
        return self._fresh(repo, problems)

    async def _pulls(self, door: Door, repository: Repository) -> tuple[list[Pull], tuple[GraphError, ...]]:
        """Every open pull request: a page after the other, none cut without a word."""
        page, found, errors = repository.pull_requests, list[Pull](), list["GraphError"]()
        while page is not None:
            found += [node for node in page.nodes or () if node]
            if not page.page_info.has_next_page:
                break
            answer = await door.query(self._queries.more_pull_requests, {"after": page.page_info.end_cursor})
            errors += answer.errors
            more = _read(answer.data, Poll).repository
            page = more.pull_requests if more else None
        return found, tuple(errors)

    async def _with_history(self, polled: Fresh[OpsRepo]) -> Fresh[OpsRepo]:
        """The same with each environment's earlier releases; asked only when the head has moved."""
        head = polled.value.head
        if self._history_is_due(polled.value) and head is not None:
            answer = await (await self._open()).query(self._queries.history)
            self._take_history(answer, head.oid)
        files = {name: self._files_with_history(name, each) for name, each in polled.value.environments.items()}
        return self._fresh(replace(polled.value, environments=files), polled.problems)

    def _history_is_due(self, repo: OpsRepo) -> bool:
        return repo.head is not None and repo.head.oid != self._history.head

    def _take_history(self, answer: GraphAnswer, head: str) -> None:
        repository = _read(answer.data, Poll).repository
        target = repository.ref.target if repository and repository.ref else None
        if not target:
            raise BadAnswer("GitHub's answer about the history has no branch in it")
        releases, whole = {}, {}
        for number, environment in enumerate(self._environments):
            changes = msgspec.convert(target.get(f"e{number}History") or {}, Changes)
            nodes = [node for node in changes.nodes or () if node]
            releases[environment.name] = tuple(self._past_release(node, environment) for node in nodes)
            whole[environment.name] = not changes.page_info.has_next_page
        self._history = _History(head, releases, whole)

    # --- reading the answer ------------------------------------------------------------------------

    def _files(self, target: Mapping[str, Any]) -> tuple[dict[str, EnvironmentFiles], tuple[Problem, ...]]:
        """Each environment's release and overlay, and what is wrong with the chart's own values."""
        found = {}
        for number, environment in enumerate(self._environments):
            changes = msgspec.convert(target.get(f"e{number}Change") or {}, Changes).nodes or []
            change = next((each for each in changes if each), None)
            release, problems = self._release(_entry(target, f"e{number}Release"), environment, change)
            overlay = self._overlay_problems(_entry(target, f"e{number}Values"), environment.values)
            files = EnvironmentFiles(release, problems + overlay)
            found[environment.name] = self._files_with_history(environment.name, files)
        chart = _entry(target, "chartValues")  # a chart need not have defaults
        chart_path = f"{self._config.chart.path}/values.yaml"
        return found, self._overlay_problems(chart, chart_path) if chart else ()

    def _files_with_history(self, name: str, files: EnvironmentFiles) -> EnvironmentFiles:
        return replace(files, history=self._history.releases.get(name, ()), whole=self._history.whole.get(name))

    def _release(
        self, entry: Entry | None, environment: EnvironmentConfig, change: Change | None
    ) -> tuple[Release | None, tuple[Problem, ...]]:
        path = environment.release
        text = _text(entry, path)
        if isinstance(text, Problem):
            return None, (text,)
        release, problems = _read_release(text, path, self._config.release)
        return (_dated(release, change) if release else None), problems

    def _overlay_problems(self, entry: Entry | None, path: str) -> tuple[Problem, ...]:
        text = _text(entry, path)
        return (text,) if isinstance(text, Problem) else _overlay_problems(text, path)

    def _past_release(self, change: Change, environment: EnvironmentConfig) -> PastRelease:
        release, _ = self._release(change.release, environment, change)
        return PastRelease(change.oid, release)

    def _pull(self, pull: Pull, target: Mapping[str, Any], denied: tuple[GraphError, ...]) -> OpenPullRequest:
        """A pull request with the releases that its head would bring.

        A branch that was cut some time ago holds old releases without changing them: the list of changed
        files tells which count; where GitHub names only a part of a long list, the content has to.
        """
        paths = changed_paths(pull)
        head = (pull.head_ref.target if pull.head_ref else None) or {}
        releases: dict[str, Release | None] = {}
        for number, environment in enumerate(self._environments):
            theirs, ours = _entry(head, f"e{number}Release"), _entry(target, f"e{number}Release")
            moved = theirs is not None and (ours is None or theirs.oid != ours.oid)
            if environment.release in paths if paths is not None else moved:
                releases[environment.name] = self._release(theirs, environment, None)[0]
        checks_denied = any("statusCheckRollup" in error.path and "pullRequests" in error.path for error in denied)
        return OpenPullRequest(to_pull_request(pull, checks_denied=checks_denied), pull.head_ref_name, releases)

    # --- problems ----------------------------------------------------------------------------------

    def _renamed(self, repository: Repository) -> tuple[Problem, ...]:
        configured = self._config.github.ops_repo
        if repository.name_with_owner.lower() == configured.lower():
            return ()
        now = repository.name_with_owner
        message = f'the ops repo was renamed to {now}: set github.ops_repo = "{now}"'
        return (Problem(configured, "renamed", message),)

    def _slowness(self, repo: OpsRepo) -> tuple[Problem, ...]:
        interval_s = self._interval_s(repo)
        if repo.budget is None or interval_s <= self._config.github.poll_s:
            return ()
        left = f"{repo.budget.remaining:,} of {repo.budget.limit:,} points left until {repo.budget.reset_at:%H:%M}Z"
        return (
            Problem(
                "GitHub", "budget", f"{left}: read every {interval_s:.0f} s instead of {self._config.github.poll_s}"
            ),
        )

    def _interval_s(self, repo: OpsRepo) -> float:
        """The configured pause, longer where the rest of the hour's points would not last."""
        poll_s = float(self._config.github.poll_s)
        budget = repo.budget
        if budget is None or budget.remaining >= budget.limit * BUDGET_KEPT:
            return poll_s
        until_reset_s = max(0.0, (budget.reset_at - self._now()).total_seconds())
        polls_left = max(1.0, budget.remaining / 2 / max(1, budget.cost))
        return max(poll_s, until_reset_s / polls_left)

    # --- readings ----------------------------------------------------------------------------------

    def _fresh(self, repo: OpsRepo, problems: tuple[Problem, ...]) -> Fresh[OpsRepo]:
        taken_at = self._now()
        # Two polls may fail to come before the last one is no longer believed.
        good_until = taken_at + timedelta(seconds=3 * self._interval_s(repo))
        self._last = Fresh(repo, taken_at, good_until, problems)
        return self._last

    def _failed(self, failure: Failure) -> Stale[OpsRepo] | Missing:
        if self._last is None:
            return Missing(failure)
        return Stale(self._last.value, self._last.taken_at, self._last.problems, failure)


def _read(data: Mapping[str, Any], shape: type[Poll]) -> Poll:
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"GitHub's answer has an unexpected shape: {error}") from error


def _entry(target: Mapping[str, Any], alias: str) -> Entry | None:
    found = target.get(alias)
    return msgspec.convert(found, Entry) if found else None


def _text(entry: Entry | None, path: str) -> str | Problem:
    """A file's text, or what keeps it from being read."""
    if entry is None:
        return Problem(path, "missing-file", "there is no such file on the branch", file=path)
    blob = entry.object
    if blob is None or blob.is_binary or blob.text is None:
        return Problem(path, "unreadable-file", "this is no text file", file=path)
    if blob.is_truncated:
        return Problem(path, "unreadable-file", f"too large to be read ({blob.byte_size:,} bytes)", file=path)
    return blob.text


def _head(ref: Ref, denied: tuple[GraphError, ...]) -> Head:
    commit = msgspec.convert(ref.target, HeadCommit)
    checks_denied = any("statusCheckRollup" in error.path and "pullRequests" not in error.path for error in denied)
    return Head(
        oid=commit.oid,
        headline=commit.message_headline,
        committed_at=utc(commit.committed_date) if commit.committed_date else None,
        author=commit.author.who if commit.author else None,
        checks=required_checks(commit.status_check_rollup, ref.required_checks, denied=checks_denied),
    )


def _denials(errors: tuple[GraphError, ...]) -> tuple[Problem, ...]:
    """One problem for each kind of field that was denied, however often it was."""
    fields = {
        (".".join(step for step in error.path if isinstance(step, str)) or "GraphQL", error.message) for error in errors
    }
    return tuple(Problem(f"GitHub: {path}", "denied", message) for path, message in sorted(fields))


def _dated(release: Release, change: Change | None) -> Release:
    if change is None:
        return release
    return replace(
        release,
        changed_at=utc(change.committed_date) if change.committed_date else None,
        changed_by=change.author.who if change.author else None,
        pull_request=change.pull_request,
    )


@lru_cache(maxsize=2048)
def _read_release(text: str, path: str, keys: Any) -> tuple[Release | None, tuple[Problem, ...]]:  # noqa: ANN401
    """A release.yaml. The same text is parsed once: a poll brings every file anew, and few of them differ."""
    from anchor_tui.domain.documents import DocumentError, parse  # ruamel: 11 ms that the first frame need not wait for
    from anchor_tui.domain.releases import read_release

    try:
        return read_release(parse(text, path), keys)
    except DocumentError as error:
        return None, (error.problem,)


@lru_cache(maxsize=512)
def _overlay_problems(text: str, path: str) -> tuple[Problem, ...]:
    from anchor_tui.domain.documents import DocumentError, parse

    try:
        parse(text, path)
    except DocumentError as error:
        return (error.problem,)
    return ()
