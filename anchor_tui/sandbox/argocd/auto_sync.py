"""The result of a comparison, and the decision of auto-sync about it."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterCondition
from anchor_tui.sandbox.argocd.sync_options import get_prune_option


def compute_sync_status(app: ClusterApplication) -> str:
    """Return Synced or OutOfSync; ignored differences do not count."""
    return "OutOfSync" if any(not comparison.ignored for comparison in app.list_differences()) else "Synced"


def wants_sync(app: ClusterApplication, attempted: str | None) -> bool:
    """Report whether auto-sync starts: it is on, no operation runs, and there is more to do than it may prune.

    Self-heal alone retries a revision that was attempted before, and only after a success.
    """
    automated = app.automated
    if automated is None or app.is_busy:
        return False
    prunes = bool(automated.get("prune"))
    if attempted == app.revision:
        state = app.operation_state
        succeeded = state is None or state["phase"] == "Succeeded"
        return bool(automated.get("selfHeal")) and succeeded and _has_drifted(app, prunes=prunes)
    return prunes or any(not comparison.prunable for comparison in app.list_differences())


def _has_drifted(app: ClusterApplication, *, prunes: bool) -> bool:
    """Report whether a sync would change something.

    Objects that a prune keeps, or that are being deleted, do not count.
    """
    for comparison in app.list_differences():
        live = app.live.get(comparison.resource.key)
        if not comparison.prunable:
            return True
        option = get_prune_option(comparison.resource.manifest, app.sync_options)
        if prunes and live is not None and live.deleting is None and option != "false":
            return True
    return False


def build_sync_errors(app: ClusterApplication, attempted: str | None, at: datetime) -> tuple[ClusterCondition, ...]:
    """Return the SyncError of a revision that auto-sync attempted in vain and does not retry."""
    state = app.operation_state
    if app.automated is None or app.sync != "OutOfSync" or app.operation is not None or state is None:
        return ()
    if attempted != app.revision or state["phase"] not in {"Failed", "Error"}:
        return ()
    message = f"Failed last sync attempt to [{app.revision}]: {state['message']}"
    old = tuple(condition for condition in app.conditions if condition.message == message)
    return old or (ClusterCondition("SyncError", message, at),)
