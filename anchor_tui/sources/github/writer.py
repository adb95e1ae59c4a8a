"""Writes to GitHub through PyGithub: each is sent once, and none after its deadline.

PyGithub is imported by the first write, so a process that only reads never loads it. A `Github` object is not safe
between threads, so one write runs at a time. Its thread is a daemon: a GitHub that hangs does not delay the end of
the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    RequestReviewers,
)
from anchor_tui.sources.api_request import ApiRequest
from anchor_tui.sources.credentials.github import GitHubAccess
from anchor_tui.sources.errors import ClientError, InvalidResponse, SourceError, Timeout
from anchor_tui.sources.github.client import API_VERSION, create_github_tls_context
from anchor_tui.sources.github.error_map import GITHUB, to_source_error
from anchor_tui.sources.github.pygithub_connection import PyGithubConnection, active_sender
from anchor_tui.sources.github.step_requests import GitHubStep, build_github_request
from anchor_tui.sources.http import create_client, limit_request
from anchor_tui.sources.network import MAX_RESPONSE_BYTES, USER_AGENT, find_proxy

if TYPE_CHECKING:
    import ssl

    import httpx
    from github import Github

T = TypeVar("T")
RESPONSE_TIMEOUT_S = 15
"""The longest silence of the server, in whole seconds, as PyGithub takes it."""
REQUEST_DEADLINE_S = 30.0
"""For one request with its whole answer."""
WRITE_DEADLINE_S = 40.0
"""For one write, from the call to its answer; the wait for its turn is included."""
MUTATION_FIELDS = {
    "createCommitOnBranch": "commit { oid url }",
    "enablePullRequestAutoMerge": "pullRequest { number }",
    "enqueuePullRequest": "mergeQueueEntry { position }",
}


class GitHubWriter:
    """The writes of one execution. Nothing is retried: after an error the caller checks whether it was applied."""

    def __init__(
        self,
        access: GitHubAccess,
        *,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` replaces the network in tests."""
        self._access = access
        self._max_response_bytes = max_response_bytes
        self._transport = transport
        self._tls: ssl.SSLContext | None = None
        self._github: Github | None = None
        self._turn = threading.Lock()

    async def send_step(self, step: GitHubStep, number: int | None = None) -> dict[str, Any]:
        """Send the request of a step once, and return GitHub's answer.

        `number` is the pull request of a step that does not name one. Raises SourceError; its
        `maybe_applied` is True if GitHub may have carried out the write.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[dict[str, Any]] = loop.create_future()
        write = _PendingWrite()

        def run() -> None:
            try:
                with self._turn:
                    github = self._open()
                    if not write.start():
                        return
                    active_sender.set(self._send_request)
                    result = _translate_errors(lambda: _send(github, step, number))
            except BaseException as error:  # noqa: BLE001 - handed over to the caller
                _deliver(loop, answer, answer.set_exception, error)
            else:
                _deliver(loop, answer, answer.set_result, result)

        threading.Thread(target=run, name="github-write", daemon=True).start()
        try:
            async with asyncio.timeout(WRITE_DEADLINE_S):
                return await answer
        except TimeoutError as error:
            message = f"{self._access.api_url}: no answer within {WRITE_DEADLINE_S:g} s"
            raise Timeout(message, sent=write.abandon()) from error
        finally:
            write.abandon()

    def close(self) -> None:
        """Close the connections, unless a write still hangs."""
        if self._turn.acquire(blocking=False):
            try:
                if self._github is not None:
                    self._github.close()
            finally:
                self._turn.release()

    def _open(self) -> Github:
        if self._github is None:
            if self._access.api_url.startswith("https://"):
                self._tls = create_github_tls_context(self._access)
            self._github = _create_github(self._access)
        return self._github

    def _send_request(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> httpx.Response:
        """Send one request from the thread of a write, and return its whole response. Raises SourceError."""
        return asyncio.run(self._exchange(method, path, body, headers))

    async def _exchange(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> httpx.Response:
        url = self._access.api_url
        client = create_client(
            headers,
            verify=self._tls or False,
            proxy=find_proxy(url),
            timeout_s=RESPONSE_TIMEOUT_S,
            read_rules=None,
            max_response_bytes=self._max_response_bytes,
            transport=self._transport,
        )
        async with client, limit_request(GITHUB, url, RESPONSE_TIMEOUT_S, REQUEST_DEADLINE_S):
            return await client.request(method, urlsplit(url)._replace(path=path, query="").geturl(), content=body)


class _PendingWrite:
    """A write that starts before it is abandoned, or never."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_started = False
        self._is_abandoned = False

    def start(self) -> bool:
        """Start the write; return False if it was abandoned before."""
        with self._lock:
            self._is_started = not self._is_abandoned
            return self._is_started

    def abandon(self) -> bool:
        """Prevent a later start; return whether the write was started."""
        with self._lock:
            self._is_abandoned = True
            return self._is_started


