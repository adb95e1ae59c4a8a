from __future__ import annotations

from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import edit_release
from tests.sandbox.github_requests import BRANCH, REPO, commit_files, open_promotion, read_error

# --- refs ------------------------------------------------------------------------------------------------


async def test_a_branch_is_created_once(box: Sandbox, github: httpx.AsyncClient) -> None:
    body = {"ref": f"refs/heads/{BRANCH}", "sha": box.git.head}
    created = await github.post(f"{REPO}/git/refs", json=body)
    assert (created.status_code, created.json()["object"]["sha"]) == (201, box.git.head)
    again = await github.post(f"{REPO}/git/refs", json=body)
    assert (again.status_code, again.json()["message"]) == (422, "Reference already exists")
    assert (await github.get(f"{REPO}/git/ref/heads/{BRANCH}")).json()["object"]["sha"] == box.git.head
    assert (await github.get(f"{REPO}/git/ref/heads/nope")).status_code == 404


@pytest.mark.parametrize(
    ("ref", "sha", "message"),
    [
        ("heads/x", None, "Reference name must start with"),
        ("refs/heads/a b", None, "not a valid ref name"),
        ("refs/heads/x", "0" * 40, "Object does not exist"),
        ("refs/heads/main/x", None, "Reference update failed"),
    ],
)
async def test_an_invalid_branch_is_refused(
    box: Sandbox, github: httpx.AsyncClient, ref: str, sha: str | None, message: str
) -> None:
    answer = await github.post(f"{REPO}/git/refs", json={"ref": ref, "sha": sha or box.git.head})
    assert answer.status_code == 422
    assert message in answer.json()["message"]


async def test_a_branch_moves_back_only_by_force(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    ref, start = f"{REPO}/git/refs/heads/{BRANCH}", box.git.head
    ahead = box.git.branches[BRANCH]
    back = await github.patch(ref, json={"sha": start})
    assert (back.status_code, back.json()["message"]) == (422, "Update is not a fast forward")
    assert (await github.patch(ref, json={"sha": start, "force": True})).json()["object"]["sha"] == start
    assert (await github.patch(ref, json={"sha": ahead})).json()["object"]["sha"] == ahead
    assert box.github_repo.pull_requests[number].head == ahead
    gone = await github.patch(f"{REPO}/git/refs/heads/nope", json={"sha": ahead})
    assert (gone.status_code, gone.json()["message"]) == (422, "Reference does not exist")


async def test_a_protected_branch_does_not_move(box: Sandbox, github: httpx.AsyncClient) -> None:
    await open_promotion(github, box)
    ref = f"{REPO}/git/refs/heads/main"
    assert (await github.patch(ref, json={"sha": box.git.head})).status_code == 200  # nothing to move
    moved = await github.patch(ref, json={"sha": box.git.branches[BRANCH], "force": True})
    assert (moved.status_code, "through a pull request" in moved.json()["message"]) == (422, True)


# --- commits ---------------------------------------------------------------------------------------------


async def test_one_commit_changes_several_files_and_is_signed(box: Sandbox, github: httpx.AsyncClient) -> None:
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


async def test_a_commit_on_a_moved_branch_is_refused(box: Sandbox, github: httpx.AsyncClient) -> None:
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
async def test_an_invalid_commit_is_refused(
    box: Sandbox, github: httpx.AsyncClient, branch: str, changes: dict[str, Any], kind: str, message: str
) -> None:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    before = dict(box.git.branches)
    found = read_error(await commit_files(github, box, branch, {}, fileChanges=changes), "createCommitOnBranch")
    assert found[0] == kind
    assert message in found[1]
    assert box.git.branches == before
