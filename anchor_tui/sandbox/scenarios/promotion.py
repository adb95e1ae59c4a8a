"""The work of the workflow `promote.yaml`: a pull request that promotes a release to the next environment."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.sandbox.github import writes
from anchor_tui.sandbox.github.accounts import ACCOUNTS, ACTIONS_BOT
from anchor_tui.sandbox.github.pull_requests import RuleViolationError
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.workflow_runs import HostedWorkflowRun
from anchor_tui.sandbox.scenarios.release_files import RELEASE_PATH, edit_promotion_files, read_release_version
from anchor_tui.sandbox.scenarios.seed_history import DEV, PROD, STAGING

PROMOTION_WORKFLOW = "promote.yaml"
PREVIOUS_ENVIRONMENT = {STAGING: DEV, PROD: STAGING}


def open_promotion(hosted: HostedRepository, run: HostedWorkflowRun, now: datetime) -> None:
    """Open the pull request of a promotion with the workflow's own token."""
    to = run.inputs["to"]
    source = run.inputs.get("from") or PREVIOUS_ENVIRONMENT.get(to, "")
    if not source:
        raise RuleViolationError(f"nothing comes before {to}")

    def read(path: str) -> str:
        return hosted.git.read_file(path, hosted.git.default_branch)

    version = run.inputs.get("version") or read_release_version(read, source)
    files = edit_promotion_files(read, source, to, version)
    if all(read(path) == text for path, text in files.items()):
        return
    branch, title = f"promote/{to}-{version}", f"Promote {to} to {version}"
    writes.create_branch(hosted, writes.BRANCH_PREFIX + branch, hosted.git.head, now)
    hosted.git.commit(files, title, author=ACCOUNTS[ACTIONS_BOT], time=now, branch=branch)
    reason = run.inputs.get("reason", "")
    pull = writes.open_pull_request(
        hosted,
        title=title,
        head=branch,
        base=hosted.git.default_branch,
        body=f"{reason}\n\n" * bool(reason)
        + f"{RELEASE_PATH.format(to)}: {read_release_version(read, to)} to {version}",
        draft=False,
        author=ACTIONS_BOT,
        time=now,
        by_workflow=True,
    )
    writes.add_labels(pull, ("promotion",), now)
