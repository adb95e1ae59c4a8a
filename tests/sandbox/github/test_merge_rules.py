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
    authenticate_as,
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


async def state(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    answer = await query_github(client, STATE, number=number)
    assert "errors" not in answer
    found: dict[str, Any] = answer["data"]["repository"]["pullRequest"]
    return found


async def test_a_merge_waits_for_the_checks_and_reaches_argo_cd(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    early = await merge_pull_request(github, number)
    assert (early.status_code, early.json()["message"]) == (405, 'Required status check "release-contract" is queued.')
    box.advance(60)
    assert (await state(github, number))["mergeStateStatus"] == "CLEAN"
    answer = (await merge_pull_request(github, number, sha=box.github_repo.pull_requests[number].head)).json()
    head = box.git.read_commit(box.git.head)
    assert answer == {"sha": head.sha, "merged": True, "message": "Pull Request successfully merged"}
    assert head.message == f"Promote prod to 1.43.2 (#{number})"
    found = await state(github, number)
    assert (found["state"], found["mergedBy"]["login"], found["headRef"]) == ("MERGED", "on-call", None)
    assert (await github.get(f"{REPO}/pulls/{number}/merge")).status_code == 204
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
async def test_a_merge_that_the_rules_forbid_is_refused(
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
    assert (await state(github, draft))["mergeStateStatus"] == "DRAFT"
    assert (await merge_pull_request(github, draft)).json()["message"] == "Pull Request is still a draft"
    box.github_repo.pull_requests[draft].draft = False
    box.commit({"environments/prod/release.yaml": "version: other\n"}, "In between")
    found = await state(github, draft)
    assert (found["mergeable"], found["mergeStateStatus"]) == ("CONFLICTING", "DIRTY")
    assert (await merge_pull_request(github, draft)).json()["message"] == "Pull Request is not mergeable"


async def test_checks_that_fail_block_where_they_are_required(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.checks = ("release-contract", "lint")
    box.github_repo.failing_checks = {"lint"}
    number = await open_promotion(github, box)
    box.advance(60)
    assert (await state(github, number))["mergeStateStatus"] == "UNSTABLE"
    box.github_repo.required_checks = ("release-contract", "lint")
    assert (await state(github, number))["mergeStateStatus"] == "BLOCKED"
    assert (await merge_pull_request(github, number)).json()["message"] == 'Required status check "lint" is failing.'


async def test_one_approval_of_another_unblocks(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.required_reviews = 1
    number = await open_promotion(github, box)
    box.advance(60)
    found = await state(github, number)
    assert (found["reviewDecision"], found["mergeStateStatus"]) == ("REVIEW_REQUIRED", "BLOCKED")
    box.approve(number)
    found = await state(github, number)
    assert (found["reviewDecision"], found["mergeStateStatus"]) == ("APPROVED", "CLEAN")
    assert (await merge_pull_request(github, number)).status_code == 200


async def test_for_a_while_nobody_knows_whether_it_merges(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.timings = CheckTimings(mergeability=timedelta(seconds=5))
    number = await open_promotion(github, box)
    found = await state(github, number)
    assert (found["mergeable"], found["mergeStateStatus"]) == ("UNKNOWN", "UNKNOWN")
    assert (await github.get(f"{REPO}/pulls/{number}")).json()["mergeable"] is None
    box.advance(5)
    assert (await state(github, number))["mergeable"] == "MERGEABLE"


async def test_a_branch_that_is_behind_is_brought_up_to_date(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.strict_checks = True
    number = await open_promotion(github, box)
    box.commit({"new.txt": "x\n"}, "In between")
    box.advance(60)
    assert (await state(github, number))["mergeStateStatus"] == "BEHIND"
    path = f"{REPO}/pulls/{number}/update-branch"
    assert (await github.put(path, json={"expected_head_sha": "0" * 40})).status_code == 422
    assert (await github.put(path, json={})).status_code == 202
    assert (await github.put(path, json={})).json()["message"] == "There are no new commits on the base branch."
    assert (await github.get(f"{REPO}/pulls/{number}")).json()["changed_files"] == 2
    box.advance(60)
    assert (await merge_pull_request(github, number)).status_code == 200
    assert box.git.read_file("new.txt") == "x\n"


@pytest.mark.parametrize("method", ["merge", "rebase"])
async def test_other_ways_to_merge_keep_the_branchs_commits(
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
    messages = [each.headline for each in git.walk_history(git.head)][:4]
    if method == "merge":
        assert messages[0] == f"Merge pull request #{number} from anchor/{BRANCH}"
        assert len(git.read_commit(git.head).parents) == 2
    else:
        assert messages[:3] == ["And a", "Promote prod to 1.43.2", "In between"]
    assert (git.read_file("a"), git.read_file("new.txt")) == ("1", "x\n")
    assert (await state(github, number))["headRef"] == {"name": BRANCH}


# --- by itself -------------------------------------------------------------------------------------------


async def enable(client: httpx.AsyncClient, number: int, **more: Any) -> dict[str, Any]:
    given = {"pullRequestId": pull_request_id(number), "mergeMethod": "SQUASH", **more}
    output = "pullRequest { autoMergeRequest { mergeMethod enabledAt enabledBy { login } } }"
    return await mutate(client, "enablePullRequestAutoMerge", output, **given)


async def test_auto_merge_merges_once_the_checks_pass(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    assert (await state(github, number))["viewerCanEnableAutoMerge"]
    made = (await enable(github, number))["data"]["enablePullRequestAutoMerge"]["pullRequest"]
    assert made["autoMergeRequest"] == {
        "mergeMethod": "SQUASH",
        "enabledAt": "2026-11-23T12:00:00Z",
        "enabledBy": {"login": "on-call"},
    }
    assert (await github.get(f"{REPO}/pulls/{number}")).json()["auto_merge"]["merge_method"] == "squash"
    box.advance(30)
    assert (await state(github, number))["state"] == "OPEN"
    box.advance(30)
    found = await state(github, number)
    assert (found["state"], found["mergedBy"]["login"]) == ("MERGED", "on-call")
    assert box.git.head == found["mergeCommit"]["oid"]


async def test_auto_merge_waits_for_an_approval(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.required_reviews = 1
    number = await open_promotion(github, box)
    await enable(github, number)
    box.advance(60)
    assert box.github_repo.pull_requests[number].state == "OPEN"
    await github.post(
        f"{REPO}/pulls/{number}/reviews", json={"event": "APPROVE"}, headers=authenticate_as(box, "m.ito")
    )
    box.advance(1)
    assert box.github_repo.pull_requests[number].state == "MERGED"


async def test_auto_merge_can_be_called_off(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    await enable(github, number)
    given = {"pullRequestId": pull_request_id(number)}
    made = await mutate(github, "disablePullRequestAutoMerge", "pullRequest { id }", **given)
    assert "errors" not in made
    box.advance(60)
    assert box.github_repo.pull_requests[number].state == "OPEN"
    again = await mutate(github, "disablePullRequestAutoMerge", "pullRequest { id }", **given)
    assert read_error(again, "disablePullRequestAutoMerge")[0] == "UNPROCESSABLE"


async def test_auto_merge_is_refused_where_it_makes_no_sense(box: Sandbox, github: httpx.AsyncClient) -> None:
    number, name = await open_promotion(github, box), "enablePullRequestAutoMerge"
    stale = await enable(github, number, expectedHeadOid="0" * 40)
    assert read_error(stale, name)[1] == "Head branch was modified. Review and try the merge again."
    other = await enable(github, number, mergeMethod="MERGE")
    assert read_error(other, name)[1] == "Merge method merge commits are not allowed on this repository"
    box.github_repo.allow_auto_merge = False
    assert "not allowed for this repository" in read_error(await enable(github, number), name)[1]
    box.github_repo.allow_auto_merge = True
    box.advance(60)
    clean = ("UNPROCESSABLE", "Pull request Pull request is in clean status")
    assert read_error(await enable(github, number), name) == clean


# --- the queue -------------------------------------------------------------------------------------------


async def enqueue(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    given = {"pullRequestId": pull_request_id(number)}
    return await mutate(client, "enqueuePullRequest", "mergeQueueEntry { position state }", **given)


async def other(box: Sandbox, github: httpx.AsyncClient) -> int:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    await commit_files(github, box, "topic", {"a": "1"})
    answer = await github.post(f"{REPO}/pulls", json={"title": "Another", "head": "topic", "base": "main"})
    number: int = answer.json()["number"]
    return number


async def test_the_queue_merges_in_its_order_after_its_checks(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.merge_queue = True
    first, second = await open_promotion(github, box), await other(box, github)
    assert "release-contract" in read_error(await enqueue(github, first), "enqueuePullRequest")[1]
    box.advance(60)
    entry = (await enqueue(github, second))["data"]["enqueuePullRequest"]["mergeQueueEntry"]
    assert entry == {"position": 1, "state": "QUEUED"}
    box.advance(5)
    await enqueue(github, first)
    found = await state(github, first)
    assert (found["isMergeQueueEnabled"], found["isInMergeQueue"]) == (True, True)
    assert found["mergeQueueEntry"] == {"position": 2, "state": "QUEUED"}
    assert (await state(github, second))["mergeQueueEntry"] == {"position": 1, "state": "AWAITING_CHECKS"}
    queue = (await query_github(github, STATE, number=first))["data"]["repository"]["mergeQueue"]["entries"]["nodes"]
    assert [each["pullRequest"]["number"] for each in queue] == [second, first]
    box.advance(40)
    assert [box.github_repo.pull_requests[number].state for number in (second, first)] == ["MERGED", "OPEN"]
    box.advance(10)
    assert (await state(github, first))["mergedBy"]["login"] == "github-merge-queue"
    assert box.git.head != box.github_repo.pull_requests[second].merge_commit


async def test_auto_merge_puts_into_the_queue_where_there_is_one(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.merge_queue = True
    number = await open_promotion(github, box)
    await enable(github, number)
    box.advance(60)
    assert (await state(github, number))["isInMergeQueue"]
    box.advance(60)
    assert (await state(github, number))["state"] == "MERGED"


async def test_what_fails_in_the_queue_leaves_it_unmerged(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.merge_queue = True
    number = await open_promotion(github, box)
    box.advance(60)
    box.github_repo.failing_checks = {"release-contract"}
    await enqueue(github, number)
    box.advance(60)
    found = await state(github, number)
    assert (found["state"], found["isInMergeQueue"], found["mergeQueueEntry"]) == ("OPEN", False, None)


async def test_what_conflicts_with_what_came_before_leaves_the_queue(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.merge_queue = True
    number = await open_promotion(github, box)
    box.advance(60)
    await enqueue(github, number)
    box.commit({"environments/prod/release.yaml": "version: other\n"}, "In between")
    box.advance(60)
    found = await state(github, number)
    assert (found["state"], found["isInMergeQueue"], found["mergeStateStatus"]) == ("OPEN", False, "DIRTY")


async def test_without_a_queue_nothing_is_enqueued_and_a_place_can_be_given_up(
    box: Sandbox, github: httpx.AsyncClient
) -> None:
    number = await open_promotion(github, box)
    box.advance(60)
    assert "not enabled" in read_error(await enqueue(github, number), "enqueuePullRequest")[1]
    box.github_repo.merge_queue = True
    await enqueue(github, number)
    assert "already in the queue" in read_error(await enqueue(github, number), "enqueuePullRequest")[1]
    gone = await mutate(github, "dequeuePullRequest", "mergeQueueEntry { state }", id=pull_request_id(number))
    assert "errors" not in gone
    box.advance(60)
    assert box.github_repo.pull_requests[number].state == "OPEN"


async def test_graphql_merges_by_the_same_rules(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    given = {"pullRequestId": pull_request_id(number), "mergeMethod": "SQUASH", "commitHeadline": "So be it"}
    output = "pullRequest { merged mergeCommit { message } }"
    early = await mutate(github, "mergePullRequest", output, **given)
    assert read_error(early, "mergePullRequest")[0] == "UNPROCESSABLE"
    box.advance(60)
    late = await mutate(github, "mergePullRequest", output, **given)
    assert late["data"]["mergePullRequest"]["pullRequest"]["mergeCommit"]["message"] == "So be it"


async def test_argo_cd_syncs_what_was_merged(box: Sandbox, github: httpx.AsyncClient) -> None:
    files = edit_release(box, "prod", "1.43.2")
    number = await open_promotion(github, box)
    box.advance(60)
    await merge_pull_request(github, number)
    for _ in range(30):
        box.advance(1)
    prod = box.applications["argocd", "anchor-msp-prod"]
    assert (prod.sync, prod.revision) == ("Synced", box.git.head)
    assert {path: box.git.read_file(path) for path in files} == files
