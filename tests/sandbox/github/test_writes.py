from __future__ import annotations

from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.github.node_ids import encode_node_id
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import edit_release, query_github
from tests.sandbox.github_requests import (
    BRANCH,
    REPO,
    REPOSITORY_ID,
    authenticate_as,
    commit_files,
    mutate,
    open_promotion,
    pull_request_id,
    read_error,
)

# --- refs ------------------------------------------------------------------------------------------------


async def test_a_branch_is_created_once_by_either_api(box: Sandbox, github: httpx.AsyncClient) -> None:
    head = box.git.head
    given = {"repositoryId": REPOSITORY_ID, "name": f"refs/heads/{BRANCH}", "oid": head}
    made = await mutate(github, "createRef", "clientMutationId ref { id name target { oid } }", **given)
    assert made["data"]["createRef"]["ref"] == {
        "id": encode_node_id("REF", 871_234_567, BRANCH),
        "name": BRANCH,
        "target": {"oid": head},
    }
    again = await mutate(github, "createRef", "ref { id }", **given)
    message = f'A ref named "refs/heads/{BRANCH}" already exists in the repository.'
    assert read_error(again, "createRef") == ("UNPROCESSABLE", message)
    answer = await github.post(f"{REPO}/git/refs", json={"ref": given["name"], "sha": head})
    assert (answer.status_code, answer.json()["message"]) == (422, "Reference already exists")
    assert (await github.get(f"{REPO}/git/ref/heads/{BRANCH}")).json()["object"]["sha"] == head
    assert (await github.get(f"{REPO}/git/ref/heads/nope")).status_code == 404
    found = (await github.get(f"{REPO}/git/matching-refs/heads/promote/")).json()
    assert [each["ref"] for each in found] == [f"refs/heads/{BRANCH}"]


@pytest.mark.parametrize(
    ("ref", "sha", "message"),
    [
        ("heads/x", None, "Reference name must start with"),
        ("refs/heads/a b", None, "not a valid ref name"),
        ("refs/heads/x", "0" * 40, "Object does not exist"),
        ("refs/heads/main/x", None, "Reference update failed"),
    ],
)
async def test_a_branch_that_cannot_be_is_refused(
    box: Sandbox, github: httpx.AsyncClient, ref: str, sha: str | None, message: str
) -> None:
    answer = await github.post(f"{REPO}/git/refs", json={"ref": ref, "sha": sha or box.git.head})
    assert answer.status_code == 422
    assert message in answer.json()["message"]


