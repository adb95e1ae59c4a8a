"""Check runs: superseded ones, those of several apps, and more than a page of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from anchor_tui.sandbox.github.merge_rules import compute_merge_state
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.github_requests import open_promotion

CHECKS = """query($after: String) { repository(owner: "anchor", name: "anchor-msp-ops") {
  ref(qualifiedName: "main") { target { ... on Commit { statusCheckRollup { state
    contexts(first: 100, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { ... on CheckRun {
      name status conclusion startedAt completedAt checkSuite { app { slug databaseId } }
    } } } } } } } } }"""


async def read_rollup(github: httpx.AsyncClient, **variables: Any) -> dict[str, Any]:
    answer = await github.post("/graphql", json={"query": CHECKS, "variables": variables})
    found: dict[str, Any] = answer.json()["data"]["repository"]["ref"]["target"]["statusCheckRollup"]
    return found


async def test_superseded_runs_stay_in_the_rollup(box: Sandbox, github: httpx.AsyncClient) -> None:
    earlier = box.clock.now() - timedelta(days=30)
    box.github_repo.report_check_run(box.git.head, "release-contract", conclusion="CANCELLED", started_at=earlier)
    rollup = await read_rollup(github)
    assert rollup["state"] == "FAILURE"
    assert {run["conclusion"] for run in rollup["contexts"]["nodes"]} == {"SUCCESS", "CANCELLED"}
    assert {run["name"] for run in rollup["contexts"]["nodes"]} == {"release-contract"}


async def test_a_superseded_failure_does_not_block_a_merge(box: Sandbox, github: httpx.AsyncClient) -> None:
    hosted = box.github_repo
    pull = hosted.pull_requests[await open_promotion(github, box)]
    earlier = box.clock.now() - timedelta(minutes=1)
    hosted.report_check_run(pull.head, "release-contract", conclusion="FAILURE", started_at=earlier)
    box.advance(120)
    assert compute_merge_state(hosted, pull, box.clock.now()) == "CLEAN"
    hosted.report_check_run(pull.head, "release-contract", conclusion=None, started_at=box.clock.now())
    assert compute_merge_state(hosted, pull, box.clock.now()) == "BLOCKED"


async def test_a_check_of_another_app_is_another_check(box: Sandbox, github: httpx.AsyncClient) -> None:
    hosted = box.github_repo
    pull = hosted.pull_requests[await open_promotion(github, box)]
    box.advance(120)
    hosted.report_check_run(
        pull.head, "release-contract", conclusion="FAILURE", started_at=box.clock.now(), app="policy-app"
    )
    assert compute_merge_state(hosted, pull, box.clock.now()) == "UNSTABLE"
    hosted.report_check_run(box.git.head, "x", conclusion="NEUTRAL", started_at=box.clock.now(), app="policy-app")
    (run,) = [run for run in (await read_rollup(github))["contexts"]["nodes"] if run["name"] == "x"]
    assert run["checkSuite"] == {"app": {"slug": "policy-app", "databaseId": 240117}}


async def test_many_checks_are_paged(box: Sandbox, github: httpx.AsyncClient) -> None:
    for number in range(120):
        box.github_repo.report_check_run(
            box.git.head, f"matrix ({number})", conclusion="SKIPPED", started_at=box.clock.now()
        )
    first = (await read_rollup(github))["contexts"]
    assert (first["totalCount"], len(first["nodes"]), first["pageInfo"]["hasNextPage"]) == (121, 100, True)
    second = (await read_rollup(github, after=first["pageInfo"]["endCursor"]))["contexts"]
    assert (len(second["nodes"]), second["pageInfo"]["hasNextPage"]) == (21, False)