def _deliver(
    loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Any], deliver: Callable[[Any], None], value: object
) -> None:
    def deliver_if_awaited() -> None:
        if not answer.done():  # the caller may have given up
            deliver(value)

    with contextlib.suppress(RuntimeError):  # the loop may be closed
        loop.call_soon_threadsafe(deliver_if_awaited)


def _create_github(access: GitHubAccess) -> Github:
    """Create a `Github` object without retries, sleeps and pauses of its own."""
    import github

    # PyGithub logs to stderr, which is the screen.
    logger = logging.getLogger("github.Requester")
    logger.handlers[:] = [logging.NullHandler()]  # without any handler, logging's last resort writes to stderr too
    logger.propagate = False

    github.Requester.Requester.injectConnectionClasses(PyGithubConnection, PyGithubConnection)  # type: ignore[arg-type]
    return github.Github(
        auth=github.Auth.Token(access.token.reveal()),
        base_url=access.api_url.rstrip("/"),
        user_agent=USER_AGENT,
        timeout=RESPONSE_TIMEOUT_S,
        per_page=100,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
        lazy=True,
        api_version=API_VERSION,
    )


# --- requests -----------------------------------------------------------------------------------------


def _send(github: Github, step: GitHubStep, number: int | None) -> dict[str, Any]:
    """Send one request; PyGithub's objects are lazy, so none of these calls sends a second one."""
    repository = github.get_repo(step.repository)
    match step:
        case CreateBranch():
            return _check_answer(repository.create_git_ref(f"refs/heads/{step.branch}", step.oid).raw_data, "ref")
        case CreatePullRequest():
            opened = repository.create_pull(step.base, step.branch, title=step.headline, body=step.body)
            return _check_answer(opened.raw_data, "number")
        case MergePullRequest(way="merge"):
            number = step.number or number
            assert number is not None, "the caller knows the pull request that an earlier step opened"
            pull_request = repository.get_pull(number)
            status = pull_request.merge(merge_method=step.method, sha=step.head_sha)
            return _check_answer(status.raw_data, "sha")
        case DispatchWorkflow():
            workflow = repository.get_workflow(step.workflow)
            run = workflow.create_dispatch(step.ref, step.inputs, throw=True, return_run_details=True)
            return {} if isinstance(run, bool) else {"workflow_run_id": run.id, "html_url": run.html_url}
        case CommitFiles() | MergePullRequest():
            return _mutate(github, build_github_request(step))
        case MoveBranch() | AddLabels() | RequestReviewers():
            return _request(github, build_github_request(step), number)


def _mutate(github: Github, request: ApiRequest) -> dict[str, Any]:
    """Send a GraphQL mutation and return its fields."""
    body = request.body or {}
    name = str(body["mutation"])
    _, answer = github.requester.graphql_named_mutation(name, dict(body["input"]), MUTATION_FIELDS[name])
    if not isinstance(answer, dict) or not answer:
        raise InvalidResponse(f"GitHub's answer does not contain the result of {name}")
    return answer


def _request(github: Github, request: ApiRequest, number: int | None) -> dict[str, Any]:
    """Send a REST request whose answer PyGithub's objects would discard, a proxy's page of HTML included."""
    path = request.path.replace("{number}", str(number or ""))
    _, answer = github.requester.requestJsonAndCheck(request.method, path, input=dict(request.body or {}))
    return {"items": answer} if isinstance(answer, list) else _check_answer(answer)


def _check_answer(answer: object, key: str = "") -> dict[str, Any]:
    """Return an answer that has `key`; PyGithub passes on redirects and pages of HTML as if they were one."""
    if answer is None:
        answer = {}
    if not isinstance(answer, dict):
        raise InvalidResponse("GitHub's answer is not a JSON object")
    if isinstance(answer.get("data"), str):
        raise InvalidResponse("GitHub's answer is a page of HTML instead of JSON: a proxy's login page?")
    if {"message", "documentation_url"} <= answer.keys():
        raise ClientError(f"GitHub redirects the request ({answer['message']}): was the repository renamed?", 307)
    if key and key not in answer:
        raise InvalidResponse(f"GitHub's answer does not contain `{key}`")
    return answer


# --- errors -------------------------------------------------------------------------------------------


def _translate_errors(send: Callable[[], T]) -> T:
    """Raise the exceptions of PyGithub as ours; those of the connection are ours already."""
    from github import GithubException

    try:
        return send()
    except SourceError:
        raise
    except GithubException as error:
        raise to_source_error(error.status, error.headers or {}, error.data or error.message) from error
    except json.JSONDecodeError as error:
        raise InvalidResponse(f"GitHub's answer ended early or is not JSON: {error}") from error
    except Exception as error:  # PyGithub raises many kinds, of an answer that it does not expect
        raise InvalidResponse("GitHub's answer is not a JSON object of the expected shape") from error
