"""The dispatched runs of a workflow, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from anchor_tui.domain.actions.repo_state import RunningWorkflow

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

MAX_RUNS = 20
COMPLETED = "completed"


async def read_workflow_runs(client: GitHubClient, repository: str, workflow: str) -> list[dict[str, Any]]:
    """Return the newest dispatched runs of a workflow, as GitHub describes them. Raises SourceError."""
    path = f"/repos/{repository}/actions/workflows/{quote(workflow)}/runs"
    found = await client.get_json(f"{path}?event=workflow_dispatch&per_page={MAX_RUNS}")
    return [run for run in found.get("workflow_runs") or () if isinstance(run, dict)]


async def read_running_workflows(client: GitHubClient, repository: str, workflow: str) -> tuple[RunningWorkflow, ...]:
    """Return the dispatched runs that are queued or in progress. Raises SourceError."""
    return tuple(
        RunningWorkflow(str(run.get("status") or "in progress").replace("_", " "), str(run.get("html_url") or ""))
        for run in await read_workflow_runs(client, repository, workflow)
        if run.get("status") != COMPLETED
    )
