from __future__ import annotations

from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import edit_release
from tests.sandbox.github_requests import BRANCH, REPO, commit_files, merge_pull_request

WORKFLOW = f"{REPO}/actions/workflows/promote.yaml"


async def dispatch_workflow(client: httpx.AsyncClient, workflow: str = WORKFLOW, **given: Any) -> httpx.Response:
    return await client.post(f"{workflow}/dispatches", json={"ref": "main", **given})


async def test_a_workflow_is_found_by_file_and_id(github: httpx.AsyncClient) -> None:
    shown = (await github.get(WORKFLOW)).json()
    assert (shown["name"], shown["path"], shown["state"]) == ("promote", ".github/workflows/promote.yaml", "active")
    assert (await github.get(f"{REPO}/actions/workflows/{shown['id']}")).json() == shown


@pytest.mark.parametrize(
    ("workflow", "given", "status", "message"),
    [
        ("nope.yaml", {}, 404, "Not Found"),
        ("sync.yaml", {}, 422, "Workflow does not have 'workflow_dispatch' trigger"),
        ("promote.yaml", {"ref": "nope"}, 422, "No ref found for: nope"),
        ("promote.yaml", {"inputs": {"to": "prod", "x": "y"}}, 422, 'Unexpected inputs provided: ["x"]'),
        ("promote.yaml", {"inputs": {}}, 422, "Required input 'to' not provided"),
        ("promote.yaml", {"inputs": {"to": "moon"}}, 422, "not in the list of allowed values"),
    ],
)
async def test_a_dispatch_with_invalid_inputs_is_refused(
    box: Sandbox, github: httpx.AsyncClient, workflow: str, given: dict[str, Any], status: int, message: str
) -> None:
    answer = await dispatch_workflow(github, f"{REPO}/actions/workflows/{workflow}", **given)
    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert box.github_repo.workflow_runs == []


async def test_a_promotion_workflow_opens_a_pull_request_without_checks(
    box: Sandbox, github: httpx.AsyncClient
) -> None:
    expected = edit_release(box, "prod", "1.43.2")
    answer = await dispatch_workflow(github, inputs={"to": "prod"}, return_run_details=True)
    assert answer.status_code == 200
    run = f"{REPO}/actions/runs/{answer.json()['workflow_run_id']}"
    assert answer.json()["run_url"].endswith(run)
    seen = []
    for seconds in (0, 3, 12):
        box.advance(seconds)
        shown = (await github.get(run)).json()
        seen.append((shown["status"], shown["conclusion"]))
    assert seen == [("queued", None), ("in_progress", None), ("completed", "success")]
    (pull,) = (await github.get(f"{REPO}/pulls", params={"head": f"anchor:{BRANCH}"})).json()
    assert (pull["title"], pull["user"]["login"]) == ("Promote prod to 1.43.2", "github-actions[bot]")
    assert {path: box.git.read_file(path, BRANCH) for path in expected} == expected
    box.advance(120)
    refused = await merge_pull_request(github, pull["number"])
    assert refused.json()["message"] == 'Required status check "release-contract" is expected.'
    await commit_files(github, box, BRANCH, {}, message={"headline": "Start the checks"})
    box.advance(60)
    assert (await merge_pull_request(github, pull["number"])).status_code == 200


async def test_runs_are_listed_newest_first(box: Sandbox, github: httpx.AsyncClient) -> None:
    assert (await dispatch_workflow(github, inputs={"to": "staging", "version": "1.43.2"})).status_code == 204
    box.github_repo.failing_workflows.add("promote.yaml")
    await dispatch_workflow(github, inputs={"to": "prod", "from": "staging"})
    box.advance(20)
    rows = (await github.get(f"{WORKFLOW}/runs", params={"branch": "main"})).json()["workflow_runs"]
    assert [(row["run_number"], row["conclusion"]) for row in rows] == [(2, "failure"), (1, "success")]
    failed = await github.get(f"{WORKFLOW}/runs", params={"status": "failure"})
    assert failed.json()["total_count"] == 1
    assert max(box.github_repo.pull_requests) == 231  # staging has that version already


@pytest.mark.parametrize("inputs", [{"to": "staging", "version": "9.9.9"}, {"to": "prod", "version": "1.43.2"}])
async def test_an_impossible_promotion_fails_its_run(
    box: Sandbox, github: httpx.AsyncClient, inputs: dict[str, str]
) -> None:
    box.git.set_branch(BRANCH, box.git.head, box.clock.now())
    await dispatch_workflow(github, inputs=inputs)
    box.advance(20)
    assert [run.conclusion for run in box.github_repo.workflow_runs] == ["FAILURE"]
