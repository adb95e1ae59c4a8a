"""Pull requests from forks: GitHub finds them by the name of their branch, too."""

from __future__ import annotations

from typing import Any

import httpx

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import query_github
from tests.sandbox.fork_pull_requests import open_fork_pull_request
from tests.sandbox.github_requests import BRANCH, REPO, open_promotion

PULLS = """{ repository(owner: "anchor", name: "anchor-msp-ops") {
  pullRequests(headRefName: "promote/prod-1.43.2", states: [OPEN], first: 9) { nodes {
    number isCrossRepository headRefName headRepository { nameWithOwner } headRepositoryOwner { login }
    headRef { name repository { nameWithOwner } target { oid } } headRefOid
  } }
  ref(qualifiedName: "promote/prod-1.43.2") { associatedPullRequests(states: [OPEN], first: 9) { nodes { number } } }
} }"""


async def find_pull_requests(github: httpx.AsyncClient) -> dict[str, Any]:
    answer = await query_github(github, PULLS)
    assert "errors" not in answer
    found: dict[str, Any] = answer["data"]["repository"]
    return found


async def test_graphql_finds_the_branches_of_forks_by_name(box: Sandbox, github: httpx.AsyncClient) -> None:
    theirs = open_fork_pull_request(box, BRANCH, {"README.md": "theirs\n"})
    number = await open_promotion(github, box)
    found = await find_pull_requests(github)
    by_number = {node["number"]: node for node in found["pullRequests"]["nodes"]}
    assert {each: node["isCrossRepository"] for each, node in by_number.items()} == {theirs.number: True, number: False}
    fork = by_number[theirs.number]
    assert fork["headRepository"] == {"nameWithOwner": "passer-by/anchor-msp-ops"}
    assert fork["headRepositoryOwner"] == {"login": "passer-by"}
    assert (fork["headRefName"], fork["headRef"]["target"]["oid"]) == (BRANCH, theirs.head)
    assert found["ref"]["associatedPullRequests"]["nodes"] == [{"number": number}]


async def test_rest_finds_a_branch_of_one_owner(box: Sandbox, github: httpx.AsyncClient) -> None:
    theirs = open_fork_pull_request(box, BRANCH, {"README.md": "theirs\n"})
    for owner, numbers in (("anchor", []), ("passer-by", [theirs.number])):
        found = (await github.get(f"{REPO}/pulls", params={"head": f"{owner}:{BRANCH}"})).json()
        assert [pull["number"] for pull in found] == numbers
    head, base = found[0]["head"], found[0]["base"]
    assert (head["label"], head["repo"]["full_name"]) == (f"passer-by:{BRANCH}", "passer-by/anchor-msp-ops")
    assert head["repo"]["id"] != base["repo"]["id"]


async def test_a_push_to_a_namesake_leaves_the_fork(box: Sandbox, github: httpx.AsyncClient) -> None:
    theirs = open_fork_pull_request(box, BRANCH, {"README.md": "theirs\n"})
    head = theirs.head
    await open_promotion(github, box)
    assert theirs.head == head
    box.github_repo.merge_pull_request(theirs.number, by="a-lee", time=box.clock.now())
    assert BRANCH in box.git.branches
