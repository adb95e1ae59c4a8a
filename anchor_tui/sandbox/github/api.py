"""GitHub's HTTP API: tokens, limits and headers around GraphQL and REST.

Everything is served at the root, as api.github.com does it, and below /api/v3 and /api/graphql, as an Enterprise
server does.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import uuid
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from anchor_tui.sandbox.clock import Clock
from anchor_tui.sandbox.faults.switches import FaultSwitches
from anchor_tui.sandbox.github import merge_rules, workflows
from anchor_tui.sandbox.github.pull_requests import RuleViolationError
from anchor_tui.sandbox.github.rate_budget import HourlyBudget
from anchor_tui.sandbox.github.repository import HostedRepository

REST_DOCS_URL = "https://docs.github.com/rest"
VIEWER = "on-call"
VIEWER_ID = 58_201_733
Endpoint = Callable[[Request], Awaitable["EndpointResponse"]]


class EndpointResponse:
    """What an endpoint answers: a JSON value with status and headers, before the limits are added."""

    def __init__(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.value, self.status, self.headers = value, status, headers or {}


class RestError(Exception):
    """An error in GitHub's words."""

    def __init__(self, status: int, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.value = {"message": message, "documentation_url": REST_DOCS_URL, "status": str(status), **more}


def respond_to_violation(error: RuleViolationError) -> EndpointResponse:
    """A rule's refusal as REST words it."""
    headers = {"x-accepted-github-permissions": error.permission} if error.permission else {}
    if error.errors:
        return EndpointResponse(
            RestError(error.status, "Validation Failed", errors=list(error.errors)).value, error.status
        )
    return EndpointResponse(RestError(error.status, str(error)).value, error.status, headers)


def generate_token() -> str:
    """A personal access token, as its form goes."""
    return "ghp_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(36))


class GitHubServer:
    """The servers of GitHub: several repositories, one token."""

    def __init__(self, repositories: Iterable[HostedRepository], clock: Clock, faults: FaultSwitches) -> None:
        self.repositories: dict[str, HostedRepository] = {}
        """By their present and their former names."""
        for hosted in repositories:
            for name in (hosted.full_name, *hosted.former_names):
                self.repositories[name.lower()] = hosted
        self.token = generate_token()
        self.tokens: dict[str, str] = {self.token: VIEWER}
        """Whose each token is."""
        self.clock = clock
        self.rest_budget = HourlyBudget("core", clock)
        self.graphql_budget = HourlyBudget("graphql", clock)
        self._faults = faults
        self._executor: Any = None
        self.app: ASGIApp = self._build_app()

    def _build_app(self) -> Starlette:
        from anchor_tui.sandbox.github import rest_pull_requests, rest_workflows, rest_writes
        from anchor_tui.sandbox.github.rest_reads import RestReads

        endpoints = [
            *RestReads(self).list_routes(),
            *rest_writes.list_routes(self),
            *rest_pull_requests.list_routes(self),
            *rest_workflows.list_routes(self),
        ]
        routes = [
            Route(path, self._wrap_endpoint(self.post_graphql, self.graphql_budget), methods=["POST"])
            for path in ("/graphql", "/api/graphql")
        ]
        for prefix in ("", "/api/v3"):
            for method, path, endpoint in endpoints:
                budget = None if path == "/rate_limit" else self.rest_budget
                routes.append(Route(prefix + path, self._wrap_endpoint(endpoint, budget), methods=[method]))
        handlers = {404: self._respond_not_found, 405: self._respond_not_found}
        return Starlette(routes=routes, exception_handlers=handlers)

    # --- around every request ----------------------------------------------------------------------

    def _wrap_endpoint(
        self, endpoint: Endpoint, budget: HourlyBudget | None
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                self._authenticate(request)
                if budget is self.rest_budget:
                    self._spend_request()
                given = await endpoint(request)
            except RestError as error:
                given = EndpointResponse(error.value, error.status)
            except RuleViolationError as error:
                given = respond_to_violation(error)
            return self._build_response(request, given, budget or self.rest_budget)

        return answer

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        login = self.tokens.get(token.strip()) if scheme.lower() in {"bearer", "token"} else None
        if login is None or self._faults.is_active("github", "invalid-token"):
            raise RestError(401, "Bad credentials")
        request.state.viewer = login

    def _spend_request(self) -> None:
        if not self.rest_budget.spend():
            raise RestError(403, f"API rate limit exceeded for user ID {VIEWER_ID}.")

    def _build_response(self, request: Request, given: EndpointResponse, budget: HourlyBudget) -> Response:
        body = given.value if isinstance(given.value, bytes) else msgspec.json.encode(given.value)
        body = b"" if given.status == 204 else body
        headers = {
            "content-type": "application/json; charset=utf-8",
            "x-github-media-type": "github.v3; format=json",
            "x-github-request-id": ":".join(uuid.uuid4().hex.upper()[start : start + 4] for start in range(0, 20, 4)),
            "x-github-api-version-selected": "2022-11-28",
            **(budget.headers if given.status != 401 else {}),
            **given.headers,
        }
        if request.method == "GET" and given.status == 200 and request.url.path.rpartition("/")[2] != "rate_limit":
            headers["etag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
            if request.headers.get("if-none-match") == headers["etag"]:
                budget.used -= 1
                return Response(None, 304, headers | budget.headers)
        return Response(body, given.status, headers)

    async def _respond_not_found(self, request: Request, _error: Exception) -> Response:
        return self._build_response(request, EndpointResponse(RestError(404, "Not Found").value, 404), self.rest_budget)

    def issue_token(self, login: str) -> str:
        """A token of somebody else, to do something as he."""
        token = generate_token()
        self.tokens[token] = login
        return token

    def run_due_events(self, now: datetime) -> None:
        """Let happen what is due: merges that wait for their time, and runs of workflows."""
        for hosted in {id(each): each for each in self.repositories.values()}.values():
            workflows.run_due_workflows(hosted, now)
            merge_rules.run_due_merges(hosted, now)

    # --- what is asked -----------------------------------------------------------------------------

    def find_repository(self, full_name: str) -> HostedRepository:
        """A repository by its present or a former name; `Refused` if there is none."""
        found = self.repositories.get(full_name.lower())
        if found is None:
            raise RestError(404, "Not Found")
        return found

    def is_denied(self, field: str) -> bool:
        """Whether the token may not see it."""
        return field in self._faults.values_of("github", "deny")

    async def post_graphql(self, request: Request) -> EndpointResponse:
        """POST /graphql."""
        try:
            asked = msgspec.json.decode(await request.body())
            query, variables = asked["query"], asked.get("variables") or {}
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            raise RestError(400, "Problems parsing JSON") from error
        denied = self._faults.values_of("github", "deny")
        operation = asked.get("operationName")
        return EndpointResponse(self.executor.execute(query, variables, operation, denied, request.state.viewer))

    @property
    def executor(self) -> Any:  # noqa: ANN401 - its module is imported with the first query
        """What answers GraphQL. Its library takes a tenth of a second to import: not before it is needed."""
        if self._executor is None:
            from anchor_tui.sandbox.github.graphql import GraphQLExecutor

            self._executor = GraphQLExecutor(self.repositories, self.clock, self.graphql_budget)
        return self._executor
