"""Follows a merged commit until Argo CD compares an application with it and has synced it."""

from __future__ import annotations

import time

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.wait_steps import WaitForRollout
from anchor_tui.domain.formatting import get_first_line, shorten_revision
from anchor_tui.services.execute.application_access import ApplicationAccess
from anchor_tui.services.execute.repo_access import RepoAccess
from anchor_tui.services.execute.step_support import Poller, ReportProgress, StepContext, StepFailed, Timeouts

FAILED_PHASES = frozenset({"Failed", "Error"})


async def wait_for_rollout(
    step: WaitForRollout,
    applications: ApplicationAccess,
    repo: RepoAccess,
    config: Config,
    context: StepContext,
    timeouts: Timeouts,
    report: ReportProgress,
) -> str:
    """Wait until the application is compared with the merged commit or a later one; with auto-sync, until it is synced.

    Resources that only a prune would remove are not waited for if auto-sync does not prune. Raises StepFailed.
    """
    merged = context.merge_oid
    if merged is None:
        raise StepFailed("unknown", "the merged commit is unknown, so its rollout cannot be followed")
    poller = Poller(timeouts, report)
    reached: dict[str, bool] = {}
    failed_since: float | None = None
    async for state in poller.poll(
        lambda: applications.read_state(step.app), timeouts.operation_s, timeouts.argocd_poll_s
    ):
        revisions = (state.application.compared_revision or "").split(", ")
        for revision in revisions:
            if revision and revision not in reached:
                contains = await poller.try_read(
                    lambda r=revision: repo.contains_commit(config.github.ops_repo, r, merged)  # type: ignore[misc]
                )
                if contains is not None:
                    reached[revision] = contains
        has_arrived = any(reached.get(revision, False) for revision in revisions)
        if has_arrived and (not step.auto_sync or is_rolled_out(state)):
            left = ": only resources to prune are left" if step.auto_sync and state.application.sync != "Synced" else ""
            return f"{state.application.sync} at {shorten_revision(state.application.compared_revision)}{left}"
        report(rollout_progress_text(state, has_arrived=has_arrived))
        operation = state.application.operation
        is_failed = has_arrived and operation is not None and operation.phase in FAILED_PHASES
        failed_since = (failed_since or time.monotonic()) if is_failed else None
        if failed_since is not None and time.monotonic() - failed_since > timeouts.settle_s:
            message = get_first_line(operation.message) if operation else ""
            raise StepFailed("failed", f"the merged commit could not be synced: {message or 'no reason reported'}")
    raise StepFailed("unknown", f"the merged commit {shorten_revision(merged)} has not arrived yet")


def is_rolled_out(state: AppState) -> bool:
    """Return True if the application is Synced, or if only a prune that auto-sync does not do is left."""
    application, operation = state.application, state.application.operation
    if operation is not None and operation.is_running:
        return False
    return application.sync == "Synced" or (
        operation is not None
        and operation.phase == "Succeeded"
        and application.synced_revision == application.compared_revision
        and application.automated is not None
        and not application.automated.prune
        and any(resource.requires_pruning for resource in state.resources)
        and not state.out_of_sync_refs
    )


def rollout_progress_text(state: AppState, *, has_arrived: bool) -> str:
    """Return how far an application is on its way to the merged commit, in words."""
    application = state.application
    if not has_arrived:
        return f"Argo CD still compares with {shorten_revision(application.compared_revision)}"
    if application.operation is not None and application.operation.is_running:
        message = get_first_line(application.operation.message)
        return f"operation {application.operation.phase}" + (f": {message}" if message else "")
    automated = application.automated is not None and application.automated.enabled
    return f"{application.sync or 'sync unknown'}" + ("" if automated else ": auto-sync is off, a sync is needed (s)")
