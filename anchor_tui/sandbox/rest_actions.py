"""GitHub's REST endpoints for workflows and their runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from anchor_tui.sandbox import workflows
from anchor_tui.sandbox.clock import rfc3339
from anchor_tui.sandbox.github import Answer, Endpoint, Refused
from anchor_tui.sandbox.ids import node_id
from anchor_tui.sandbox.rest_base import REPOSITORY_PATHS, Call, Work, counted, endpoint
from anchor_tui.sandbox.rest_documents import WEB, Document, account_document, git_commit_document
from anchor_tui.sandbox.runs import Run
from anchor_tui.sandbox.workflows import FOLDER, Workflow

if TYPE_CHECKING:
    from anchor_tui.sandbox.github import GitHub


def routes(github: GitHub) -> Iterator[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of each."""
    one, run = "/actions/workflows/{workflow}", "/actions/runs/{run:int}"
    known: tuple[tuple[str, str, Work, str], ...] = (
        ("GET", "/actions/workflows", every, ""),
        ("GET", one, show, ""),
        ("POST", one + "/dispatches", dispatch, "actions"),
        ("GET", one + "/runs", runs, ""),
        ("GET", "/actions/runs", runs, ""),
        ("GET", run, show_run, ""),
        ("GET", run + "/jobs", jobs, ""),
    )
    for path in REPOSITORY_PATHS:
        for method, rest, work, permission in known:
            yield method, path + rest, endpoint(github, work, permission)


def _workflow(call: Call) -> Workflow:
    found = workflows.workflow(call.hosted, call.part("workflow"))
    if found is None:
        raise Refused(404, "Not Found")
    return found


def every(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/actions/workflows."""
    rows = [_workflow_document(call, each) for each in workflows.workflows(call.hosted)]
    return counted(call.request, "workflows", rows)


def show(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}: by file name or id."""
    return Answer(_workflow_document(call, _workflow(call)))


def dispatch(call: Call) -> Answer:
    """POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches: 204, or the run if it is wanted."""
    found, inputs = _workflow(call), call.body.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise Refused(422, "Invalid request.\n\ninputs is not an object.")
    ref = str(call.needed("ref"))
    run = workflows.dispatch(call.hosted, found.file, ref, inputs, actor=call.viewer, time=call.now)
    if not call.body.get("return_run_details"):
        return Answer(None, 204)
    url, web = _places(call, run)
    return Answer({"workflow_run_id": run.id, "run_url": url, "html_url": web})


def runs(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/actions/runs, or those of one workflow; the newest first."""
    query, found = call.request.query_params, list(reversed(call.hosted.runs))
    if "workflow" in call.request.path_params:
        file = _workflow(call).file
        found = [run for run in found if run.file == file]
    wanted = query.get("status")
    rows = [
        _run_document(call, run)
        for run in found
        if query.get("branch", run.branch) == run.branch
        and query.get("event", "workflow_dispatch") == "workflow_dispatch"
        and query.get("actor", run.actor) == run.actor
        and query.get("head_sha", run.head) == run.head
        and wanted in {None, run.status(call.now), (run.conclusion or "").lower()}
    ]
    return counted(call.request, "workflow_runs", rows)


def _run(call: Call) -> Run:
    number = call.request.path_params["run"]
    found = next((run for run in call.hosted.runs if run.id == number), None)
    if found is None:
        raise Refused(404, "Not Found")
    return found


def show_run(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/actions/runs/{run_id}."""
    return Answer(_run_document(call, _run(call)))


def jobs(call: Call) -> Answer:
    """GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs: there is one."""
    run = _run(call)
    status = run.status(call.now)
    url, web = _places(call, run)
    document = {
        "id": run.id * 2,
        "node_id": node_id("CR", run.id * 2),
        "run_id": run.id,
        "run_url": url,
        "url": f"{call.url}/actions/jobs/{run.id * 2}",
        "html_url": f"{web}/job/{run.id * 2}",
        "name": "open-pr",
        "head_sha": run.head,
        "head_branch": run.branch,
        "status": status,
        "conclusion": run.conclusion.lower() if run.conclusion else None,
        "created_at": rfc3339(run.created_at),
        "started_at": rfc3339(run.created_at if status == "queued" else run.started_at),
        "completed_at": rfc3339(run.completed_at) if run.completed_at else None,
        "labels": ["ubuntu-latest"],
        "steps": [],
    }
    return counted(call.request, "jobs", [document])


def _places(call: Call, run: Run) -> tuple[str, str]:
    """Where a run is in the API, and where on the web."""
    rest = f"actions/runs/{run.id}"
    return f"{call.url}/{rest}", f"{WEB}/{call.hosted.full_name}/{rest}"


def _workflow_document(call: Call, found: Workflow) -> Document:
    web = f"{WEB}/{call.hosted.full_name}"
    return {
        "id": found.id,
        "node_id": node_id("W", found.id),
        "name": found.name,
        "path": f"{FOLDER}/{found.file}",
        "state": "active",
        "created_at": rfc3339(call.hosted.set_at),
        "updated_at": rfc3339(call.hosted.set_at),
        "url": f"{call.url}/actions/workflows/{found.id}",
        "html_url": f"{web}/blob/{call.hosted.git.default_branch}/{FOLDER}/{found.file}",
        "badge_url": f"{web}/workflows/{found.name}/badge.svg",
    }


def _run_document(call: Call, run: Run) -> Document:
    hosted, status = call.hosted, run.status(call.now)
    found = workflows.workflow(hosted, run.file)
    url, web = _places(call, run)
    changed = run.completed_at or (run.created_at if status == "queued" else run.started_at)
    repository = {"id": hosted.id, "name": hosted.name, "full_name": hosted.full_name, "url": call.url}
    workflow_id = found.id if found else 0
    return {
        "id": run.id,
        "node_id": node_id("WFR", run.id),
        "name": found.name if found else run.file,
        "display_title": found.name if found else run.file,
        "path": f"{FOLDER}/{run.file}",
        "event": "workflow_dispatch",
        "status": status,
        "conclusion": run.conclusion.lower() if run.conclusion else None,
        "workflow_id": workflow_id,
        "workflow_url": f"{call.url}/actions/workflows/{workflow_id}",
        "run_number": run.number,
        "run_attempt": 1,
        "head_branch": run.branch,
        "head_sha": run.head,
        "head_commit": git_commit_document(hosted.git.read_commit(run.head), call.url),
        "actor": account_document(run.actor, call.base),
        "triggering_actor": account_document(run.actor, call.base),
        "created_at": rfc3339(run.created_at),
        "updated_at": rfc3339(changed),
        "run_started_at": rfc3339(run.created_at),
        "url": url,
        "html_url": web,
        **{f"{name}_url": f"{url}/{name}" for name in ("artifacts", "cancel", "jobs", "logs", "rerun")},
        "check_suite_url": f"{call.url}/check-suites/{run.id + 1}",
        "pull_requests": [],
        "repository": repository,
        "head_repository": repository,
    }
