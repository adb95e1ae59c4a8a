"""GitHub's HTTP API: tokens, limits and headers around GraphQL and REST.

Everything is served at the root, as on api.github.com, and below /api/v3 and /api/graphql, as on an Enterprise
server.
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
from anchor_tui.sandbox.github import job_logs, merge_rules, rest_reads, rest_workflows, rest_writes, workflows
from anchor_tui.sandbox.github.pull_requests import RuleViolationError
from anchor_tui.sandbox.github.rate_budget import HourlyBudget
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.responses import Endpoint, EndpointResponse, RestError, respond_to_violation
from anchor_tui.sandbox.github.rest_support import RestContext

VIEWER = "on-call"
VIEWER_ID = 58_201_733


def generate_token() -> str:
    """Return a new token in the format of personal access tokens."""
    return "ghp_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(36))


class GitHubServer:
    """The API of a GitHub with several repositories."""

    def __init__(self, repositories: Iterable[HostedRepository], clock: Clock, faults: FaultSwitches) -> None:
        self._hosted = tuple(repositories)
        self.repositories: dict[str, HostedRepository] = {
            name.lower(): hosted for hosted in self._hosted for name in (hosted.full_name, *hosted.former_names)
        }
        """The repositories by their present and former names, in lower case."""
        self.token = generate_token()
        self._logins: dict[str, str] = {self.token: VIEWER}
        self.clock = clock
        self.rest_budget = HourlyBudget("core", clock)
        self.graphql_budget = HourlyBudget("graphql", clock)
        self._faults = faults
        self._executor: Any = None
        self.app: ASGIApp = self._build_app()

    def _build_app(self) -> Starlette:
        context = RestContext(self.repositories, self.clock, self._faults)
        endpoints = context.build_endpoints(
            (*rest_reads.ROUTES, *rest_writes.ROUTES, *rest_workflows.ROUTES, *job_logs.ROUTES)
        )
        routes = [
            Route(path, self._wrap_endpoint(self.post_graphql, self.graphql_budget), methods=["POST"])
            for path in ("/graphql", "/api/graphql")
        ]
        for method, path, endpoint in endpoints:
            wrapped = self._wrap_endpoint(endpoint, self.rest_budget)
            routes.extend(Route(prefix + path, wrapped, methods=[method]) for prefix in ("", "/api/v3"))
        routes.append(Route(f"{job_logs.DOWNLOAD_PATH}/{{repository:int}}/{{job:int}}", self.get_download))
        handlers = {404: self._respond_not_found, 405: self._respond_not_found}
        return Starlette(routes=routes, exception_handlers=handlers)

    def issue_token(self, login: str) -> str:
        """Return a new token of another account."""
        token = generate_token()
        self._logins[token] = login
        return token

    def run_due_events(self, now: datetime) -> None:
        """Run the workflows and the automatic merges whose time has come."""
        for hosted in self._hosted:
            workflows.run_due_workflows(hosted, now)
            merge_rules.run_due_merges(hosted, now)

    # --- around every request ----------------------------------------------------------------------

    def _wrap_endpoint(self, endpoint: Endpoint, budget: HourlyBudget) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                self._authenticate(request)
                if budget is self.rest_budget:
                    self._spend_request()
                response = await endpoint(request)
            except RestError as error:
                response = EndpointResponse(error.value, error.status)
            except RuleViolationError as error:
                response = respond_to_violation(error)
            return self._build_response(request, response, budget)

        return respond

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        login = self._logins.get(token.strip()) if scheme.lower() in {"bearer", "token"} else None
        if login is None or self._faults.is_active("github", "invalid-token"):
            raise RestError(401, "Bad credentials")
        request.state.viewer = login

    def _spend_request(self) -> None:
        if not self.rest_budget.spend():
            raise RestError(403, f"API rate limit exceeded for user ID {VIEWER_ID}.")

    def _build_response(self, request: Request, response: EndpointResponse, budget: HourlyBudget) -> Response:
        body = response.value if isinstance(response.value, bytes) else msgspec.json.encode(response.value)
        body = b"" if response.status in {204, 302} else body
        headers = {
            "content-type": "application/json; charset=utf-8",
            "x-github-media-type": "github.v3; format=json",
            "x-github-request-id": ":".join(uuid.uuid4().hex.upper()[start : start + 4] for start in range(0, 20, 4)),
            "x-github-api-version-selected": "2022-11-28",
            **(budget.headers if response.status != 401 else {}),
            **response.headers,
        }
        if request.method == "GET" and response.status == 200:
            headers["etag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
            if request.headers.get("if-none-match") == headers["etag"]:
                budget.used -= 1
                return Response(None, 304, headers | budget.headers)
        return Response(body, response.status, headers)

    async def get_download(self, request: Request) -> Response:
        """Serve the log of a job, as the host of GitHub's downloads does."""
        now = self.clock.now()
        hosted = [hosted for hosted in self._hosted if hosted.id == request.path_params["repository"]]
        return job_logs.respond_with_download(
            request, (run for found in hosted for run in job_logs.list_check_runs(found, now))
        )

    async def _respond_not_found(self, request: Request, _error: Exception) -> Response:
        response = EndpointResponse(RestError(404, "Not Found").value, 404)
        return self._build_response(request, response, self.rest_budget)

    # --- GraphQL -----------------------------------------------------------------------------------

    async def post_graphql(self, request: Request) -> EndpointResponse:
        """POST /graphql."""
        try:
            body = msgspec.json.decode(await request.body())
            query, variables, operation = body["query"], body.get("variables") or {}, body.get("operationName")
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            raise RestError(400, "Problems parsing JSON") from error
        denied = self._faults.values_of("github", "deny")
        return EndpointResponse(self.executor.execute(query, variables, operation, denied, request.state.viewer))

    @property
    def executor(self) -> Any:  # noqa: ANN401 - its module is imported with the first query
        """The executor of GraphQL queries. Importing its library takes 0.1 s, so it is made with the first query."""
        if self._executor is None:
            from anchor_tui.sandbox.github.graphql import GraphQLExecutor

            self._executor = GraphQLExecutor(self.repositories, self.clock, self.graphql_budget)
        return self._executor
