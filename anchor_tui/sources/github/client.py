"""The one door to GitHub: PyGithub on a thread of its own, and every failure in words.

A `Github` object is not safe between threads, so one thread owns it. It is a daemon: a GitHub that hangs
never holds up the end of the program. The read-only gate sits in the connection that PyGithub sends
through, below every method it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from anchor_tui import __version__
from anchor_tui.config.web_address import is_loopback
from anchor_tui.sources.errors import (
    ClientError,
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    ServerError,
    SourceError,
    Timeout,
    TlsError,
    Unauthenticated,
    Unreachable,
    WriteRefused,
)

if TYPE_CHECKING:
    from github import Github, GithubException

    from anchor_tui.sources.credentials.github import GitHubAccess
    from anchor_tui.sources.github.queries import QueryDocument

T = TypeVar("T")
RESPONSE_TIMEOUT_S = 15
QUERY_DEADLINE_S = 45.0
"""For a query in all: a name that is never resolved, or an answer that drips, ends no other way."""
_inject = threading.Lock()


@dataclass(frozen=True, slots=True)
class GraphQLError:
    """One of the `errors` that came beside the data: `path` is where in the answer something is missing."""

    type: str
    message: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphQLResponse:
    """The data of a query, what was denied in it, and how long it took in seconds."""

    data: Mapping[str, Any]
    errors: tuple[GraphQLError, ...] = ()
    took_s: float = 0.0


@dataclass(slots=True)
class ReadOnlyGuard:
    """What may leave. Read-only: GETs, and POSTs to GraphQL that carry a registered query document."""

    read_only: bool
    documents: frozenset[str] = frozenset()

    def check_request(self, verb: str, url: str, body: object) -> None:
        """Raises WriteRefused before a byte leaves."""
        if not self.read_only or verb == "GET":
            return
        if verb == "POST" and url.split("?")[0].endswith("/graphql") and self._is_registered(body):
            return
        raise WriteRefused(f"read-only: {verb} {url.split('?')[0]} was not sent to GitHub")

    def _is_registered(self, body: object) -> bool:
        try:
            return json.loads(body)["query"] in self.documents  # type: ignore[arg-type]
        except (TypeError, ValueError, KeyError):
            return False


@dataclass(slots=True)
class GitHubClient:
    """Every request to GitHub goes through here, one at a time, in the order in which they were asked."""

    access: GitHubAccess
    guard: ReadOnlyGuard
    _jobs: queue.SimpleQueue[Callable[[], None] | None] = field(default_factory=queue.SimpleQueue, init=False)
    _github: Github | None = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    async def query(self, document: QueryDocument, variables: Mapping[str, Any] | None = None) -> GraphQLResponse:
        """Asks a registered query. Raises the tree of `sources.errors`; errors beside data are in the answer."""
        everything = dict(document.variables) | dict(variables or {})
        try:
            async with asyncio.timeout(QUERY_DEADLINE_S):
                return await self._on_thread(lambda github: _run_query(github, document.text, everything))
        except TimeoutError as error:
            raise Timeout(f"{self.access.api_url}: no answer within {QUERY_DEADLINE_S:g} s") from error

    async def call(self, work: Callable[[Github], T]) -> T:
        """Runs any other work with the `Github` object on its thread; the gate holds there too."""
        return await self._on_thread(work)

    def close(self) -> None:
        """Ends the thread once what it does is done; nobody waits for that."""
        self._jobs.put(None)

    async def _on_thread(self, work: Callable[[Github], T]) -> T:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="github", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            if answer.cancelled():  # its time was up while it waited for its turn: as a write it would come too late
                return
            try:
                result = _translate_errors(self.access.api_url, lambda: work(self._open()))
            except BaseException as error:  # noqa: BLE001 - handed over whole to who waits
                _deliver_result(loop, answer, answer.set_exception, error)
            else:
                _deliver_result(loop, answer, answer.set_result, result)

        self._jobs.put(job)
        return await answer

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        if self._github is not None:
            self._github.close()

    def _open(self) -> Github:
        if self._github is None:
            self._github = _create_github(self.access, self.guard)
        return self._github


def _deliver_result(
    loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T], put: Callable[[Any], None], value: object
) -> None:
    def deliver() -> None:
        if not answer.done():  # who asked may have gone
            put(value)

    with contextlib.suppress(RuntimeError):  # the loop may be closed: nobody waits for it any more
        loop.call_soon_threadsafe(deliver)


def _create_github(access: GitHubAccess, gate: ReadOnlyGuard) -> Github:
    """PyGithub with no retry, no sleep and no pause of its own, and the gate in its connections."""
    import github  # 160 ms, on this thread
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

    # PyGithub's logger writes to stderr, which is the screen.
    logger = logging.getLogger("github.Requester")
    logger.handlers[:] = [logging.NullHandler()]  # without any, the last resort writes there too
    logger.propagate = False

    with _inject:  # the classes are taken over when the object is made
        Requester.injectConnectionClasses(
            _guard_connection_class(HTTPRequestsConnectionClass, gate),
            _guard_connection_class(HTTPSRequestsConnectionClass, gate),
        )
        try:
            return github.Github(
                auth=github.Auth.Token(access.token.reveal()),
                base_url=access.api_url.rstrip("/"),
                user_agent=f"anchor-tui/{__version__}",
                verify=access.ca_file or True,
                timeout=RESPONSE_TIMEOUT_S,
                per_page=100,
                retry=None,
                seconds_between_requests=None,
                seconds_between_writes=None,
                lazy=True,
                api_version="2022-11-28",
            )
        finally:
            Requester.resetConnectionClasses()


def _guard_connection_class(connection: Any, gate: ReadOnlyGuard) -> Any:  # noqa: ANN401 - PyGithub's own classes
    """A class of PyGithub's connections, with the gate before everything that it sends."""

    class Gated(connection):  # type: ignore[misc]
        def __init__(self, host: str, *rest: Any, **more: Any) -> None:  # noqa: ANN401 - as PyGithub has it
            super().__init__(host, *rest, **more)
            self.session.trust_env = not is_loopback(host)  # no proxy leads to this machine

        def request(self, verb: str, url: str, *rest: Any, **more: Any) -> None:  # noqa: ANN401 - as PyGithub has it
            gate.check_request(verb, url, rest[0] if rest else None)
            super().request(verb, url, *rest, **more)

    return Gated


