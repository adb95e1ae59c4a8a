"""GitHub's REST endpoints for workflows and their runs."""

from __future__ import annotations

from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.github import workflows
from anchor_tui.sandbox.github.node_ids import encode_node_id
from anchor_tui.sandbox.github.responses import EndpointResponse, RestError
from anchor_tui.sandbox.github.rest_serializers import WEB_URL, serialize_account, serialize_git_commit
from anchor_tui.sandbox.github.rest_support import RestCall, RestRoute, respond_with_counted_page
from anchor_tui.sandbox.github.workflow_runs import HostedWorkflowRun
from anchor_tui.sandbox.github.workflows import WORKFLOWS_FOLDER, HostedWorkflow
from anchor_tui.sandbox.json_types import JsonObject


def _find_workflow(call: RestCall) -> HostedWorkflow:
    workflow = workflows.find_workflow(call.hosted, call.get_path_part("workflow"))
    if workflow is None:
        raise RestError(404, "Not Found")
    return workflow


def get_workflow(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}: by file name or id."""
    return EndpointResponse(_serialize_workflow(call, _find_workflow(call)))


def dispatch_workflow(call: RestCall) -> EndpointResponse:
    """POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches.

    Returns 204, or the run if the body has `return_run_details`.
    """
    workflow, inputs = _find_workflow(call), call.body.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise RestError(422, "Invalid request.\n\ninputs is not an object.")
    ref = str(call.require_field("ref"))
    run = workflows.dispatch_workflow(call.hosted, workflow.file, ref, inputs, actor=call.viewer, time=call.now)
    if not call.body.get("return_run_details"):
        return EndpointResponse(None, 204)
    api_url, web_url = _build_run_urls(call, run)
    return EndpointResponse({"workflow_run_id": run.id, "run_url": api_url, "html_url": web_url})


def list_runs(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs: the newest first."""
    query, workflow = call.request.query_params, _find_workflow(call)
    status = query.get("status")
    rows = [
        _serialize_run(call, run)
        for run in reversed(call.hosted.workflow_runs)
        if run.file == workflow.file
        and query.get("branch", run.branch) == run.branch
        and query.get("event", "workflow_dispatch") == "workflow_dispatch"
        and query.get("actor", run.actor) == run.actor
        and query.get("head_sha", run.head) == run.head
        and status in {None, run.status(call.now), (run.conclusion or "").lower()}
    ]
    return respond_with_counted_page(call.request, "workflow_runs", rows)


def get_run(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/runs/{run_id}."""
    number = call.request.path_params["run"]
    run = next((run for run in call.hosted.workflow_runs if run.id == number), None)
    if run is None:
        raise RestError(404, "Not Found")
    return EndpointResponse(_serialize_run(call, run))


def _build_run_urls(call: RestCall, run: HostedWorkflowRun) -> tuple[str, str]:
    """Return the URL of a run in the API and the one of its web page."""
    path = f"actions/runs/{run.id}"
    return f"{call.repository_url}/{path}", f"{WEB_URL}/{call.hosted.full_name}/{path}"


def _serialize_workflow(call: RestCall, workflow: HostedWorkflow) -> JsonObject:
    web_url = f"{WEB_URL}/{call.hosted.full_name}"
    return {
        "id": workflow.id,
        "node_id": encode_node_id("W", workflow.id),
        "name": workflow.name,
        "path": f"{WORKFLOWS_FOLDER}/{workflow.file}",
        "state": "active",
        "created_at": format_rfc3339(call.hosted.settings_changed_at),
        "updated_at": format_rfc3339(call.hosted.settings_changed_at),
        "url": f"{call.repository_url}/actions/workflows/{workflow.id}",
        "html_url": f"{web_url}/blob/{call.hosted.git.default_branch}/{WORKFLOWS_FOLDER}/{workflow.file}",
        "badge_url": f"{web_url}/workflows/{workflow.name}/badge.svg",
    }


def _serialize_run(call: RestCall, run: HostedWorkflowRun) -> JsonObject:
    hosted, status = call.hosted, run.status(call.now)
    workflow = workflows.find_workflow(hosted, run.file)
    url, web_url = _build_run_urls(call, run)
    updated_at = run.completed_at or (run.created_at if status == "queued" else run.started_at)
    repository = {
        "id": hosted.id,
        "name": hosted.name,
        "full_name": hosted.full_name,
        "url": call.repository_url,
    }
    workflow_id = workflow.id if workflow else 0
    return {
        "id": run.id,
        "node_id": encode_node_id("WFR", run.id),
        "name": workflow.name if workflow else run.file,
        "display_title": workflow.name if workflow else run.file,
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
        "updated_at": format_rfc3339(updated_at),
        "run_started_at": format_rfc3339(run.created_at),
        "url": url,
        "html_url": web_url,
        "pull_requests": [],
        "repository": repository,
        "head_repository": repository,
    }


ROUTES = (
    RestRoute("GET", "/actions/workflows/{workflow}", get_workflow),
    RestRoute("POST", "/actions/workflows/{workflow}/dispatches", dispatch_workflow, "actions"),
    RestRoute("GET", "/actions/workflows/{workflow}/runs", list_runs),
    RestRoute("GET", "/actions/runs/{run:int}", get_run),
)
