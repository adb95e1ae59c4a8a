"""GitHub's REST endpoints that read a repository: contents, blobs, commits, pull requests, comparisons, settings."""

from __future__ import annotations

import base64

from anchor_tui.sandbox.git.objects import RepositoryError
from anchor_tui.sandbox.github.pull_request_serializers import serialize_files, serialize_pull_request, serialize_ref
from anchor_tui.sandbox.github.responses import EndpointResponse, RestError
from anchor_tui.sandbox.github.rest_serializers import (
    serialize_commit,
    serialize_comparison,
    serialize_content,
    serialize_environment,
    serialize_git_commit,
    serialize_repository,
    serialize_secret,
    serialize_variable,
)
from anchor_tui.sandbox.github.rest_support import (
    RestCall,
    RestRoute,
    respond_with_counted_page,
    respond_with_page,
)

RAW_CONTENT_TYPE = "application/vnd.github.raw; charset=utf-8"


def get_repository(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}."""
    return EndpointResponse(serialize_repository(call.hosted, call.api_url))


def get_contents(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/contents/{path}: a file, as JSON or raw."""
    git, path = call.hosted.git, call.get_path_part("path")
    ref = call.request.query_params.get("ref") or git.default_branch
    sha = git.resolve_ref(ref)
    if sha is None:
        raise RestError(404, f"No commit found for the ref {ref}")
    entry = git.find_entry(sha, path)
    if entry is None or entry.is_folder:
        raise RestError(404, "Not Found")
    if "raw" in call.request.headers.get("accept", ""):
        return EndpointResponse(git.read_blob(entry.sha), headers={"content-type": RAW_CONTENT_TYPE})
    return EndpointResponse(serialize_content(call.hosted, entry, call.repository_url, ref))


def get_blob(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/git/blobs/{sha}."""
    sha = call.get_path_part("sha")
    try:
        raw = call.hosted.git.read_blob(sha)
    except RepositoryError as error:
        raise RestError(404, "Not Found") from error
    return EndpointResponse(
        {
            "sha": sha,
            "node_id": f"B_{sha}",
            "size": len(raw),
            "url": f"{call.repository_url}/git/blobs/{sha}",
            "content": base64.encodebytes(raw).decode(),
            "encoding": "base64",
        }
    )


def get_git_commit(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/git/commits/{sha}."""
    try:
        commit = call.hosted.git.read_commit(call.get_path_part("sha"))
    except RepositoryError as error:
        raise RestError(404, "Not Found") from error
    return EndpointResponse(serialize_git_commit(commit, call.repository_url))


def get_ref(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/git/ref/heads/{branch}."""
    kind, _, name = call.get_path_part("ref").partition("/")
    if kind != "heads" or name not in call.hosted.git.branches:
        raise RestError(404, "Not Found")
    return EndpointResponse(serialize_ref(call.hosted, name, call.api_url))


def list_commits(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/commits?sha=&path=."""
    git, query = call.hosted.git, call.request.query_params
    start = git.resolve_ref(query.get("sha") or git.default_branch)
    if start is None:
        raise RestError(404, "Not Found")
    commits = git.list_history(start, query.get("path") or None)
    return respond_with_page(call.request, [serialize_commit(commit, call.api_url, call.hosted) for commit in commits])


def list_pull_requests(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/pulls?state=&head=&base=."""
    hosted, query = call.hosted, call.request.query_params
    state, head = query.get("state", "open"), query.get("head", "")
    found = [
        pull
        for pull in sorted(hosted.pull_requests.values(), key=lambda pull: pull.created_at, reverse=True)
        if state == "all" or (pull.state == "OPEN") == (state == "open")
        if head in {"", f"{pull.fork_owner or hosted.owner}:{pull.branch}"}
        and query.get("base", pull.base) == pull.base
    ]
    return respond_with_page(call.request, [serialize_pull_request(pull, call.api_url, hosted) for pull in found])


def list_pull_request_files(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/pulls/{pull_number}/files."""
    pull = call.hosted.pull_requests.get(call.request.path_params["number"])
    if pull is None:
        raise RestError(404, "Not Found")
    return respond_with_page(call.request, serialize_files(call.hosted, pull))


def compare_commits(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/compare/{base}...{head}."""
    base, dots, head = call.get_path_part("basehead").partition("...")
    base_sha, head_sha = (call.hosted.git.resolve_ref(ref) if dots and ref else None for ref in (base, head))
    if base_sha is None or head_sha is None:
        raise RestError(404, "Not Found")
    return EndpointResponse(serialize_comparison(call.hosted, base_sha, head_sha, call.api_url))


# --- settings --------------------------------------------------------------------------------


def list_environments(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/environments."""
    if denial := _deny_settings(call, "actions"):
        return denial
    rows = [serialize_environment(name, call.hosted, call.api_url) for name in call.hosted.environments]
    return respond_with_counted_page(call.request, "environments", rows)


def list_settings(call: RestCall) -> EndpointResponse:
    """GET …/actions/variables, …/actions/organization-variables, …/environments/{name}/variables; secrets likewise."""
    hosted, last_part = call.hosted, call.request.url.path.rpartition("/")[2]
    kind = last_part.removeprefix("organization-")
    is_of_environment = "environment" in call.request.path_params
    permission = {"variables": "actions_variables", "secrets": "secrets"}[kind]
    if denial := _deny_settings(call, "environments" if is_of_environment else permission):
        return denial
    if is_of_environment:
        found = hosted.environments.get(call.get_path_part("environment"))
        if found is None:
            raise RestError(404, "Not Found")
    else:
        is_shared = last_part.startswith("organization-")
        found = hosted.organisation_settings if is_shared else hosted.repository_settings
    changed_at = hosted.settings_changed_at
    if kind == "variables":
        rows = [serialize_variable(name, value, changed_at) for name, value in sorted(found.variables.items())]
    else:
        rows = [serialize_secret(name, changed_at) for name in sorted(found.secrets)]
    return respond_with_counted_page(call.request, kind, rows)


def _deny_settings(call: RestCall, permission: str) -> EndpointResponse | None:
    """Return the 403 of a token without the permission, if the fault `deny=settings` is on."""
    if "settings" not in call.denied_fields:
        return None
    error = RestError(403, "Resource not accessible by personal access token")
    return EndpointResponse(error.value, 403, {"x-accepted-github-permissions": f"{permission}=read"})


ROUTES = (
    RestRoute("GET", "", get_repository),
    RestRoute("GET", "/contents/{path:path}", get_contents),
    RestRoute("GET", "/git/blobs/{sha}", get_blob),
    RestRoute("GET", "/git/commits/{sha}", get_git_commit),
    RestRoute("GET", "/git/ref/{ref:path}", get_ref),
    RestRoute("GET", "/commits", list_commits),
    RestRoute("GET", "/pulls", list_pull_requests),
    RestRoute("GET", "/pulls/{number:int}/files", list_pull_request_files),
    RestRoute("GET", "/compare/{basehead:path}", compare_commits),
    RestRoute("GET", "/environments", list_environments),
    *(
        RestRoute("GET", path + kind, list_settings)
        for path in ("/actions/", "/actions/organization-", "/environments/{environment}/")
        for kind in ("variables", "secrets")
    ),
)