def _run_query(github: Github, text: str, variables: Mapping[str, Any]) -> GraphQLResponse:
    from github import GithubException

    began = time.monotonic()
    try:
        _, body = github.requester.graphql_query(text, dict(variables))
    except GithubException as error:
        # Errors beside data: PyGithub raises although the data is there.
        body = error.data if isinstance(error.data, dict) else {}
        if not isinstance(body.get("data"), dict) or not any(value is not None for value in body["data"].values()):
            raise
    except (TypeError, AttributeError, UnicodeDecodeError) as error:  # PyGithub, of an answer that is no object
        raise InvalidResponse("GitHub's answer is no JSON object") from error
    took_s = time.monotonic() - began
    if not isinstance(body, dict):
        raise InvalidResponse("GitHub's answer is no JSON object")
    data = body.get("data")
    if not isinstance(data, dict):
        raise InvalidResponse("GitHub's answer is no JSON but a page of HTML: a proxy's login page?")
    errors = tuple(
        GraphQLError(str(each.get("type", "")), str(each.get("message", "")), tuple(each.get("path") or ()))
        for each in body.get("errors") or ()
        if isinstance(each, dict)
    )
    return GraphQLResponse(data, errors, took_s)


def _translate_errors(url: str, work: Callable[[], T]) -> T:
    """Turns what PyGithub and requests raise into our errors, `from` the cause."""
    import requests
    from github import GithubException

    try:
        return work()
    except SourceError:
        raise
    except GithubException as error:
        raise to_source_error(error) from error
    except requests.exceptions.SSLError as error:
        raise TlsError(f"{url}: TLS: {_innermost_reason(error)}; name the authority with github.ca_file") from error
    except requests.exceptions.ConnectTimeout as error:
        raise Timeout(f"{url}: no answer within {RESPONSE_TIMEOUT_S} s", sent=False) from error
    except requests.exceptions.Timeout as error:
        raise Timeout(f"{url}: no answer within {RESPONSE_TIMEOUT_S} s") from error
    except (json.JSONDecodeError, requests.exceptions.ContentDecodingError) as error:
        raise InvalidResponse(f"{url}: the answer ended early or is no JSON") from error
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.RequestException) as error:
        raise Unreachable(
            f"{url}: the connection failed: {_innermost_reason(error)}", sent=not _was_never_connected(error)
        ) from error
    except RuntimeError as error:  # PyGithub on a redirect to another host or scheme
        raise InvalidResponse(f"{url}: {error}") from error


