"""Dispatched workflows: the inputs that their files declare, and the promotion of `promote.yaml`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from anchor_tui.sandbox.git.objects import RepositoryError
from anchor_tui.sandbox.github import writes
from anchor_tui.sandbox.github.pull_requests import RuleViolationError
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.workflow_runs import HostedWorkflowRun
from anchor_tui.sandbox.yaml_loader import load_yaml

WORKFLOWS_FOLDER = ".github/workflows"
FIRST_RUN_ID = 9_120_000_000


@dataclass(frozen=True, slots=True)
class HostedWorkflow:
    """A workflow file. `inputs` is None if it cannot be dispatched."""

    id: int
    file: str
    name: str
    inputs: Mapping[str, Mapping[str, Any]] | None


def list_workflows(hosted: HostedRepository, ref: str | None = None) -> list[HostedWorkflow]:
    """Return the workflows at a ref, in the order of their files."""
    sha = hosted.git.resolve_ref(ref or "HEAD")
    folder = hosted.git.find_entry(sha, WORKFLOWS_FOLDER) if sha else None
    if sha is None or folder is None:
        return []
    return [
        _parse_workflow(hosted, entry.name, hosted.git.read_text(entry.sha))
        for entry in hosted.git.list_folder(sha, WORKFLOWS_FOLDER)
    ]


def _parse_workflow(hosted: HostedRepository, file: str, text: str) -> HostedWorkflow:
    content = load_yaml(text)
    triggers = content.get("on") or {}
    triggers = (
        triggers if isinstance(triggers, dict) else dict.fromkeys([triggers] if isinstance(triggers, str) else triggers)
    )
    inputs = (triggers["workflow_dispatch"] or {}).get("inputs") or {} if "workflow_dispatch" in triggers else None
    return HostedWorkflow(crc32(f"{hosted.id}/{file}".encode()), file, content.get("name", file), inputs)


def find_workflow(hosted: HostedRepository, name_or_id: str, ref: str | None = None) -> HostedWorkflow | None:
    """Return a workflow by file name or id; None if it does not exist."""
    return next(
        (workflow for workflow in list_workflows(hosted, ref) if name_or_id in {workflow.file, str(workflow.id)}), None
    )


def dispatch_workflow(
    hosted: HostedRepository, file: str, ref: str, inputs: Mapping[str, Any], *, actor: str, time: datetime
) -> HostedWorkflowRun:
    """Start a run with the inputs that the workflow file declares. Raises RuleViolationError."""
    branch = ref.removeprefix(writes.BRANCH_PREFIX)
    head = hosted.git.branches.get(branch)
    if head is None:
        raise RuleViolationError(f"No ref found for: {ref}")
    workflow = find_workflow(hosted, file, branch)
    if workflow is None or workflow.inputs is None:
        raise RuleViolationError("Workflow does not have 'workflow_dispatch' trigger")
    if unexpected := [name for name in inputs if name not in workflow.inputs]:
        raise RuleViolationError(f"Unexpected inputs provided: {json.dumps(unexpected)}")
    values = {name: str((declaration or {}).get("default", "")) for name, declaration in workflow.inputs.items()}
    values |= {name: str(value) for name, value in inputs.items()}
    for name, declaration in workflow.inputs.items():
        options = (declaration or {}).get("options")
        if (declaration or {}).get("required") and not values[name]:
            raise RuleViolationError(f"Required input '{name}' not provided")
        if options and values[name] and values[name] not in options:
            raise RuleViolationError(
                f"Provided value '{values[name]}' for input '{name}' not in the list of allowed values"
            )
    number = len(hosted.workflow_runs) + 1
    fails = workflow.file in hosted.failing_workflows
    run = HostedWorkflowRun(
        FIRST_RUN_ID + number, number, workflow.file, branch, head, actor, values, time, hosted.timings, fails
    )
    hosted.workflow_runs.append(run)
    return run


def run_due_workflows(hosted: HostedRepository, now: datetime) -> None:
    """Complete the runs that are due."""
    for run in hosted.workflow_runs:
        if run.conclusion is None and run.due_at <= now:
            try:
                _execute_run(hosted, run, now)
                run.conclusion = "SUCCESS"
            except (RuleViolationError, RepositoryError):
                run.conclusion = "FAILURE"
            run.completed_at = now


def _execute_run(hosted: HostedRepository, run: HostedWorkflowRun, now: datetime) -> None:
    """Do the work of a run."""
    if run.fails:
        raise RuleViolationError("Process completed with exit code 1.")
    if job := hosted.workflow_jobs.get(run.file):
        job(hosted, run, now)
