"""Follows a merged commit into the cluster: Argo CD compares with it, and has synced it."""

from __future__ import annotations

import time

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.wait_steps import WaitForRollout
from anchor_tui.domain.formatting import get_first_line, shorten_revision
from anchor_tui.services.execute.argocd_steps import ArgoCDSteps
from anchor_tui.services.execute.github_steps import GitHubSteps
from anchor_tui.services.execute.step_support import Poller, ReportProgress, StepContext, StepFailed, Timeouts

FAILED_PHASES = frozenset({"Failed", "Error"})


async def wait_for_rollout(
    step: WaitForRollout,
    argo: ArgoCDSteps,
    github: GitHubSteps,
    config: Config,
    context: StepContext,
    timeouts: Timeouts,
    report: ReportProgress,
) -> str:
    """Until the application compares with the merged commit or a later one, and, with auto-sync, is Synced to it.

    Raises Ended.
    """
    merged = context.merge_oid
    if merged is None:
        raise StepFailed("unknown", "which commit was merged is not known: whether it arrived cannot be told")
    patience = Poller(timeouts, report)
    reached: dict[str, bool] = {}
    failed_since: float | None = None
    async for state in patience.poll(lambda: argo.read_state(step.app), timeouts.operation_s, timeouts.argocd_poll_s):
        revisions = (state.application.compared_revision or "").split(", ")
        for revision in revisions:
            if revision and revision not in reached:
                asked = await patience.try_read(
                    lambda r=revision: github.contains_commit(config.github.ops_repo, r, merged)  # type: ignore[misc]
                )
                if asked is not None:
                    reached[revision] = asked
        there = any(reached.get(each, False) for each in revisions)
        if there and (not step.auto_sync or _is_synced(state)):
            return f"{state.application.sync} at {shorten_revision(state.application.compared_revision)}"
        report(rollout_progress_text(state, there=there))
        operation = state.application.operation
        is_failed = there and operation is not None and operation.phase in FAILED_PHASES
        failed_since = (failed_since or time.monotonic()) if is_failed else None
        if failed_since is not None and time.monotonic() - failed_since > timeouts.settle_s:
            words = get_first_line(operation.message) if operation else ""
            raise StepFailed("failed", f"the merged commit could not be synced: {words or 'no reason given'}")
    raise StepFailed("unknown", f"the merged commit {shorten_revision(merged)} has not arrived yet")


def _is_synced(state: AppState) -> bool:
    operation = state.application.operation
    return state.application.sync == "Synced" and not (operation is not None and operation.is_running)


def rollout_progress_text(state: AppState, *, there: bool) -> str:
    """Where an application is on its way to the merged commit, in words."""
    application = state.application
    if not there:
        return f"Argo CD compares with {shorten_revision(application.compared_revision)} still"
    if application.operation is not None and application.operation.is_running:
        words = get_first_line(application.operation.message)
        return f"operation {application.operation.phase}" + (f": {words}" if words else "")
    automated = application.automated is not None and application.automated.enabled
    return f"{application.sync or 'sync not told'}" + ("" if automated else ": auto-sync is off, a sync is needed (s)")
