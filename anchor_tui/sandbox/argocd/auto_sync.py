"""What a comparison comes to, and whether auto-sync does something about it."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterCondition
from anchor_tui.sandbox.argocd.sync_options import get_prune_option


def compute_sync_status(app: ClusterApplication) -> str:
    """Synced, although something may differ that the application ignores."""
    return "OutOfSync" if any(not each.ignored for each in app.list_differences()) else "Synced"


def wants_sync(app: ClusterApplication, attempted: str | None) -> bool:
    """Whether auto-sync starts: on, nothing running, and more to do than it may prune.

    A revision that was attempted is tried again only by self-heal, and only after a success.
    """
    automated = app.automated
    if automated is None or app.is_busy:
        return False
    prunes = bool(automated.get("prune"))
    if attempted == app.revision:
        state = app.operation_state
        succeeded = state is None or state["phase"] == "Succeeded"
        return bool(automated.get("selfHeal")) and succeeded and _has_drifted(app, prunes=prunes)
    return prunes or any(not each.prunable for each in app.list_differences())


def _has_drifted(app: ClusterApplication, *, prunes: bool) -> bool:
    """Whether a sync would change something. What a prune keeps, or what is going already, is none of it."""
    for each in app.list_differences():
        live = app.live.get(each.resource.key)
        if not each.prunable:
            return True
        option = get_prune_option(each.resource.manifest, app.sync_options)
        if prunes and live is not None and live.deleting is None and option != "false":
            return True
    return False


def build_sync_errors(app: ClusterApplication, attempted: str | None, at: datetime) -> tuple[ClusterCondition, ...]:
    """What auto-sync says where it has tried in vain, and does not try again."""
    state = app.operation_state
    if app.automated is None or app.sync != "OutOfSync" or app.operation is not None or state is None:
        return ()
    if attempted != app.revision or state["phase"] not in {"Failed", "Error"}:
        return ()
    message = f"Failed last sync attempt to [{app.revision}]: {state['message']}"
    old = tuple(condition for condition in app.conditions if condition.message == message)
    return old or (ClusterCondition("SyncError", message, at),)
