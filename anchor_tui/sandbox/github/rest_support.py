"""The common part of GitHub's REST endpoints: finding the repository, request bodies, pages and redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request

from anchor_tui.sandbox.clock import Clock
from anchor_tui.sandbox.faults.switches import FaultSwitches
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.responses import REST_DOCS_URL, Endpoint, EndpointResponse, RestError
from anchor_tui.sandbox.github.writes import require_write_permission
from anchor_tui.sandbox.json_types import JsonObject

REPOSITORY_PATHS = ("/repos/{owner}/{name}", "/repositories/{id:int}")
MAX_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class RestCall:
    """A request about one repository: the viewer who sends it, its time and its body."""

    hosted: HostedRepository
    request: Request
    body: JsonObject
    viewer: str
    now: datetime
    denied_fields: frozenset[str]
    """Fields that the fault `deny` hides from the token."""

    @property
    def api_url(self) -> str:
        """The root URL of the API."""
        return get_api_url(self.request)

    @property
    def repository_url(self) -> str:
        """The URL of the repository in the API."""
        return f"{self.api_url}/repos/{self.hosted.full_name}"

    def get_path_part(self, name: str) -> str:
        """Return a parameter of the request's path."""
        return str(self.request.path_params[name])

    def require_field(self, name: str) -> Any:  # noqa: ANN401 - a value of JSON
        """Return a value of the body. Raises RestError 422 if it is missing."""
        if name not in self.body:
            raise RestError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return self.body[name]


RestHandler = Callable[[RestCall], EndpointResponse]


@dataclass(frozen=True, slots=True)
class RestRoute:
    """An endpoint below a repository's path. A route that writes names the permission that it needs."""

    method: str
    path: str
    handler: RestHandler
    permission: str = ""


@dataclass(frozen=True, slots=True)
class RestContext:
    """The state that all REST endpoints share. `repositories` has present and former names in lower case."""

    repositories: dict[str, HostedRepository]
    clock: Clock
    faults: FaultSwitches

    def build_endpoints(self, routes: Iterable[RestRoute]) -> Iterable[tuple[str, str, Endpoint]]:
        """Yield method, path and endpoint of every route, by the repository's name and by its id."""
        for route in routes:
            for path in REPOSITORY_PATHS:
                yield route.method, path + route.path, self._build_endpoint(route)

    def _build_endpoint(self, route: RestRoute) -> Endpoint:
        async def respond(request: Request) -> EndpointResponse:
            raw = await request.body()
            try:
                hosted = self._find_repository(request)
            except RepositoryMoved as moved:
                return respond_with_redirect(request, moved)
            if route.permission:
                require_write_permission(hosted, route.permission)
            denied = self.faults.values_of("github", "deny")
            return route.handler(
                RestCall(hosted, request, read_body(raw), request.state.viewer, self.clock.now(), denied)
            )

        return respond

    def _find_repository(self, request: Request) -> HostedRepository:
        """Return the repository that a path names. Raises RepositoryMoved for a former name, RestError 404."""
        parameters = request.path_params
        if "id" in parameters:
            found = next((hosted for hosted in self.repositories.values() if hosted.id == parameters["id"]), None)
        else:
            name = f"{parameters['owner']}/{parameters['name']}"
            found = self.repositories.get(name.lower())
            if found and found.full_name.lower() != name.lower():
                raise RepositoryMoved(request, found, f"/repos/{name}")
        if found is None:
            raise RestError(404, "Not Found")
        return found


class RepositoryMoved(Exception):
    """The repository has another name now; `location` is the URL of the same request there."""

    def __init__(self, request: Request, hosted: HostedRepository, old_path: str) -> None:
        super().__init__(hosted.full_name)
        rest = request.url.path.partition(old_path)[2]
        query = f"?{request.url.query}" if request.url.query else ""
        self.location = f"{get_api_url(request)}/repositories/{hosted.id}{rest}{query}"


def respond_with_redirect(request: Request, moved: RepositoryMoved) -> EndpointResponse:
    """Return 301 for a GET; 307 for other methods, which a client must not change into a GET."""
    is_read = request.method == "GET"
    message = "Moved Permanently" if is_read else "Temporary Redirect"
    value = {"message": message, "url": moved.location, "documentation_url": REST_DOCS_URL}
    return EndpointResponse(value, 301 if is_read else 307, {"location": moved.location})


def read_body(raw: bytes) -> JsonObject:
    """Return the JSON object of a body: a list under the key "", and an empty object for an empty body."""
    try:
        body = msgspec.json.decode(raw or b"{}")
    except msgspec.DecodeError as error:
        raise RestError(400, "Problems parsing JSON") from error
    if isinstance(body, list):
        return {"": body}
    if not isinstance(body, dict):
        raise RestError(400, "Body should be a JSON object")
    return body


def get_api_url(request: Request) -> str:
    """Return the root URL of the API as the client sees it."""
    prefix = "/api/v3" if request.url.path.startswith("/api/v3") else ""
    return f"{request.url.scheme}://{request.url.netloc}{prefix}"


def respond_with_counted_page(request: Request, name: str, rows: list[JsonObject]) -> EndpointResponse:
    """Return one page of a list under `name`, with the total count."""
    page = respond_with_page(request, rows)
    return EndpointResponse({"total_count": len(rows), name: page.value}, headers=page.headers)


def respond_with_page(request: Request, items: list[JsonObject]) -> EndpointResponse:
    """Return one page of a list, with the links to the next and the last page."""
    query = request.query_params
    try:
        size, number = min(MAX_PAGE_SIZE, int(query.get("per_page", 30))), max(1, int(query.get("page", 1)))
    except ValueError as error:
        raise RestError(422, "Validation Failed") from error
    start = (number - 1) * size
    headers = {}
    if start + size < len(items):
        following = request.url.include_query_params(page=number + 1)
        last = request.url.include_query_params(page=-(-len(items) // size))
        headers["link"] = f'<{following}>; rel="next", <{last}>; rel="last"'
    return EndpointResponse(items[start : start + size], headers=headers)
