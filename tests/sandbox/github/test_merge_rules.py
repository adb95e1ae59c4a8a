from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.github.pull_requests import CheckTimings
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import edit_release, query_github
from tests.sandbox.github_requests import (
    BRANCH,
    REPO,
    commit_files,
    merge_pull_request,
    mutate,
    open_promotion,
    pull_request_id,
    read_error,
)

STATE = """query($number: Int!) { repository(owner: "anchor", name: "anchor-msp-ops") {
  mergeQueue(branch: "main") { entries(first: 5) { nodes { position pullRequest { number } } } }
  pullRequest(number: $number) {
    state merged mergeable mergeStateStatus reviewDecision mergedBy { login } mergeCommit { oid }
    isInMergeQueue isMergeQueueEnabled mergeQueueEntry { position state } autoMergeRequest { mergeMethod enabledAt }
    viewerCanEnableAutoMerge viewerCanMergeAsAdmin viewerCanUpdate headRef { name }
    statusCheckRollup { state contexts(first: 5) { nodes { ... on CheckRun { name status } } } } } } }"""


async def read_state(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    answer = await query_github(client, STATE, number=number)
    assert "errors" not in answer
    found: dict[str, Any] = answer["data"]["repository"]["pullRequest"]
    return found


async def test_a_merge_waits_for_the_checks_and_reaches_argo_cd(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    early = await merge_pull_request(github, number)
    assert (early.status_code, early.json()["message"]) == (405, 'Required status check "release-contract" is queued.')
    box.advance(60)
    assert (await read_state(github, number))["mergeStateStatus"] == "CLEAN"
    answer = (await merge_pull_request(github, number, sha=box.github_repo.pull_requests[number].head)).json()
    head = box.git.read_commit(box.git.head)
    assert answer == {"sha": head.sha, "merged": True, "message": "Pull Request successfully merged"}
    assert head.message == f"Promote prod to 1.43.2 (#{number})"
    found = await read_state(github, number)
    assert (found["state"], found["mergedBy"]["login"], found["headRef"]) == ("MERGED", "on-call", None)
    box.advance(2)
    assert box.applications["argocd", "anchor-msp-prod"].revision == head.sha
    again = await merge_pull_request(github, number)
    assert (again.status_code, again.json()["message"]) == (405, "Pull Request is not mergeable")


@pytest.mark.parametrize(
    ("switch", "more", "status", "message"),
    [
        ({}, {"sha": "0" * 40}, 409, "Head branch was modified. Review and try the merge again."),
        ({"refuse_next_merges": 1}, {}, 405, "Base branch was modified. Review and try the merge again."),
        ({"merge_queue": True}, {}, 405, "Changes must be made through the merge queue"),
        ({}, {"merge_method": "rebase"}, 405, "Rebase merges are not allowed on this repository."),
        ({}, {"merge_method": "octopus"}, 422, "Invalid request.\n\nmerge_method is not one of merge, squash, rebase."),
        (
            {"required_reviews": 1},
            {},
            405,
            "At least 1 approving review is required by reviewers with write access.",
        ),
        ({"required_checks": ("other",)}, {}, 405, 'Required status check "other" is expected.'),
    ],
)
async def test_a_merge_against_the_rules_is_refused(
    box: Sandbox,
    github: httpx.AsyncClient,
    switch: dict[str, Any],
    more: dict[str, Any],
    status: int,
    message: str,
) -> None:
    number = await open_promotion(github, box)
    box.advance(60)
    for name, value in switch.items():
        setattr(box.github_repo, name, value)
    answer = await merge_pull_request(github, number, **more)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert box.github_repo.pull_requests[number].state == "OPEN"


async def test_a_draft_and_a_conflict_are_not_merged(box: Sandbox, github: httpx.AsyncClient) -> None:
    draft = await open_promotion(github, box, draft=True)
    box.advance(60)
    assert (await read_state(github, draft))["mergeStateStatus"] == "DRAFT"
    assert (await merge_pull_request(github, draft)).json()["message"] == "Pull Request is still a draft"
    box.github_repo.pull_requests[draft].draft = False
    box.commit({"environments/prod/release.yaml": "version: other\n"}, "In between")
    found = await read_state(github, draft)
    assert (found["mergeable"], found["mergeStateStatus"]) == ("CONFLICTING", "DIRTY")
    assert (await merge_pull_request(github, draft)).json()["message"] == "Pull Request is not mergeable"


async def test_a_required_check_that_fails_blocks(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.checks = ("release-contract", "lint")
    box.github_repo.failing_checks = {"lint"}
    number = await open_promotion(github, box)
    box.advance(60)
    assert (await read_state(github, number))["mergeStateStatus"] == "UNSTABLE"
    box.github_repo.required_checks = ("release-contract", "lint")
    assert (await read_state(github, number))["mergeStateStatus"] == "BLOCKED"
    assert (await merge_pull_request(github, number)).json()["message"] == 'Required status check "lint" is failing.'


async def test_an_approval_unblocks_the_merge(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.required_reviews = 1
    number = await open_promotion(github, box)
    box.advance(60)
    found = await read_state(github, number)
    assert (found["reviewDecision"], found["mergeStateStatus"]) == ("REVIEW_REQUIRED", "BLOCKED")
    box.approve(number)
    found = await read_state(github, number)
    assert (found["reviewDecision"], found["mergeStateStatus"]) == ("APPROVED", "CLEAN")
    assert (await merge_pull_request(github, number)).status_code == 200


async def test_mergeability_is_unknown_for_a_while(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.timings = CheckTimings(mergeability=timedelta(seconds=5))
    number = await open_promotion(github, box)
    found = await read_state(github, number)
    assert (found["mergeable"], found["mergeStateStatus"]) == ("UNKNOWN", "UNKNOWN")
    assert (await github.get(f"{REPO}/pulls/{number}")).json()["mergeable"] is None
    box.advance(5)
    assert (await read_state(github, number))["mergeable"] == "MERGEABLE"


async def test_strict_checks_refuse_a_branch_that_is_behind(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.strict_checks = True
    number = await open_promotion(github, box)
    box.commit({"new.txt": "x\n"}, "In between")
    box.advance(60)
    assert (await read_state(github, number))["mergeStateStatus"] == "BEHIND"
    refused = await merge_pull_request(github, number)
    assert refused.json()["message"] == "The head branch is not up to date with the base branch."


@pytest.mark.parametrize("method", ["merge", "rebase"])
async def test_merge_and_rebase_keep_the_commits_of_the_branch(
    box: Sandbox, github: httpx.AsyncClient, method: str
) -> None:
    box.github_repo.merge_methods = {"MERGE", "REBASE"}
    box.github_repo.delete_branch_on_merge = False
    number = await open_promotion(github, box)
    await commit_files(github, box, BRANCH, {"a": "1"}, message={"headline": "And a"})
    box.commit({"new.txt": "x\n"}, "In between")
    box.advance(60)
    answer = await merge_pull_request(github, number, merge_method=method)
    git = box.git
    assert answer.json()["sha"] == git.head
    messages = [commit.headline for commit in git.list_history(git.head)][:4]
    if method == "merge":
        assert messages[0] == f"Merge pull request #{number} from anchor/{BRANCH}"
        assert len(git.read_commit(git.head).parents) == 2
    else:
        assert messages[:3] == ["And a", "Promote prod to 1.43.2", "In between"]
    assert (git.read_file("a"), git.read_file("new.txt")) == ("1", "x\n")
    assert (await read_state(github, number))["headRef"] == {"name": BRANCH}


# --- auto-merge ------------------------------------------------------------------------------------------


async def enable_auto_merge(client: httpx.AsyncClient, number: int, **more: Any) -> dict[str, Any]:
    given = {"pullRequestId": pull_request_id(number), "mergeMethod": "SQUASH", **more}
    output = "pullRequest { autoMergeRequest { mergeMethod enabledAt enabledBy { login } } }"
    return await mutate(client, "enablePullRequestAutoMerge", output, **given)


async def test_auto_merge_merges_once_the_checks_pass(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    assert (await read_state(github, number))["viewerCanEnableAutoMerge"]
    made = (await enable_auto_merge(github, number))["data"]["enablePullRequestAutoMerge"]["pullRequest"]
    assert made["autoMergeRequest"] == {
        "mergeMethod": "SQUASH",
        "enabledAt": "2026-11-23T12:00:00Z",
        "enabledBy": {"login": "on-call"},
    }
    assert (await github.get(f"{REPO}/pulls/{number}")).json()["auto_merge"]["merge_method"] == "squash"
    box.advance(30)
    assert (await read_state(github, number))["state"] == "OPEN"
    box.advance(30)
    found = await read_state(github, number)
    assert (found["state"], found["mergedBy"]["login"]) == ("MERGED", "on-call")
    assert box.git.head == found["mergeCommit"]["oid"]


async def test_auto_merge_waits_for_an_approval(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.required_reviews = 1
    number = await open_promotion(github, box)
    await enable_auto_merge(github, number)
    box.advance(60)
    assert box.github_repo.pull_requests[number].state == "OPEN"
    box.approve(number, by="m-ito")
    box.advance(1)
    assert box.github_repo.pull_requests[number].state == "MERGED"


async def test_auto_merge_is_refused_for_a_clean_pull_request(box: Sandbox, github: httpx.AsyncClient) -> None:
    number, name = await open_promotion(github, box), "enablePullRequestAutoMerge"
    stale = await enable_auto_merge(github, number, expectedHeadOid="0" * 40)
    assert read_error(stale, name)[1] == "Head branch was modified. Review and try the merge again."
    other = await enable_auto_merge(github, number, mergeMethod="MERGE")
    assert read_error(other, name)[1] == "Merge method merge commits are not allowed on this repository"
    box.github_repo.allow_auto_merge = False
    assert "not allowed for this repository" in read_error(await enable_auto_merge(github, number), name)[1]
    box.github_repo.allow_auto_merge = True
    box.advance(60)
    clean = ("UNPROCESSABLE", "Pull request Pull request is in clean status")
    assert read_error(await enable_auto_merge(github, number), name) == clean


# --- the queue -------------------------------------------------------------------------------------------


async def enqueue_pull_request(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    given = {"pullRequestId": pull_request_id(number)}
    return await mutate(client, "enqueuePullRequest", "mergeQueueEntry { position state }", **given)


async def open_another(box: Sandbox, github: httpx.AsyncClient) -> int:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    await commit_files(github, box, "topic", {"a": "1"})
    answer = await github.post(f"{REPO}/pulls", json={"title": "Another", "head": "topic", "base": "main"})
    number: int = answer.json()["number"]
    return number


async def test_the_queue_merges_in_order_after_its_checks(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.merge_queue = True
    first, second = await open_promotion(github, box), await open_another(box, github)
    assert "release-contract" in read_error(await enqueue_pull_request(github, first), "enqueuePullRequest")[1]
    box.advance(60)
    entry = (await enqueue_pull_request(github, second))["data"]["enqueuePullRequest"]["mergeQueueEntry"]
    assert entry == {"position": 1, "state": "QUEUED"}
    box.advance(5)
    await enqueue_pull_request(github, first)
    found = await read_state(github, first)
    assert (found["isMergeQueueEnabled"], found["isInMergeQueue"]) == (True, True)
    assert found["mergeQueueEntry"] == {"position": 2, "state": "QUEUED"}
    assert (await read_state(github, second))["mergeQueueEntry"] == {"position": 1, "state": "AWAITING_CHECKS"}
    queue = (await query_github(github, STATE, number=first))["data"]["repository"]["mergeQueue"]["entries"]["nodes"]
    assert [entry["pullRequest"]["number"] for entry in queue] == [second, first]
    box.advance(40)
    assert [box.github_repo.pull_requests[number].state for number in (second, first)] == ["MERGED", "OPEN"]
    box.advance(10)
    assert (await read_state(github, first))["mergedBy"]["login"] == "github-merge-queue"
    assert box.git.head != box.github_repo.pull_requests[second].merge_commit


async def test_auto_merge_adds_the_pull_request_to_the_queue(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.merge_queue = True
    number = await open_promotion(github, box)
    await enable_auto_merge(github, number)
    box.advance(60)
    assert (await read_state(github, number))["isInMergeQueue"]
    box.advance(60)
    assert (await read_state(github, number))["state"] == "MERGED"


async def test_a_failed_check_removes_an_entry_from_the_queue(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.merge_queue = True
    number = await open_promotion(github, box)
    box.advance(60)
    box.github_repo.failing_checks = {"release-contract"}
    await enqueue_pull_request(github, number)
    box.advance(60)
    found = await read_state(github, number)
    assert (found["state"], found["isInMergeQueue"], found["mergeQueueEntry"]) == ("OPEN", False, None)


async def test_a_conflict_removes_an_entry_from_the_queue(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.merge_queue = True
    number = await open_promotion(github, box)
    box.advance(60)
    await enqueue_pull_request(github, number)
    box.commit({"environments/prod/release.yaml": "version: other\n"}, "In between")
    box.advance(60)
    found = await read_state(github, number)
    assert (found["state"], found["isInMergeQueue"], found["mergeStateStatus"]) == ("OPEN", False, "DIRTY")


async def test_a_pull_request_is_enqueued_only_once(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    box.advance(60)
    assert "not enabled" in read_error(await enqueue_pull_request(github, number), "enqueuePullRequest")[1]
    box.github_repo.merge_queue = True
    await enqueue_pull_request(github, number)
    assert "already in the queue" in read_error(await enqueue_pull_request(github, number), "enqueuePullRequest")[1]


async def test_argo_cd_syncs_the_merged_commit(box: Sandbox, github: httpx.AsyncClient) -> None:
    files = edit_release(box, "prod", "1.43.2")
    number = await open_promotion(github, box)
    box.advance(60)
    await merge_pull_request(github, number)
    for _ in range(30):
        box.advance(1)
    prod = box.applications["argocd", "anchor-msp-prod"]
    assert (prod.sync, prod.revision) == ("Synced", box.git.head)
    assert {path: box.git.read_file(path) for path in files} == files
