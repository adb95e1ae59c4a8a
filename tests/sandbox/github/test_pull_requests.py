from __future__ import annotations

import httpx
import pytest

from anchor_tui.sandbox.github.writes import submit_review
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.github_requests import BRANCH, REPO, commit_files, open_promotion


async def test_a_branch_has_one_open_pull_request(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box, body="why", draft=False)
    shown = (await github.get(f"{REPO}/pulls/{number}")).json()
    assert (shown["user"]["login"], shown["head"]["ref"], shown["body"]) == ("on-call", BRANCH, "why")
    assert (shown["mergeable"], shown["mergeable_state"], shown["merged"]) == (True, "blocked", False)
    assert (shown["changed_files"], shown["commits"]) == (2, 1)
    again = await github.post(f"{REPO}/pulls", json={"title": "t", "head": f"anchor:{BRANCH}", "base": "main"})
    assert again.status_code == 422
    assert again.json()["errors"][0]["message"] == f"A pull request already exists for anchor:{BRANCH}."


async def test_a_pull_request_without_commits_is_refused(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    for head, message in (("topic", "No commits between main and topic"), ("nope", "Head ref must be a branch")):
        answer = await github.post(f"{REPO}/pulls", json={"title": "t", "head": head, "base": "main"})
        assert (answer.status_code, answer.json()["message"]) == (422, "Validation Failed")
        assert message in answer.json()["errors"][0]["message"]
    assert (await github.post(f"{REPO}/pulls", json={"title": "t"})).status_code == 422


async def test_labels_are_added_once(box: Sandbox, github: httpx.AsyncClient) -> None:
    number = await open_promotion(github, box)
    for names in (["promotion"], {"labels": ["promotion", "urgent"]}):
        answer = await github.post(f"{REPO}/issues/{number}/labels", json=names)
        assert answer.status_code == 200
    assert [label["name"] for label in answer.json()] == ["promotion", "urgent"]
    assert box.github_repo.pull_requests[number].labels == ("promotion", "urgent")


@pytest.mark.parametrize(
    ("reviewers", "message"),
    [
        (["on-call"], "Review cannot be requested from pull request author."),
        (["nobody"], "Reviews may only be requested from collaborators."),
    ],
)
async def test_only_other_collaborators_are_asked_to_review(
    box: Sandbox, github: httpx.AsyncClient, reviewers: list[str], message: str
) -> None:
    path = f"{REPO}/pulls/{await open_promotion(github, box)}/requested_reviewers"
    answer = await github.post(path, json={"reviewers": reviewers})
    assert (answer.status_code, answer.json()["message"].startswith(message)) == (422, True)
    good = await github.post(path, json={"reviewers": ["a-lee"], "team_reviewers": ["on-call"]})
    assert good.status_code == 201
    assert [user["login"] for user in good.json()["requested_reviewers"]] == ["a-lee"]
    assert [team["slug"] for team in good.json()["requested_teams"]] == ["on-call"]


async def test_an_author_cannot_approve(box: Sandbox, github: httpx.AsyncClient) -> None:
    pull = box.github_repo.pull_requests[await open_promotion(github, box)]
    with pytest.raises(Exception, match="your own pull request"):
        submit_review(pull, "APPROVE", "on-call", box.clock.now())


async def test_a_push_dismisses_approvals(box: Sandbox, github: httpx.AsyncClient) -> None:
    pull = box.github_repo.pull_requests[await open_promotion(github, box)]
    box.approve(pull.number)
    assert [(review.author, review.state) for review in pull.reviews] == [("a-lee", "APPROVED")]
    await commit_files(github, box, BRANCH, {"a": "1"})
    assert [review.state for review in pull.reviews] == ["DISMISSED"]
