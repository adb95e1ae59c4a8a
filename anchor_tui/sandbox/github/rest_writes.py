"""GitHub's REST endpoints for files, refs and who may do what."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING

from anchor_tui.sandbox.git.repository import GitPerson
from anchor_tui.sandbox.github.accounts import ACCOUNTS, ROLES
from anchor_tui.sandbox.github.api import Endpoint, EndpointResponse, RestError
from anchor_tui.sandbox.github.pull_request_serializers import serialize_ref
from anchor_tui.sandbox.github.rest_serializers import serialize_account, serialize_content, serialize_git_commit
from anchor_tui.sandbox.github.rest_support import (
    REPOSITORY_PATHS,
    RestCall,
    RestHandler,
    build_endpoint,
    respond_with_page,
)
from anchor_tui.sandbox.github.writes import (
    BRANCH_PREFIX,
    PULL_REQUEST_REQUIRED,
    create_branch,
    delete_branch,
    update_branch,
)

if TYPE_CHECKING:
    from anchor_tui.sandbox.github.api import GitHubServer

PERMISSION_BY_ROLE = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read"}


def list_routes(github: GitHubServer) -> Iterator[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of each."""
    contents = "contents"
    known: tuple[tuple[str, str, RestHandler, str], ...] = (
        ("PUT", "/contents/{path:path}", put_contents, contents),
        ("GET", "/git/ref/{ref:path}", get_ref, ""),
        ("GET", "/git/matching-refs/{ref:path}", list_matching_refs, ""),
        ("GET", "/git/refs", list_matching_refs, ""),
        ("POST", "/git/refs", create_ref, contents),
        ("PATCH", "/git/refs/{ref:path}", update_ref, contents),
        ("DELETE", "/git/refs/{ref:path}", delete_ref, contents),
        ("GET", "/branches/{branch:path}", get_branch, ""),
        ("GET", "/collaborators/{user}/permission", get_permission, ""),
    )
    for path in REPOSITORY_PATHS:
        for method, rest, work, needed in known:
            yield method, path + rest, build_endpoint(github, work, needed)


def put_contents(call: RestCall) -> EndpointResponse:
    """PUT /repos/{owner}/{repo}/contents/{path}: one file, one commit."""
    hosted, path, given = call.hosted, call.get_path_part("path"), call.body
    message = str(call.require_field("message"))
    try:
        content = base64.b64decode(call.require_field("content"))
    except (binascii.Error, TypeError) as error:
        raise RestError(422, "content is not valid Base64") from error
    name = given.get("branch") or hosted.git.default_branch
    head = hosted.git.branches.get(name)
    if head is None:
        raise RestError(404, f"Branch {name} not found")
    before = hosted.git.find_entry(head, path)
    if before is not None and "sha" not in given:
        raise RestError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if (before.sha if before else None) != given.get("sha"):
        raise RestError(409, f"{path} does not match {given.get('sha')}")
    if name in hosted.protected_branches:
        raise RestError(409, f"Repository rule violations found\n\n{PULL_REQUEST_REQUIRED}\n\n")
    author = given.get("author") or given.get("committer")
    person = GitPerson(author["name"], author["email"]) if author else ACCOUNTS[call.viewer]
    sha = hosted.git.commit({path: content}, message, author=person, time=call.now, branch=name)
    entry = hosted.git.find_entry(sha, path)
    assert entry is not None
    document = {
        "content": serialize_content(hosted, entry, call.repository_url, name, inside=False),
        "commit": serialize_git_commit(hosted.git.read_commit(sha), call.repository_url),
    }
    return EndpointResponse(document, 200 if before else 201)


# --- refs ------------------------------------------------------------------------------------------------


def get_ref(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/git/ref/heads/{branch}."""
    kind, _, name = call.get_path_part("ref").partition("/")
    if kind != "heads" or name not in call.hosted.git.branches:
        raise RestError(404, "Not Found")
    return EndpointResponse(serialize_ref(call.hosted, name, call.api_url))


def list_matching_refs(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/git/matching-refs/{ref}: those that begin so."""
    start = call.request.path_params.get("ref", "")
    found = [name for name in sorted(call.hosted.git.branches) if f"heads/{name}".startswith(start)]
    return respond_with_page(call.request, [serialize_ref(call.hosted, name, call.api_url) for name in found])


def create_ref(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/git/refs."""
    given, sha = str(call.require_field("ref")), str(call.require_field("sha"))
    if not given.startswith("refs/") or given.count("/") < 2:
        raise RestError(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    if given.removeprefix(BRANCH_PREFIX) in call.hosted.git.branches:
        raise RestError(422, "Reference already exists")
    name = create_branch(call.hosted, given, sha, call.now)
    document = serialize_ref(call.hosted, name, call.api_url)
    return EndpointResponse(document, 201, {"location": document["url"]})


def update_ref(call: RestCall) -> EndpointResponse:
    """PATCH /repos/{owner}/{repo}/git/refs/heads/{branch}."""
    name = call.get_path_part("ref").removeprefix("heads/")
    update_branch(call.hosted, name, str(call.require_field("sha")), call.now, force=bool(call.body.get("force")))
    return EndpointResponse(serialize_ref(call.hosted, name, call.api_url))


def delete_ref(call: RestCall) -> EndpointResponse:
    """DELETE /repos/{owner}/{repo}/git/refs/heads/{branch}."""
    delete_branch(call.hosted, call.get_path_part("ref").removeprefix("heads/"), call.now)
    return EndpointResponse(None, 204)


def get_branch(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/branches/{branch}."""
    name = call.get_path_part("branch")
    sha = call.hosted.git.branches.get(name)
    if sha is None:
        raise RestError(404, "Branch not found")
    commit = {"sha": sha, "url": f"{call.repository_url}/commits/{sha}"}
    return EndpointResponse({"name": name, "commit": commit, "protected": name in call.hosted.protected_branches})


def get_permission(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/collaborators/{username}/permission."""
    login = call.get_path_part("user")
    if login not in ACCOUNTS:
        raise RestError(404, f"{login} is not a user")
    role = ROLES.get(login, "read")
    if login == call.viewer and not call.hosted.can_write:
        role = "read"
    document = {
        "permission": PERMISSION_BY_ROLE[role],
        "role_name": role,
        "user": serialize_account(login, call.api_url),
    }
    return EndpointResponse(document)
