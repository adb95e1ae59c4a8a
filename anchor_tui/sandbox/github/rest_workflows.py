"""GitHub's REST endpoints for workflows and their runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.github import workflows
from anchor_tui.sandbox.github.api import Endpoint, EndpointResponse, RestError
from anchor_tui.sandbox.github.node_ids import encode_node_id
from anchor_tui.sandbox.github.rest_serializers import WEB_URL, JsonObject, serialize_account, serialize_git_commit
from anchor_tui.sandbox.github.rest_support import (
    REPOSITORY_PATHS,
    RestCall,
    RestHandler,
    build_endpoint,
    respond_with_counted_page,
)
from anchor_tui.sandbox.github.workflow_runs import HostedWorkflowRun
from anchor_tui.sandbox.github.workflows import WORKFLOWS_FOLDER, HostedWorkflow

if TYPE_CHECKING:
    from anchor_tui.sandbox.github.api import GitHubServer


def list_routes(github: GitHubServer) -> Iterator[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of each."""
    one, run = "/actions/workflows/{workflow}", "/actions/runs/{run:int}"
    known: tuple[tuple[str, str, RestHandler, str], ...] = (
        ("GET", "/actions/workflows", list_workflows, ""),
        ("GET", one, get_workflow, ""),
        ("POST", one + "/dispatches", dispatch_workflow, "actions"),
        ("GET", one + "/runs", list_runs, ""),
        ("GET", "/actions/runs", list_runs, ""),
        ("GET", run, get_run, ""),
        ("GET", run + "/jobs", list_jobs, ""),
    )
    for path in REPOSITORY_PATHS:
        for method, rest, work, permission in known:
            yield method, path + rest, build_endpoint(github, work, permission)


def _find_workflow(call: RestCall) -> HostedWorkflow:
    found = workflows.find_workflow(call.hosted, call.get_path_part("workflow"))
    if found is None:
        raise RestError(404, "Not Found")
    return found


