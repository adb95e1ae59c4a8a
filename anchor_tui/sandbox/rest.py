"""GitHub's REST endpoints that only read, as far as they are used: those that write are in `rest_writes`,
`rest_pulls` and `rest_actions`.

Repositories, contents, blobs, commits, comparisons, pull requests, limits, variables and secrets.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING

from starlette.requests import Request

from anchor_tui.sandbox.accounts import ACCOUNTS
from anchor_tui.sandbox.github import Answer, Endpoint, Refused
from anchor_tui.sandbox.pull_documents import pull_document
from anchor_tui.sandbox.repository import RepositoryError
from anchor_tui.sandbox.rest_base import REPOSITORY_PATHS, base_of, counted, hosted_of, moved_or, page_of
from anchor_tui.sandbox.rest_documents import (
    account_document,
    commit_document,
    compare_document,
    content_document,
    environment_document,
    repository_document,
    secret_document,
    variable_document,
)

if TYPE_CHECKING:
    from anchor_tui.sandbox.github import GitHub


class Rest:
    """The endpoints over a `GitHub`."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def routes(self) -> Iterator[tuple[str, str, Endpoint]]:
        """Method, path and endpoint of each."""
        yield "GET", "/rate_limit", self.rate_limit
        yield "GET", "/user", self.user
        for path in REPOSITORY_PATHS:
            yield "GET", path, self.repository
            yield "GET", path + "/contents/{path:path}", self.contents
            yield "GET", path + "/git/blobs/{sha}", self.blob
            yield "GET", path + "/commits", self.commits
            yield "GET", path + "/pulls", self.pulls
            yield "GET", path + "/compare/{basehead:path}", self.compare
            yield "GET", path + "/environments", self.environments
            for kind in ("variables", "secrets"):
                yield "GET", f"{path}/actions/{kind}", self.settings
                yield "GET", f"{path}/actions/organization-{kind}", self.settings
                yield "GET", f"{path}/environments/{{environment}}/{kind}", self.settings

    async def rate_limit(self, _request: Request) -> Answer:
        """GET /rate_limit: costs nothing."""
        core, points = self._github.core.document, self._github.points.document
        return Answer({"resources": {"core": core, "graphql": points}, "rate": core})

    async def user(self, request: Request) -> Answer:
        """GET /user: whose token it is."""
        viewer = request.state.viewer
        person = ACCOUNTS[viewer]
        return Answer({**account_document(viewer, base_of(request)), "name": person.name, "email": person.email})

    # --- repositories ----------------------------------------------------------------------------

    async def repository(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}."""
        return moved_or(self._repository, request)

    def _repository(self, request: Request) -> Answer:
        hosted, base = hosted_of(self._github, request), base_of(request)
        return Answer(repository_document(hosted, base))

    async def contents(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/contents/{path}: a file, or what a folder holds."""
        return moved_or(self._contents, request)

    def _contents(self, request: Request) -> Answer:
        hosted, path = hosted_of(self._github, request), request.path_params["path"]
        ref = request.query_params.get("ref") or hosted.git.default_branch
        sha = hosted.git.resolve(ref)
        if sha is None:
            raise Refused(404, f"No commit found for the ref {ref}")
        entry = hosted.git.entry(sha, path)
        if entry is None:
            raise Refused(404, "Not Found")
        url = base_of(request) + f"/repos/{hosted.full_name}"
        if entry.is_folder:
            return Answer(
                [content_document(hosted, each, url, ref, inside=False) for each in hosted.git.entries(sha, path)]
            )
        if "raw" in request.headers.get("accept", ""):
            raw_type = "application/vnd.github.raw; charset=utf-8"
            return Answer(hosted.git.blob(entry.sha), headers={"content-type": raw_type})
        return Answer(content_document(hosted, entry, url, ref, inside=True))

    async def blob(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/git/blobs/{sha}."""
        return moved_or(self._blob, request)

    def _blob(self, request: Request) -> Answer:
        hosted, sha = hosted_of(self._github, request), request.path_params["sha"]
        try:
            raw = hosted.git.blob(sha)
        except RepositoryError as error:
            raise Refused(404, "Not Found") from error
        url = f"{base_of(request)}/repos/{hosted.full_name}/git/blobs/{sha}"
        content = base64.encodebytes(raw).decode()
        return Answer(
            {"sha": sha, "node_id": f"B_{sha}", "size": len(raw), "url": url, "content": content, "encoding": "base64"}
        )

    async def commits(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/commits?sha=&path=."""
        return moved_or(self._commits, request)

    def _commits(self, request: Request) -> Answer:
        hosted, query = hosted_of(self._github, request), request.query_params
        ref = query.get("sha") or hosted.git.default_branch
        start = hosted.git.resolve(ref)
        if start is None:
            raise Refused(404, "Not Found")
        found = list(hosted.git.history(start, query.get("path") or None))
        base = base_of(request)
        return page_of(request, [commit_document(info, base, hosted) for info in found])

    async def pulls(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/pulls?state=&head=&base=."""
        return moved_or(self._pulls, request)

    def _pulls(self, request: Request) -> Answer:
        hosted, query = hosted_of(self._github, request), request.query_params
        state, head = query.get("state", "open"), query.get("head", "")
        found = [
            pull
            for pull in sorted(hosted.pulls.values(), key=lambda pull: pull.created_at, reverse=True)
            if state == "all" or (pull.state == "OPEN") == (state == "open")
            if head in {"", f"{hosted.owner}:{pull.branch}"} and query.get("base", pull.base) == pull.base
        ]
        base = base_of(request)
        return page_of(request, [pull_document(pull, base, hosted) for pull in found])

    async def compare(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/compare/{base}...{head}."""
        return moved_or(self._compare, request)

    def _compare(self, request: Request) -> Answer:
        hosted = hosted_of(self._github, request)
        base, dots, head = request.path_params["basehead"].partition("...")
        known = [hosted.git.resolve(ref) if dots and ref else None for ref in (base, head)]
        if known[0] is None or known[1] is None:
            raise Refused(404, "Not Found")
        return Answer(compare_document(hosted, known[0], known[1], base_of(request)))

    # --- settings --------------------------------------------------------------------------------

    async def environments(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/environments."""
        return self._denied("actions") or moved_or(self._environments, request)

    def _environments(self, request: Request) -> Answer:
        hosted, base = hosted_of(self._github, request), base_of(request)
        return counted(
            request, "environments", [environment_document(each, hosted, base) for each in hosted.environments]
        )

    async def settings(self, request: Request) -> Answer:
        """GET …/actions/variables, …/actions/organization-variables, …/environments/{name}/variables; secrets too."""
        kind = request.url.path.rpartition("/")[2].removeprefix("organization-")
        needed = {"variables": "actions_variables", "secrets": "secrets"}[kind]
        needed = "environments" if "environment" in request.path_params else needed
        return self._denied(needed) or moved_or(lambda request: self._settings(request, kind), request)

    def _settings(self, request: Request, kind: str) -> Answer:
        hosted = hosted_of(self._github, request)
        if "environment" in request.path_params:
            found = hosted.environments.get(request.path_params["environment"])
            if found is None:
                raise Refused(404, "Not Found")
        else:
            found = hosted.shared if "/organization-" in request.url.path else hosted.settings
        if kind == "variables":
            rows = [variable_document(name, value, hosted.set_at) for name, value in sorted(found.variables.items())]
        else:
            rows = [secret_document(name, hosted.set_at) for name in sorted(found.secrets)]
        return counted(request, kind, rows)

    def _denied(self, permission: str) -> Answer | None:
        if not self._github.denies("settings"):
            return None
        refused = Refused(403, "Resource not accessible by personal access token")
        return Answer(refused.value, 403, {"x-accepted-github-permissions": f"{permission}=read"})
