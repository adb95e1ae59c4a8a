"""What GitHub's REST endpoints have in common: which repository is meant, bodies, pages, and where it moved to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request

from anchor_tui.sandbox.github.api import Endpoint, EndpointResponse, RestError
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.writes import require_write_permission

if TYPE_CHECKING:
    from anchor_tui.sandbox.github.api import GitHubServer

JsonObject = dict[str, Any]
REPOSITORY_PATHS = ("/repos/{owner}/{name}", "/repositories/{id:int}")


@dataclass(frozen=True, slots=True)
class RestCall:
    """A request about one repository: who asks, when, and with which body."""

    hosted: HostedRepository
    request: Request
    body: JsonObject
    viewer: str
    now: datetime

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return get_api_url(self.request)

    @property
    def repository_url(self) -> str:
        """Where the repository is."""
        return f"{self.api_url}/repos/{self.hosted.full_name}"

    def get_path_part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def require_field(self, name: str) -> Any:  # noqa: ANN401 - a value of JSON
        """A value of the body that must be there."""
        if name not in self.body:
            raise RestError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return self.body[name]


RestHandler = Callable[[RestCall], EndpointResponse]


def build_endpoint(github: GitHubServer, work: RestHandler, permission: str = "") -> Endpoint:
    """An endpoint about a repository; with a `permission`, one that writes and needs it."""

    async def answer(request: Request) -> EndpointResponse:
        raw = await request.body()

        def act(request: Request) -> EndpointResponse:
            hosted = find_repository(github, request)
            if permission:
                require_write_permission(hosted, permission)
            return work(RestCall(hosted, request, read_body(raw), request.state.viewer, github.clock.now()))

        return respond_or_redirect(act, request)

    return answer


def read_body(raw: bytes) -> JsonObject:
    """The JSON object of a body; a list stands under the key "", and no body is an empty object."""
    try:
        given = msgspec.json.decode(raw or b"{}")
    except msgspec.DecodeError as error:
        raise RestError(400, "Problems parsing JSON") from error
    if isinstance(given, list):
        return {"": given}
    if not isinstance(given, dict):
        raise RestError(400, "Body should be a JSON object")
    return given


def find_repository(github: GitHubServer, request: Request) -> HostedRepository:
    """The repository a path names; a former name is answered with where it is now."""
    given = request.path_params
    if "id" in given:
        for hosted in github.repositories.values():
            if hosted.id == given["id"]:
                return hosted
        raise RestError(404, "Not Found")
    name = f"{given['owner']}/{given['name']}"
    hosted = github.find_repository(name)
    if hosted.full_name.lower() != name.lower():
        raise RepositoryMoved(request, hosted, f"/repos/{name}")
    return hosted


class RepositoryMoved(Exception):
    """The repository has another name now."""

    def __init__(self, request: Request, hosted: HostedRepository, old: str) -> None:
        super().__init__(hosted.full_name)
        rest = request.url.path.partition(old)[2]
        query = f"?{request.url.query}" if request.url.query else ""
        self.location = f"{get_api_url(request)}/repositories/{hosted.id}{rest}{query}"


def respond_or_redirect(act: Callable[[Request], EndpointResponse], request: Request) -> EndpointResponse:
    """301 with the new place for a GET, 307 for what must not become one."""
    try:
        return act(request)
    except RepositoryMoved as error:
        permanent = request.method == "GET"
        message = "Moved Permanently" if permanent else "Temporary Redirect"
        value = {"message": message, "url": error.location, "documentation_url": "https://docs.github.com/rest"}
        return EndpointResponse(value, 301 if permanent else 307, {"location": error.location})


def get_api_url(request: Request) -> str:
    """Where the API is, as the one who asks sees it."""
    prefix = "/api/v3" if request.url.path.startswith("/api/v3") else ""
    return f"{request.url.scheme}://{request.url.netloc}{prefix}"


def respond_with_counted_page(request: Request, name: str, rows: list[JsonObject]) -> EndpointResponse:
    """A page that tells how many there are in all."""
    page = respond_with_page(request, rows)
    return EndpointResponse({"total_count": len(rows), name: page.value}, headers=page.headers)


def respond_with_page(request: Request, items: list[JsonObject]) -> EndpointResponse:
    """One page of a list, with the link to the next."""
    query = request.query_params
    try:
        size, number = min(100, int(query.get("per_page", 30))), max(1, int(query.get("page", 1)))
    except ValueError as error:
        raise RestError(422, "Validation Failed") from error
    start = (number - 1) * size
    headers = {}
    if start + size < len(items):
        following = request.url.include_query_params(page=number + 1)
        last = request.url.include_query_params(page=-(-len(items) // size))
        headers["link"] = f'<{following}>; rel="next", <{last}>; rel="last"'
    return EndpointResponse(items[start : start + size], headers=headers)