def to_source_error(error: GithubException) -> SourceError:
    """The error of GitHub's own answer."""
    headers = {key.lower(): value for key, value in (error.headers or {}).items()}
    message = _error_message(error)
    kinds = {str(each.get("type", "")) for each in _graphql_errors(error)}
    if kinds & {"RATE_LIMIT", "RATE_LIMITED"} or error.status == 429 or "rate limit" in message.lower():
        return RateLimited(f"GitHub's rate limit is used up: {message}", _retry_after_s(headers))
    if "NOT_FOUND" in kinds or error.status == 404:
        return NotFound(f"{message or 'not found'}; or the token may not see it")
    match error.status:
        case 401:
            return Unauthenticated(
                "401: GitHub does not accept the token (wrong, expired, revoked): set GITHUB_TOKEN, or `gh auth login`"
            )
        case 403 if sso := headers.get("x-github-sso"):
            return Forbidden(f"403: the organisation wants the token authorised for SSO: {sso}")
        case 403:
            needed = headers.get("x-accepted-github-permissions")
            return Forbidden(f"403: {message}" + (f"; the token needs {needed}" if needed else ""))
        case status if status >= 500:
            return ServerError(f"GitHub answered HTTP {status}" + (f": {message}" if message else ""), status)
        case 400 if "FORBIDDEN" in kinds or "INSUFFICIENT_SCOPES" in kinds:
            return Forbidden(f"403: {message}")
        case 400 if message.startswith("Something went wrong"):  # GraphQL's 500, a timeout among them
            return ServerError(f"GitHub failed: {message}")
        case status:
            return ClientError(f"GitHub refused (HTTP {status}): {message or 'no reason given'}", status)


def _graphql_errors(error: GithubException) -> list[Mapping[str, Any]]:
    found = error.data.get("errors") if isinstance(error.data, dict) else None
    return [each for each in found or () if isinstance(each, dict)]


def _error_message(error: GithubException) -> str:
    if isinstance(error.data, dict):
        details = "; ".join(str(each.get("message") or each.get("code") or "") for each in _graphql_errors(error))
        words: Any = ": ".join(filter(None, [str(error.data.get("message") or ""), details]))
        words = words or error.data.get("data")  # so PyGithub wraps what is no JSON
    else:
        words = error.data.decode(errors="replace") if isinstance(error.data, bytes) else str(error.data or "")
    words = str(words or error.message or "").strip()
    return "a page of HTML, as from a proxy" if words.startswith("<") else words[:300]


def _retry_after_s(headers: Mapping[str, Any]) -> float:
    """`retry-after`, else until the reset where nothing remains, else a minute."""
    retry_after, reset = str(headers.get("retry-after", "")), str(headers.get("x-ratelimit-reset", ""))
    if retry_after.isdecimal():
        return float(retry_after)
    if str(headers.get("x-ratelimit-remaining", "")) == "0" and reset.isdecimal():
        return max(1.0, float(reset) - time.time())
    return 60.0


def _was_never_connected(error: Exception) -> bool:
    """Whether there was no connection at all, so that nothing left."""
    cause: BaseException | None = error
    while cause is not None:
        if type(cause).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ProxyError"}:
            return True
        cause = cause.__cause__ or cause.__context__ or _wrapped_exception(cause)
    return False


def _innermost_reason(error: Exception) -> str:
    """The innermost cause: the outer layers of requests repeat the address and their own names."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__ or _wrapped_exception(cause)) is not None:
        cause = inner
    return str(cause).strip("()'\" ") or type(cause).__name__


def _wrapped_exception(error: BaseException) -> BaseException | None:
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return inner if isinstance(inner, BaseException) and inner is not error else None
