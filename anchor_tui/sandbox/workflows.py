"""Workflows that are dispatched: what their files ask for, and the promotion that `promote.yaml` makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from anchor_tui.sandbox import writing
from anchor_tui.sandbox.accounts import ACCOUNTS, ACTIONS_BOT
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.pulls import HostingError
from anchor_tui.sandbox.render import parse
from anchor_tui.sandbox.repository import RepositoryError
from anchor_tui.sandbox.runs import Run
from anchor_tui.sandbox.story import DEV, PROD, RELEASE, STAGING, promotion_files, release_version

FOLDER = ".github/workflows"
PROMOTE = "promote.yaml"
BEFORE = {STAGING: DEV, PROD: STAGING}
FIRST_RUN = 9_120_000_000


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow as its file has it. `inputs` is None where nobody can dispatch it."""

    id: int
    file: str
    name: str
    inputs: Mapping[str, Mapping[str, Any]] | None


def workflows(hosted: HostedRepository, ref: str | None = None) -> list[Workflow]:
    """The workflows at a ref, by file."""
    sha = hosted.git.resolve(ref or "HEAD")
    folder = hosted.git.entry(sha, FOLDER) if sha else None
    if sha is None or folder is None:
        return []
    return [_read(hosted, each.name, hosted.git.text(each.sha)) for each in hosted.git.entries(sha, FOLDER)]


def _read(hosted: HostedRepository, file: str, text: str) -> Workflow:
    found = parse(text)
    triggers = found.get("on") or {}
    triggers = (
        triggers if isinstance(triggers, dict) else dict.fromkeys([triggers] if isinstance(triggers, str) else triggers)
    )
    inputs = (triggers["workflow_dispatch"] or {}).get("inputs") or {} if "workflow_dispatch" in triggers else None
    return Workflow(crc32(f"{hosted.id}/{file}".encode()), file, found.get("name", file), inputs)


def workflow(hosted: HostedRepository, named: str, ref: str | None = None) -> Workflow | None:
    """The workflow of a file name or an id."""
    return next((each for each in workflows(hosted, ref) if named in {each.file, str(each.id)}), None)


def dispatch(
    hosted: HostedRepository, file: str, ref: str, inputs: Mapping[str, Any], *, actor: str, time: datetime
) -> Run:
    """Let a workflow run with inputs that its file asks for."""
    branch = ref.removeprefix(writing.HEADS)
    head = hosted.git.branches.get(branch)
    if head is None:
        raise HostingError(f"No ref found for: {ref}")
    found = workflow(hosted, file, branch)
    if found is None or found.inputs is None:
        raise HostingError("Workflow does not have 'workflow_dispatch' trigger")
    if unexpected := [name for name in inputs if name not in found.inputs]:
        raise HostingError(f"Unexpected inputs provided: {json.dumps(unexpected)}")
    given = {name: str((about or {}).get("default", "")) for name, about in found.inputs.items()}
    given |= {name: str(value) for name, value in inputs.items()}
    for name, about in found.inputs.items():
        options = (about or {}).get("options")
        if (about or {}).get("required") and not given[name]:
            raise HostingError(f"Required input '{name}' not provided")
        if options and given[name] and given[name] not in options:
            raise HostingError(f"Provided value '{given[name]}' for input '{name}' not in the list of allowed values")
    number = len(hosted.runs) + 1
    fails = found.file in hosted.failing_workflows
    run = Run(FIRST_RUN + number, number, found.file, branch, head, actor, given, time, hosted.pace, fails)
    hosted.runs.append(run)
    return run


def step(hosted: HostedRepository, now: datetime) -> None:
    """Do the work of the runs whose time has come."""
    for run in hosted.runs:
        if run.conclusion is None and run.due_at <= now:
            try:
                _work(hosted, run, now)
                run.conclusion = "SUCCESS"
            except (HostingError, RepositoryError):
                run.conclusion = "FAILURE"
            run.completed_at = now


def _work(hosted: HostedRepository, run: Run, now: datetime) -> None:
    """What a run does."""
    if run.fails:
        raise HostingError("Process completed with exit code 1.")
    if run.file == PROMOTE:
        _promote(hosted, run, now)


def _promote(hosted: HostedRepository, run: Run, now: datetime) -> None:
    """The promotion of an environment as a pull request, opened with the workflow's own token."""
    to = run.inputs["to"]
    source = run.inputs.get("from") or BEFORE.get(to, "")
    if not source:
        raise HostingError(f"nothing comes before {to}")

    def read(path: str) -> str:
        return hosted.git.read(path, hosted.git.default_branch)

    version = run.inputs.get("version") or release_version(read, source)
    files = promotion_files(read, source, to, version)
    if all(read(path) == text for path, text in files.items()):
        return
    branch, title = f"promote/{to}-{version}", f"Promote {to} to {version}"
    writing.create_branch(hosted, writing.HEADS + branch, hosted.git.head, now)
    hosted.git.commit(files, title, author=ACCOUNTS[ACTIONS_BOT], time=now, branch=branch)
    reason = run.inputs.get("reason", "")
    pull = writing.open_pull(
        hosted,
        title=title,
        head=branch,
        base=hosted.git.default_branch,
        body=f"{reason}\n\n" * bool(reason) + f"{RELEASE.format(to)}: {release_version(read, to)} to {version}",
        draft=False,
        author=ACTIONS_BOT,
        time=now,
        by_workflow=True,
    )
    writing.label(pull, ("promotion",), now)