async def test_a_branch_moves_forward_and_back_only_by_force(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    ref, start = f"{REPO}/git/refs/heads/{BRANCH}", box.git.head
    ahead = box.git.branches[BRANCH]
    back = await github.patch(ref, json={"sha": start})
    assert (back.status_code, back.json()["message"]) == (422, "Update is not a fast forward")
    assert (await github.patch(ref, json={"sha": start, "force": True})).json()["object"]["sha"] == start
    made = await mutate(
        github, "updateRef", "ref { target { oid } }", refId=encode_node_id("REF", 871_234_567, BRANCH), oid=ahead
    )
    assert made["data"]["updateRef"]["ref"]["target"]["oid"] == ahead == box.github_repo.pull_requests[number].head


async def test_a_deleted_branch_closes_its_pull_request(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    assert (await github.delete(f"{REPO}/git/refs/heads/{BRANCH}")).status_code == 204
    assert box.github_repo.pull_requests[number].state == "CLOSED"
    again = await github.delete(f"{REPO}/git/refs/heads/{BRANCH}")
    assert (again.status_code, again.json()["message"]) == (422, "Reference does not exist")
    gone = await mutate(github, "deleteRef", "clientMutationId", refId=encode_node_id("REF", 871_234_567, BRANCH))
    assert read_error(gone, "deleteRef")[0] == "NOT_FOUND"


# --- commits ---------------------------------------------------------------------------------------------


async def test_one_commit_of_several_files_is_the_viewers_and_signed(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    files = edit_release(box, "prod", "1.43.2")
    changes = {"fileChanges": {"additions": [], "deletions": [{"path": "README.md"}]}}
    made = (await commit_files(github, box, "topic", files))["data"]["createCommitOnBranch"]
    assert made["commit"]["author"]["user"]["login"] == "on-call"
    assert made["commit"]["signature"] == {"isValid": True, "wasSignedByGitHub": True}
    assert made["ref"] == {"name": "topic", "target": {"oid": made["commit"]["oid"]}}
    assert {path: box.git.read_file(path, "topic") for path in files} == files
    await commit_files(github, box, "topic", {}, **changes)
    assert box.git.find_entry(box.git.branches["topic"], "README.md") is None


async def test_a_commit_wants_the_branch_where_it_was_seen(box: Sandbox, github: httpx.AsyncClient) -> None:
    seen = box.git.head
    box.git.set_branch("topic", seen, box.clock.now())
    box.commit({"README.md": "x\n"}, "In between", branch="topic")
    stale = await commit_files(github, box, "topic", {"a": "1"}, expectedHeadOid=seen)
    message = f'Expected branch to point to "{seen}" but it did not. Pull and try again.'
    assert read_error(stale, "createCommitOnBranch") == ("STALE_DATA", message)


@pytest.mark.parametrize(
    ("branch", "changes", "kind", "message"),
    [
        ("main", {}, "BRANCH_PROTECTION_RULE_VIOLATION", "Changes must be made through a pull request."),
        ("nope", {}, "NOT_FOUND", "nope"),
        ("topic", {"deletions": [{"path": "nope"}]}, "UNPROCESSABLE", "A path was requested for deletion"),
        ("topic", {"additions": [{"path": "a", "contents": "?"}]}, "UNPROCESSABLE", "Base64"),
        ("topic", {"additions": [{"path": "../a", "contents": ""}]}, "UNPROCESSABLE", "not valid"),
    ],
)
async def test_a_commit_that_may_not_be_is_refused(
    box: Sandbox, github: httpx.AsyncClient, branch: str, changes: dict[str, Any], kind: str, message: str
) -> None:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    before = dict(box.git.branches)
    found = read_error(await commit_files(github, box, branch, {}, fileChanges=changes), "createCommitOnBranch")
    assert found[0] == kind
    assert message in found[1]
    assert box.git.branches == before


async def test_a_file_of_a_protected_branch_is_not_put(box: Sandbox, github: httpx.AsyncClient) -> None:
    answer = await github.put(f"{REPO}/contents/new", json={"message": "m", "content": "eA=="})
    assert (answer.status_code, "through a pull request" in answer.json()["message"]) == (409, True)
    other = await github.patch(f"{REPO}/git/refs/heads/main", json={"sha": box.git.head, "force": True})
    assert other.status_code == 200  # nothing to move
    assert (await github.delete(f"{REPO}/git/refs/heads/main")).status_code == 422


# --- pull requests ---------------------------------------------------------------------------------------


async def test_a_pull_request_is_opened_once_for_a_branch(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box, body="why", draft=False)
    shown = (await github.get(f"{REPO}/pulls/{number}")).json()
    assert (shown["user"]["login"], shown["head"]["ref"], shown["body"]) == ("on-call", BRANCH, "why")
    assert (shown["mergeable"], shown["mergeable_state"], shown["merged"]) == (True, "blocked", False)
    assert (shown["changed_files"], shown["commits"]) == (2, 1)
    again = await github.post(f"{REPO}/pulls", json={"title": "t", "head": f"anchor:{BRANCH}", "base": "main"})
    assert again.status_code == 422
    assert again.json()["errors"][0]["message"] == f"A pull request already exists for anchor:{BRANCH}."
    given = {"repositoryId": REPOSITORY_ID, "title": "t", "headRefName": BRANCH, "baseRefName": "main"}
    refused = await mutate(github, "createPullRequest", "pullRequest { number }", **given)
    assert read_error(refused, "createPullRequest")[1] == again.json()["errors"][0]["message"]


async def test_a_pull_request_of_nothing_is_refused(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    for head, message in (("topic", "No commits between main and topic"), ("nope", "Head ref must be a branch")):
        answer = await github.post(f"{REPO}/pulls", json={"title": "t", "head": head, "base": "main"})
        assert (answer.status_code, answer.json()["message"]) == (422, "Validation Failed")
        assert message in answer.json()["errors"][0]["message"]
    assert (await github.post(f"{REPO}/pulls", json={"title": "t"})).status_code == 422


async def test_graphql_opens_changes_labels_and_closes(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    await commit_files(github, box, "topic", {"a": "1"})
    given = {"repositoryId": REPOSITORY_ID, "title": "t", "headRefName": "topic", "baseRefName": "main", "body": "b"}
    made = await mutate(github, "createPullRequest", "pullRequest { id number headRefOid }", **given)
    shown = made["data"]["createPullRequest"]["pullRequest"]
    number, identity = shown["number"], shown["id"]
    assert (identity, shown["headRefOid"]) == (pull_request_id(number), box.git.branches["topic"])
    label = (await query_github(github, LABEL))["data"]["repository"]["label"]["id"]
    named = await mutate(
        github,
        "addLabelsToLabelable",
        "labelable { labels(first: 5) { nodes { name } } }",
        labelableId=identity,
        labelIds=[label],
    )
    assert named["data"]["addLabelsToLabelable"]["labelable"]["labels"]["nodes"] == [{"name": "promotion"}]
    changed = await mutate(github, "updatePullRequest", "pullRequest { title body }", pullRequestId=identity, title="T")
    assert changed["data"]["updatePullRequest"]["pullRequest"] == {"title": "T", "body": "b"}
    closed = await mutate(github, "closePullRequest", "pullRequest { state closed }", pullRequestId=identity)
    assert closed["data"]["closePullRequest"]["pullRequest"] == {"state": "CLOSED", "closed": True}


LABEL = '{ repository(owner: "anchor", name: "anchor-msp-ops") { label(name: "promotion") { id } } }'


async def test_a_pull_request_is_retitled_closed_and_opened_again(box: Sandbox, github: httpx.AsyncClient) -> None:
    path = f"{REPO}/pulls/{await open_promotion(github, box)}"
    assert (await github.patch(path, json={"title": "T", "body": "B"})).json()["title"] == "T"
    assert (await github.patch(path, json={"state": "closed"})).json()["state"] == "closed"
    assert (await github.patch(path, json={"state": "open"})).json()["closed_at"] is None


async def test_labels_are_added_and_seen_on_the_issue(box: Sandbox, github: httpx.AsyncClient) -> None:
    issue = f"{REPO}/issues/{await open_promotion(github, box)}"
    for names in (["promotion"], {"labels": ["promotion", "urgent"]}):
        answer = await github.post(f"{issue}/labels", json=names)
        assert answer.status_code == 200
    shown = (await github.get(issue)).json()
    assert [each["name"] for each in shown["labels"]] == ["promotion", "urgent"]
    assert shown["pull_request"]["merged_at"] is None


@pytest.mark.parametrize(
    ("reviewers", "message"),
    [
        (["on-call"], "Review cannot be requested from pull request author."),
        (["nobody"], "Reviews may only be requested from collaborators."),
    ],
)
async def test_who_cannot_review_is_not_asked(
    box: Sandbox, github: httpx.AsyncClient, reviewers: list[str], message: str
) -> None:
    path = f"{REPO}/pulls/{await open_promotion(github, box)}/requested_reviewers"
    answer = await github.post(path, json={"reviewers": reviewers})
    assert (answer.status_code, answer.json()["message"].startswith(message)) == (422, True)
    good = await github.post(path, json={"reviewers": ["a.lee"], "team_reviewers": ["on-call"]})
    assert good.status_code == 201
    assert [each["login"] for each in (await github.get(path)).json()["users"]] == ["a.lee"]


async def test_reviewers_are_asked_by_their_ids(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    user = (await query_github(github, '{ user(login: "m.ito") { id } }'))["data"]["user"]["id"]
    output = """pullRequest { reviewRequests(first: 5) { nodes { requestedReviewer {
      ... on User { login } ... on Team { combinedSlug } } } } }"""
    made = await mutate(github, "requestReviews", output, pullRequestId=pull_request_id(number), userIds=[user])
    nodes = made["data"]["requestReviews"]["pullRequest"]["reviewRequests"]["nodes"]
    assert [each["requestedReviewer"] for each in nodes] == [{"login": "m.ito"}, {"combinedSlug": "anchor/on-call"}]


async def test_an_author_cannot_approve_and_a_push_dismisses_approval(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    path = f"{REPO}/pulls/{number}/reviews"
    own = await github.post(path, json={"event": "APPROVE"})
    assert (own.status_code, "your own pull request" in own.json()["message"]) == (422, True)
    given = await github.post(path, json={"event": "APPROVE"}, headers=authenticate_as(box, "a.lee"))
    assert (given.status_code, given.json()["state"], given.json()["user"]["login"]) == (200, "APPROVED", "a.lee")
    await commit_files(github, box, BRANCH, {"a": "1"})
    assert [each["state"] for each in (await github.get(path)).json()] == ["DISMISSED"]


# --- who may ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("POST", "/git/refs", "contents"),
        ("PUT", "/contents/x", "contents"),
        ("POST", "/pulls", "pull_requests"),
        ("PATCH", "/pulls/227", "pull_requests"),
        ("PUT", "/pulls/227/merge", "contents"),
        ("POST", "/issues/227/labels", "pull_requests"),
        ("POST", "/actions/workflows/promote.yaml/dispatches", "actions"),
    ],
)
async def test_a_token_that_may_not_write_is_told_the_permission(
    box: Sandbox, github: httpx.AsyncClient, method: str, path: str, permission: str
) -> None:
    box.github_repo.token_lacks.add(permission)
    answer = await github.request(method, REPO + path, json={})
    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by personal access token")
    assert answer.headers["x-accepted-github-permissions"] == f"{permission}=write"


async def test_a_reader_sees_that_he_is_one(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.can_write = False
    shown = (await github.get(REPO)).json()
    assert (shown["permissions"]["push"], shown["permissions"]["pull"]) == (False, True)
    role = (await github.get(f"{REPO}/collaborators/on-call/permission")).json()
    assert (role["permission"], role["user"]["login"]) == ("read", "on-call")
    refused = await commit_files(github, box, "topic", {"a": "1"})
    assert read_error(refused, "createCommitOnBranch")[0] == "FORBIDDEN"


async def test_an_archive_is_read_only(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.is_archived = True
    answer = await github.post(f"{REPO}/git/refs", json={})
    assert (answer.status_code, answer.json()["message"]) == (403, "Repository was archived so is read-only.")


async def test_a_write_to_a_former_name_is_sent_on(github: httpx.AsyncClient) -> None:
    answer = await github.post("/repos/anchor/msp-ops/git/refs", json={})
    assert answer.status_code == 307
    assert answer.headers["location"].endswith("/repositories/871234567/git/refs")


@pytest.mark.parametrize("body", [b"{", b'"x"'])
async def test_a_body_that_is_no_object_is_400(github: httpx.AsyncClient, body: bytes) -> None:
    assert (await github.post(f"{REPO}/git/refs", content=body)).status_code == 400
