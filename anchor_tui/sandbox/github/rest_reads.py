"""GitHub's REST endpoints that only read, as far as they are used: those that write are in `rest_writes`,
`rest_pulls` and `rest_actions`.

Repositories, contents, blobs, commits, comparisons, pull requests, limits, variables and secrets.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING

from starlette.requests import Request

from anchor_tui.sandbox.git.repository import RepositoryError
from anchor_tui.sandbox.github.accounts import ACCOUNTS
from anchor_tui.sandbox.github.api import Endpoint, EndpointResponse, RestError
from anchor_tui.sandbox.github.pull_request_serializers import serialize_pull_request
from anchor_tui.sandbox.github.rest_serializers import (
    serialize_account,
    serialize_commit,
    serialize_comparison,
    serialize_content,
    serialize_environment,
    serialize_repository,
    serialize_secret,
    serialize_variable,
)
from anchor_tui.sandbox.github.rest_support import (
    REPOSITORY_PATHS,
    find_repository,
    get_api_url,
    respond_or_redirect,
    respond_with_counted_page,
    respond_with_page,
)

if TYPE_CHECKING:
    from anchor_tui.sandbox.github.api import GitHubServer


class RestReads:
    """The endpoints over a `GitHub`."""

    def __init__(self, github: GitHubServer) -> None:
        self._github = github

    def list_routes(self) -> Iterator[tuple[str, str, Endpoint]]:
        """Method, path and endpoint of each."""
        yield "GET", "/rate_limit", self.get_rate_limit
        yield "GET", "/user", self.get_user
        for path in REPOSITORY_PATHS:
            yield "GET", path, self.get_repository
            yield "GET", path + "/contents/{path:path}", self.get_contents
            yield "GET", path + "/git/blobs/{sha}", self.blob
            yield "GET", path + "/commits", self.list_commits
            yield "GET", path + "/pulls", self.list_pull_requests
            yield "GET", path + "/compare/{basehead:path}", self.compare_commits
            yield "GET", path + "/environments", self.list_environments
            for kind in ("variables", "secrets"):
                yield "GET", f"{path}/actions/{kind}", self.list_settings
                yield "GET", f"{path}/actions/organization-{kind}", self.list_settings
                yield "GET", f"{path}/environments/{{environment}}/{kind}", self.list_settings

    async def get_rate_limit(self, _request: Request) -> EndpointResponse:
        """GET /rate_limit: costs nothing."""
        core, points = self._github.rest_budget.document, self._github.graphql_budget.document
        return EndpointResponse({"resources": {"core": core, "graphql": points}, "rate": core})

    async def get_user(self, request: Request) -> EndpointResponse:
        """GET /user: whose token it is."""
        viewer = request.state.viewer
        person = ACCOUNTS[viewer]
        return EndpointResponse(
            {**serialize_account(viewer, get_api_url(request)), "name": person.name, "email": person.email}
        )

    # --- repositories ----------------------------------------------------------------------------

    async def get_repository(self, request: Request) -> EndpointResponse:
        """GET /repos/{owner}/{repo}."""
        return respond_or_redirect(self._get_repository, request)

    def _get_repository(self, request: Request) -> EndpointResponse:
        hosted, base = find_repository(self._github, request), get_api_url(request)
        return EndpointResponse(serialize_repository(hosted, base))

    async def get_contents(self, request: Request) -> EndpointResponse:
        """GET /repos/{owner}/{repo}/contents/{path}: a file, or what a folder holds."""
        return respond_or_redirect(self._get_contents, request)

    def _get_contents(self, request: Request) -> EndpointResponse:
        hosted, path = find_repository(self._github, request), request.path_params["path"]
        ref = request.query_params.get("ref") or hosted.git.default_branch
        sha = hosted.git.resolve_ref(ref)
        if sha is None:
            raise RestError(404, f"No commit found for the ref {ref}")
        entry = hosted.git.find_entry(sha, path)
        if entry is None:
            raise RestError(404, "Not Found")
        url = get_api_url(request) + f"/repos/{hosted.full_name}"
        if entry.is_folder:
            return EndpointResponse(
                [serialize_content(hosted, each, url, ref, inside=False) for each in hosted.git.list_folder(sha, path)]
            )
        if "raw" in request.headers.get("accept", ""):
            raw_type = "application/vnd.github.raw; charset=utf-8"
            return EndpointResponse(hosted.git.read_blob(entry.sha), headers={"content-type": raw_type})
        return EndpointResponse(serialize_content(hosted, entry, url, ref, inside=True))

    async def blob(self, request: Request) -> EndpointResponse:
        """GET /repos/{owner}/{repo}/git/blobs/{sha}."""
        return respond_or_redirect(self._blob, request)

    def _blob(self, request: Request) -> EndpointResponse:
        hosted, sha = find_repository(self._github, request), request.path_params["sha"]
        try:
            raw = hosted.git.read_blob(sha)
        except RepositoryError as error:
            raise RestError(404, "Not Found") from error
        url = f"{get_api_url(request)}/repos/{hosted.full_name}/git/blobs/{sha}"
        content = base64.encodebytes(raw).decode()
        return EndpointResponse(
            {"sha": sha, "node_id": f"B_{sha}", "size": len(raw), "url": url, "content": content, "encoding": "base64"}
        )

    async def list_commits(self, request: Request) -> EndpointResponse:
        """GET /repos/{owner}/{repo}/commits?sha=&path=."""
        return respond_or_redirect(self._list_commits, request)

    def _list_commits(self, request: Request) -> EndpointResponse:
        hosted, query = find_repository(self._github, request), request.query_params
        ref = query.get("sha") or hosted.git.default_branch
        start = hosted.git.resolve_ref(ref)
        if start is None:
            raise RestError(404, "Not Found")
        found = list(hosted.git.walk_history(start, query.get("path") or None))
        base = get_api_url(request)
        return respond_with_page(request, [serialize_commit(info, base, hosted) for info in found])

    async def list_pull_requests(self, request: Request) -> EndpointResponse:
        """GET /repos/{owner}/{repo}/pulls?state=&head=&base=."""
        return respond_or_redirect(self._list_pull_requests, request)

    def _list_pull_requests(self, request: Request) -> EndpointResponse:
        hosted, query = find_repository(self._github, request), request.query_params
        state, head = query.get("state", "open"), query.get("head", "")
        found = [
            pull
            for pull in sorted(hosted.pull_requests.values(), key=lambda pull: pull.created_at, reverse=True)
            if state == "all" or (pull.state == "OPEN") == (state == "open")
            if head in {"", f"{hosted.owner}:{pull.branch}"} and query.get("base", pull.base) == pull.base
        ]
        base = get_api_url(request)
        return respond_with_page(request, [serialize_pull_request(pull, base, hosted) for pull in found])

    async def compare_commits(self, request: Request) -> EndpointResponse:
        """GET /repos/{owner}/{repo}/compare/{base}...{head}."""
        return respond_or_redirect(self._compare_commits, request)

    def _compare_commits(self, request: Request) -> EndpointResponse:
        hosted = find_repository(self._github, request)
        base, dots, head = request.path_params["basehead"].partition("...")
        known = [hosted.git.resolve_ref(ref) if dots and ref else None for ref in (base, head)]
        if known[0] is None or known[1] is None:
            raise RestError(404, "Not Found")
        return EndpointResponse(serialize_comparison(hosted, known[0], known[1], get_api_url(request)))

    # --- settings --------------------------------------------------------------------------------

    async def list_environments(self, request: Request) -> EndpointResponse:
        """GET /repos/{owner}/{repo}/environments."""
        return self._respond_if_denied("actions") or respond_or_redirect(self._list_environments, request)

    def _list_environments(self, request: Request) -> EndpointResponse:
        hosted, base = find_repository(self._github, request), get_api_url(request)
        return respond_with_counted_page(
            request, "environments", [serialize_environment(each, hosted, base) for each in hosted.environments]
        )

    async def list_settings(self, request: Request) -> EndpointResponse:
        """GET …/actions/variables, …/actions/organization-variables, …/environments/{name}/variables; secrets too."""
        kind = request.url.path.rpartition("/")[2].removeprefix("organization-")
        needed = {"variables": "actions_variables", "secrets": "secrets"}[kind]
        needed = "environments" if "environment" in request.path_params else needed
        return self._respond_if_denied(needed) or respond_or_redirect(
            lambda request: self._list_settings(request, kind), request
        )

    def _list_settings(self, request: Request, kind: str) -> EndpointResponse:
        hosted = find_repository(self._github, request)
        if "environment" in request.path_params:
            found = hosted.environments.get(request.path_params["environment"])
            if found is None:
                raise RestError(404, "Not Found")
        else:
            found = hosted.organisation_settings if "/organization-" in request.url.path else hosted.repository_settings
        if kind == "variables":
            rows = [
                serialize_variable(name, value, hosted.settings_changed_at)
                for name, value in sorted(found.variables.items())
            ]
        else:
            rows = [serialize_secret(name, hosted.settings_changed_at) for name in sorted(found.secrets)]
        return respond_with_counted_page(request, kind, rows)

    def _respond_if_denied(self, permission: str) -> EndpointResponse | None:
        if not self._github.is_denied("settings"):
            return None
        refused = RestError(403, "Resource not accessible by personal access token")
        return EndpointResponse(refused.value, 403, {"x-accepted-github-permissions": f"{permission}=read"})
