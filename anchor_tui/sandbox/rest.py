"""GitHub's REST endpoints, as far as they are used.

Repositories, contents, blobs, commits, comparisons, pull requests, limits, variables and secrets.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request

from anchor_tui.sandbox.github import VIEWER, Answer, Endpoint, Refused
from anchor_tui.sandbox.hosting import ACCOUNTS, HostedRepository
from anchor_tui.sandbox.repository import Person, RepositoryError
from anchor_tui.sandbox.rest_documents import (
    account_document,
    commit_document,
    compare_document,
    content_document,
    environment_document,
    git_commit_document,
    pull_document,
    repository_document,
    secret_document,
    variable_document,
)

if TYPE_CHECKING:
    from anchor_tui.sandbox.github import GitHub

WEB = "https://github.com"
Document = dict[str, Any]
REPOSITORY_PATHS = ("/repos/{owner}/{name}", "/repositories/{id:int}")


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
            yield "PUT", path + "/contents/{path:path}", self.put_contents
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
        person = ACCOUNTS[VIEWER]
        return Answer({**account_document(VIEWER, _base(request)), "name": person.name, "email": person.email})

    # --- repositories ----------------------------------------------------------------------------

    def _hosted(self, request: Request) -> HostedRepository:
        """The repository a path names; a former name is answered with where it is now."""
        given = request.path_params
        if "id" in given:
            for hosted in self._github.repositories.values():
                if hosted.id == given["id"]:
                    return hosted
            raise Refused(404, "Not Found")
        name = f"{given['owner']}/{given['name']}"
        hosted = self._github.hosted(name)
        if hosted.full_name.lower() != name.lower():
            raise Moved(request, hosted, f"/repos/{name}")
        return hosted

    async def repository(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}."""
        return _moved_or(self._repository, request)

    def _repository(self, request: Request) -> Answer:
        hosted, base = self._hosted(request), _base(request)
        return Answer(repository_document(hosted, base))

    async def contents(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/contents/{path}: a file, or what a folder holds."""
        return _moved_or(self._contents, request)

    def _contents(self, request: Request) -> Answer:
        hosted, path = self._hosted(request), request.path_params["path"]
        ref = request.query_params.get("ref") or hosted.git.default_branch
        sha = hosted.git.resolve(ref)
        if sha is None:
            raise Refused(404, f"No commit found for the ref {ref}")
        entry = hosted.git.entry(sha, path)
        if entry is None:
            raise Refused(404, "Not Found")
        url = _base(request) + f"/repos/{hosted.full_name}"
        if entry.is_folder:
            return Answer(
                [content_document(hosted, each, url, ref, inside=False) for each in hosted.git.entries(sha, path)]
            )
        if "raw" in request.headers.get("accept", ""):
            raw_type = "application/vnd.github.raw; charset=utf-8"
            return Answer(hosted.git.blob(entry.sha), headers={"content-type": raw_type})
        return Answer(content_document(hosted, entry, url, ref, inside=True))

    async def put_contents(self, request: Request) -> Answer:
        """PUT /repos/{owner}/{repo}/contents/{path}: one file, one commit."""
        body = await request.body()
        return _moved_or(lambda request: self._put_contents(request, body), request)

    def _put_contents(self, request: Request, body: bytes) -> Answer:
        hosted, path = self._hosted(request), request.path_params["path"]
        try:
            given = msgspec.json.decode(body, type=dict[str, Any])
            message, content = str(given["message"]), base64.b64decode(given["content"])
        except KeyError as error:
            raise Refused(422, f'Invalid request.\n\n"{error.args[0]}" wasn\'t supplied.') from error
        except binascii.Error as error:
            raise Refused(422, "content is not valid Base64") from error
        except (msgspec.DecodeError, TypeError) as error:
            raise Refused(400, "Problems parsing JSON") from error
        branch = given.get("branch") or hosted.git.default_branch
        head = hosted.git.branches.get(branch)
        if head is None:
            raise Refused(404, f"Branch {branch} not found")
        before = hosted.git.entry(head, path)
        if before is not None and "sha" not in given:
            raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if (before.sha if before else None) != given.get("sha"):
            raise Refused(409, f"{path} does not match {given.get('sha')}")
        author = given.get("author") or given.get("committer")
        person = Person(author["name"], author["email"]) if author else ACCOUNTS[VIEWER]
        sha = hosted.git.commit({path: content}, message, author=person, time=self._github.clock.now(), branch=branch)
        entry = hosted.git.entry(sha, path)
        assert entry is not None
        base = _base(request)
        url = base + f"/repos/{hosted.full_name}"
        document = {
            "content": content_document(hosted, entry, url, branch, inside=False),
            "commit": git_commit_document(hosted.git.read_commit(sha), url),
        }
        return Answer(document, 200 if before else 201)

    async def blob(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/git/blobs/{sha}."""
        return _moved_or(self._blob, request)

    def _blob(self, request: Request) -> Answer:
        hosted, sha = self._hosted(request), request.path_params["sha"]
        try:
            raw = hosted.git.blob(sha)
        except RepositoryError as error:
            raise Refused(404, "Not Found") from error
        url = f"{_base(request)}/repos/{hosted.full_name}/git/blobs/{sha}"
        content = base64.encodebytes(raw).decode()
        return Answer(
            {"sha": sha, "node_id": f"B_{sha}", "size": len(raw), "url": url, "content": content, "encoding": "base64"}
        )

    async def commits(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/commits?sha=&path=."""
        return _moved_or(self._commits, request)

    def _commits(self, request: Request) -> Answer:
        hosted, query = self._hosted(request), request.query_params
        ref = query.get("sha") or hosted.git.default_branch
        start = hosted.git.resolve(ref)
        if start is None:
            raise Refused(404, "Not Found")
        found = list(hosted.git.history(start, query.get("path") or None))
        base = _base(request)
        return _page(request, [commit_document(info, base, hosted) for info in found])

    async def pulls(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/pulls?state=&head=&base=."""
        return _moved_or(self._pulls, request)

    def _pulls(self, request: Request) -> Answer:
        hosted, query = self._hosted(request), request.query_params
        state, head = query.get("state", "open"), query.get("head", "")
        found = [
            pull
            for pull in sorted(hosted.pulls.values(), key=lambda pull: pull.created_at, reverse=True)
            if state == "all" or (pull.state == "OPEN") == (state == "open")
            if head in {"", f"{hosted.owner}:{pull.branch}"} and query.get("base", pull.base) == pull.base
        ]
        base = _base(request)
        return _page(request, [pull_document(pull, base, hosted) for pull in found])

    async def compare(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/compare/{base}...{head}."""
        return _moved_or(self._compare, request)

    def _compare(self, request: Request) -> Answer:
        hosted = self._hosted(request)
        base, dots, head = request.path_params["basehead"].partition("...")
        known = [hosted.git.resolve(ref) if dots and ref else None for ref in (base, head)]
        if known[0] is None or known[1] is None:
            raise Refused(404, "Not Found")
        return Answer(compare_document(hosted, known[0], known[1], _base(request)))

    # --- settings --------------------------------------------------------------------------------

    async def environments(self, request: Request) -> Answer:
        """GET /repos/{owner}/{repo}/environments."""
        return self._denied("actions") or _moved_or(self._environments, request)

    def _environments(self, request: Request) -> Answer:
        hosted, base = self._hosted(request), _base(request)
        return _counted(
            request, "environments", [environment_document(each, hosted, base) for each in hosted.environments]
        )

    async def settings(self, request: Request) -> Answer:
        """GET …/actions/variables, …/actions/organization-variables, …/environments/{name}/variables; secrets too."""
        kind = request.url.path.rpartition("/")[2].removeprefix("organization-")
        needed = {"variables": "actions_variables", "secrets": "secrets"}[kind]
        needed = "environments" if "environment" in request.path_params else needed
        return self._denied(needed) or _moved_or(lambda request: self._settings(request, kind), request)

    def _settings(self, request: Request, kind: str) -> Answer:
        hosted = self._hosted(request)
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
        return _counted(request, kind, rows)

    def _denied(self, permission: str) -> Answer | None:
        if not self._github.denies("settings"):
            return None
        refused = Refused(403, "Resource not accessible by personal access token")
        return Answer(refused.value, 403, {"x-accepted-github-permissions": f"{permission}=read"})


class Moved(Exception):
    """The repository has another name now."""

    def __init__(self, request: Request, hosted: HostedRepository, old: str) -> None:
        super().__init__(hosted.full_name)
        rest = request.url.path.partition(old)[2]
        query = f"?{request.url.query}" if request.url.query else ""
        self.location = f"{_base(request)}/repositories/{hosted.id}{rest}{query}"


def _moved_or(endpoint: Any, request: Request) -> Answer:  # noqa: ANN401 - a method of Rest
    """301 with the new place for a GET, 307 for what must not become one."""
    try:
        answer: Answer = endpoint(request)
    except Moved as error:
        permanent = request.method == "GET"
        message = "Moved Permanently" if permanent else "Temporary Redirect"
        value = {"message": message, "url": error.location, "documentation_url": "https://docs.github.com/rest"}
        return Answer(value, 301 if permanent else 307, {"location": error.location})
    return answer


def _base(request: Request) -> str:
    prefix = "/api/v3" if request.url.path.startswith("/api/v3") else ""
    return f"{request.url.scheme}://{request.url.netloc}{prefix}"


def _counted(request: Request, name: str, rows: list[Document]) -> Answer:
    """A page that tells how many there are in all."""
    page = _page(request, rows)
    return Answer({"total_count": len(rows), name: page.value}, headers=page.headers)


def _page(request: Request, items: list[Document]) -> Answer:
    query = request.query_params
    try:
        size, number = min(100, int(query.get("per_page", 30))), max(1, int(query.get("page", 1)))
    except ValueError as error:
        raise Refused(422, "Validation Failed") from error
    start = (number - 1) * size
    headers = {}
    if start + size < len(items):
        following = request.url.include_query_params(page=number + 1)
        last = request.url.include_query_params(page=-(-len(items) // size))
        headers["link"] = f'<{following}>; rel="next", <{last}>; rel="last"'
    return Answer(items[start : start + size], headers=headers)
