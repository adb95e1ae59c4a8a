"""GitHub's REST endpoints for files, refs and who may do what."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING

from anchor_tui.sandbox.accounts import ACCOUNTS, ROLES
from anchor_tui.sandbox.github import Answer, Endpoint, Refused
from anchor_tui.sandbox.pull_documents import ref_document
from anchor_tui.sandbox.repository import Person
from anchor_tui.sandbox.rest_base import REPOSITORY_PATHS, Call, Work, endpoint, page_of
from anchor_tui.sandbox.rest_documents import account_document, content_document, git_commit_document
from anchor_tui.sandbox.writing import HEADS, THROUGH_PULL, create_branch, delete_branch, update_branch

if TYPE_CHECKING:
    from anchor_tui.sandbox.github import GitHub

PERMISSIONS = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read"}


def routes(github: GitHub) -> Iterator[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of each."""
    contents = "contents"
    known: tuple[tuple[str, str, Work, str], ...] = (
        ("PUT", "/contents/{path:path}", put_contents, contents),
        ("GET", "/git/ref/{ref:path}", ref, ""),
        ("GET", "/git/matching-refs/{ref:path}", matching_refs, ""),
        ("GET", "/git/refs", matching_refs, ""),
        ("POST", "/git/refs", create_ref, contents),
        ("PATCH", "/git/refs/{ref:path}", update_ref, contents),
        ("DELETE", "/git/refs/{ref:path}", delete_ref, contents),
        ("GET", "/branches/{branch:path}", branch, ""),
        ("GET", "/collaborators/{user}/permission", permission, ""),
    )
    for path in REPOSITORY_PATHS:
        for method, rest, work, needed in known:
            yield method, path + rest, endpoint(github, work, needed)


def put_contents(call: Call) -> Answer:
    """PUT /repos/{owner}/{repo}/contents/{path}: one file, one commit."""
    hosted, path, given = call.hosted, call.part("path"), call.body
    message = str(call.needed("message"))
    try:
        content = base64.b64decode(call.needed("content"))
    except (binascii.Error, TypeError) as error:
        raise Refused(422, "content is not valid Base64") from error
    name = given.get("branch") or hosted.git.default_branch
    head = hosted.git.branches.get(name)
    if head is None:
        raise Refused(404, f"Branch {name} not found")
    before = hosted.git.entry(head, path)
    if before is not None and "sha" not in given:
        raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if (before.sha if before else None) != given.get("sha"):
        raise Refused(409, f"{path} does not match {given.get('sha')}")
    if name in hosted.protected_branches:
        raise Refused(409, f"Repository rule violations found\n\n{THROUGH_PULL}\n\n")
    author = given.get("author") or given.get("committer")
    person = Person(author["name"], author["email"]) if author else ACCOUNTS[call.viewer]
    sha = hosted.git.commit({path: content}, message, author=person, time=call.now, branch=name)
    entry = hosted.git.entry(sha, path)
    assert entry is not None
    document = {
        "content": content_document(hosted, entry, call.url, name, inside=False),
        "commit": git_commit_document(hosted.git.read_commit(sha), call.url),
    }
    return Answer(document, 200 if before else 201)


# --- refs ------------------------------------------------------------------------------------------------


def ref(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/git/ref/heads/{branch}."""
    kind, _, name = call.part("ref").partition("/")
    if kind != "heads" or name not in call.hosted.git.branches:
        raise Refused(404, "Not Found")
    return Answer(ref_document(call.hosted, name, call.base))


def matching_refs(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/git/matching-refs/{ref}: those that begin so."""
    start = call.request.path_params.get("ref", "")
    found = [name for name in sorted(call.hosted.git.branches) if f"heads/{name}".startswith(start)]
    return page_of(call.request, [ref_document(call.hosted, name, call.base) for name in found])


def create_ref(call: Call) -> Answer:
    """POST /repos/{owner}/{repo}/git/refs."""
    given, sha = str(call.needed("ref")), str(call.needed("sha"))
    if not given.startswith("refs/") or given.count("/") < 2:
        raise Refused(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    if given.removeprefix(HEADS) in call.hosted.git.branches:
        raise Refused(422, "Reference already exists")
    name = create_branch(call.hosted, given, sha, call.now)
    document = ref_document(call.hosted, name, call.base)
    return Answer(document, 201, {"location": document["url"]})


def update_ref(call: Call) -> Answer:
    """PATCH /repos/{owner}/{repo}/git/refs/heads/{branch}."""
    name = call.part("ref").removeprefix("heads/")
    update_branch(call.hosted, name, str(call.needed("sha")), call.now, force=bool(call.body.get("force")))
    return Answer(ref_document(call.hosted, name, call.base))


def delete_ref(call: Call) -> Answer:
    """DELETE /repos/{owner}/{repo}/git/refs/heads/{branch}."""
    delete_branch(call.hosted, call.part("ref").removeprefix("heads/"), call.now)
    return Answer(None, 204)


def branch(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/branches/{branch}."""
    name = call.part("branch")
    sha = call.hosted.git.branches.get(name)
    if sha is None:
        raise Refused(404, "Branch not found")
    commit = {"sha": sha, "url": f"{call.url}/commits/{sha}"}
    return Answer({"name": name, "commit": commit, "protected": name in call.hosted.protected_branches})


def permission(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/collaborators/{username}/permission."""
    login = call.part("user")
    if login not in ACCOUNTS:
        raise Refused(404, f"{login} is not a user")
    role = ROLES.get(login, "read")
    if login == call.viewer and not call.hosted.can_write:
        role = "read"
    document = {"permission": PERMISSIONS[role], "role_name": role, "user": account_document(login, call.base)}
    return Answer(document)