def list_workflows(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/workflows."""
    rows = [_serialize_workflow(call, each) for each in workflows.list_workflows(call.hosted)]
    return respond_with_counted_page(call.request, "workflows", rows)


def get_workflow(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}: by file name or id."""
    return EndpointResponse(_serialize_workflow(call, _find_workflow(call)))


def dispatch_workflow(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches: 204, or the run if it is wanted."""
    found, inputs = _find_workflow(call), call.body.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise RestError(422, "Invalid request.\n\ninputs is not an object.")
    ref = str(call.require_field("ref"))
    run = workflows.dispatch_workflow(call.hosted, found.file, ref, inputs, actor=call.viewer, time=call.now)
    if not call.body.get("return_run_details"):
        return EndpointResponse(None, 204)
    url, web = _build_run_urls(call, run)
    return EndpointResponse({"workflow_run_id": run.id, "run_url": url, "html_url": web})


def list_runs(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/runs, or those of one workflow; the newest first."""
    query, found = call.request.query_params, list(reversed(call.hosted.workflow_runs))
    if "workflow" in call.request.path_params:
        file = _find_workflow(call).file
        found = [run for run in found if run.file == file]
    wanted = query.get("status")
    rows = [
        _serialize_run(call, run)
        for run in found
        if query.get("branch", run.branch) == run.branch
        and query.get("event", "workflow_dispatch") == "workflow_dispatch"
        and query.get("actor", run.actor) == run.actor
        and query.get("head_sha", run.head) == run.head
        and wanted in {None, run.status(call.now), (run.conclusion or "").lower()}
    ]
    return respond_with_counted_page(call.request, "workflow_runs", rows)


def _find_run(call: RestCall) -> HostedWorkflowRun:
    number = call.request.path_params["run"]
    found = next((run for run in call.hosted.workflow_runs if run.id == number), None)
    if found is None:
        raise RestError(404, "Not Found")
    return found


def get_run(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/runs/{run_id}."""
    return EndpointResponse(_serialize_run(call, _find_run(call)))


def list_jobs(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs: there is one."""
    run = _find_run(call)
    status = run.status(call.now)
    url, web = _build_run_urls(call, run)
    document = {
        "id": run.id * 2,
        "node_id": encode_node_id("CR", run.id * 2),
        "run_id": run.id,
        "run_url": url,
        "url": f"{call.repository_url}/actions/jobs/{run.id * 2}",
        "html_url": f"{web}/job/{run.id * 2}",
        "name": "open-pr",
        "head_sha": run.head,
        "head_branch": run.branch,
        "status": status,
        "conclusion": run.conclusion.lower() if run.conclusion else None,
        "created_at": format_rfc3339(run.created_at),
        "started_at": format_rfc3339(run.created_at if status == "queued" else run.started_at),
        "completed_at": format_rfc3339(run.completed_at) if run.completed_at else None,
        "labels": ["ubuntu-latest"],
        "steps": [],
    }
    return respond_with_counted_page(call.request, "jobs", [document])


def _build_run_urls(call: RestCall, run: HostedWorkflowRun) -> tuple[str, str]:
    """Where a run is in the API, and where on the web."""
    rest = f"actions/runs/{run.id}"
    return f"{call.repository_url}/{rest}", f"{WEB_URL}/{call.hosted.full_name}/{rest}"


def _serialize_workflow(call: RestCall, found: HostedWorkflow) -> JsonObject:
    web = f"{WEB_URL}/{call.hosted.full_name}"
    return {
        "id": found.id,
        "node_id": encode_node_id("W", found.id),
        "name": found.name,
        "path": f"{WORKFLOWS_FOLDER}/{found.file}",
        "state": "active",
        "created_at": format_rfc3339(call.hosted.settings_changed_at),
        "updated_at": format_rfc3339(call.hosted.settings_changed_at),
        "url": f"{call.repository_url}/actions/workflows/{found.id}",
        "html_url": f"{web}/blob/{call.hosted.git.default_branch}/{WORKFLOWS_FOLDER}/{found.file}",
        "badge_url": f"{web}/workflows/{found.name}/badge.svg",
    }


def _serialize_run(call: RestCall, run: HostedWorkflowRun) -> JsonObject:
    hosted, status = call.hosted, run.status(call.now)
    found = workflows.find_workflow(hosted, run.file)
    url, web = _build_run_urls(call, run)
    changed = run.completed_at or (run.created_at if status == "queued" else run.started_at)
    repository = {"id": hosted.id, "name": hosted.name, "full_name": hosted.full_name, "url": call.repository_url}
    workflow_id = found.id if found else 0
    return {
        "id": run.id,
        "node_id": encode_node_id("WFR", run.id),
        "name": found.name if found else run.file,
        "display_title": found.name if found else run.file,
        "path": f"{WORKFLOWS_FOLDER}/{run.file}",
        "event": "workflow_dispatch",
        "status": status,
        "conclusion": run.conclusion.lower() if run.conclusion else None,
        "workflow_id": workflow_id,
        "workflow_url": f"{call.repository_url}/actions/workflows/{workflow_id}",
        "run_number": run.number,
        "run_attempt": 1,
        "head_branch": run.branch,
        "head_sha": run.head,
        "head_commit": serialize_git_commit(hosted.git.read_commit(run.head), call.repository_url),
        "actor": serialize_account(run.actor, call.api_url),
        "triggering_actor": serialize_account(run.actor, call.api_url),
        "created_at": format_rfc3339(run.created_at),
        "updated_at": format_rfc3339(changed),
        "run_started_at": format_rfc3339(run.created_at),
        "url": url,
        "html_url": web,
        **{f"{name}_url": f"{url}/{name}" for name in ("artifacts", "cancel", "jobs", "logs", "rerun")},
        "check_suite_url": f"{call.repository_url}/check-suites/{run.id + 1}",
        "pull_requests": [],
        "repository": repository,
        "head_repository": repository,
    }
