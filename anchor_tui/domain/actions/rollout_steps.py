"""What follows the merge of a rollback: the applications go back, and the status API is told.

The same whether the rollback is followed by whoever opened it, or by whoever merges it.
"""

from __future__ import annotations

from typing import Any

from anchor_tui.domain.actions.plan import Order, PlanLine
from anchor_tui.domain.actions.plan_inputs import PlanInputs
from anchor_tui.domain.actions.release_selection import ReleaseMove
from anchor_tui.domain.actions.repo_state import RepoState
from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.actions.steps import Refresh, SendEvent, Step, Sync
from anchor_tui.domain.actions.wait_steps import WaitForHealth, WaitForOperation, WaitForRefresh, WaitForRollout
from anchor_tui.domain.model import Application, Release

ROLLBACK_EVENT = "rollback.executed"


def _found_applications(move: ReleaseMove, order: Order, inputs: PlanInputs) -> tuple[Application, ...]:
    environment = inputs.snapshot.find_environment(move.environment.name)
    if environment is None or order.without_argocd:
        return ()
    return tuple(each for each in environment.applications if each.presence == "found")


def _needs_sync(application: Application) -> bool:
    automated = application.automated
    return automated is None or not automated.enabled or not automated.self_heal


def rollout_lines(move: ReleaseMove, order: Order, inputs: PlanInputs) -> list[PlanLine]:
    """Where a sync is needed after the merge, since nothing else does it."""
    if order.without_argocd:
        return [PlanLine("warning", "Argo CD was not asked: that the rollback arrives is NOT looked at")]
    found = []
    for application in _found_applications(move, order, inputs):
        if _needs_sync(application):
            off = "auto-sync" if application.automated is None or not application.automated.enabled else "self-heal"
            words = f"{off} of {application.name} is off, and stays off: a sync follows the merge, as a step of this"
            found.append(PlanLine("warning", words))
    return found


def rollback_rollout_steps(
    move: ReleaseMove, order: Order, repo_state: RepoState, inputs: PlanInputs
) -> tuple[Step, ...]:
    """What follows the merge: every application arrives, and then somebody is told."""
    return (*_argocd_steps(move, order, inputs), *_event_steps(move, order, repo_state, inputs))


def _argocd_steps(move: ReleaseMove, order: Order, inputs: PlanInputs) -> tuple[Step, ...]:
    """First every application is set going, then each is followed: one that degrades leaves no other unsynced."""
    going: list[Step] = []
    arriving: list[Step] = []
    for application in _found_applications(move, order, inputs):
        target = ApplicationRef(application.id, application.project)
        going += [Refresh(target), WaitForRefresh(target)]
        if _needs_sync(application):
            sync = Sync(target, order.request_id, reason=order.reason, unless_synced=True)
            going += [WaitForRollout(target, auto_sync=False), sync, WaitForOperation(target, order.request_id)]
        arriving += [WaitForRollout(target), WaitForHealth(target)]
    return (*going, *arriving)


# --- the event ----------------------------------------------------------------------------------------


def event_line(move: ReleaseMove, order: Order, inputs: PlanInputs) -> PlanLine:
    """Said before, not after: whether anybody is told."""
    status = inputs.config.status_api
    if status.emit != "client":
        who = "the ops repo's pipeline sends it" if status.emit == "pipeline" else "nobody is to be told"
        return PlanLine("note", f'{ROLLBACK_EVENT} is not sent from here (status_api.emit = "{status.emit}"): {who}')
    if not status.url:
        return PlanLine(
            "warning", f"{ROLLBACK_EVENT} is not sent: no status API is configured (status_api.url, or $STATUS_API_URL)"
        )
    if order.without_argocd:
        return PlanLine(
            "warning", f"{ROLLBACK_EVENT} is not sent: without Argo CD nothing tells that the rollback arrived"
        )
    if not _found_applications(move, order, inputs):
        return PlanLine(
            "warning", f"{ROLLBACK_EVENT} is not sent: no application is there to tell that the rollback arrived"
        )
    return PlanLine("note", f"{ROLLBACK_EVENT} is sent to the status API once the older version is live and healthy")


def _event_steps(move: ReleaseMove, order: Order, repo_state: RepoState, inputs: PlanInputs) -> tuple[Step, ...]:
    status = inputs.config.status_api
    applications = _found_applications(move, order, inputs)
    if status.emit != "client" or not status.url or not applications:
        return ()
    event: dict[str, Any] = {
        "event": ROLLBACK_EVENT,
        "engine_id": inputs.config.engine_id,
        "environment": move.environment.name,
        "application": str(applications[0].id) if len(applications) == 1 else None,
        "applications": [str(each.id) for each in applications],
        "from": _version_json(move.current),
        "to": _version_json(move.release),
        "actor": repo_state.permissions.viewer or None,
        "reason": order.reason or None,
        "idempotency_key": order.request_id,
    }
    return (SendEvent(event, repo_state.repo.name),)


def _version_json(release: Release | None) -> dict[str, str | None]:
    return {"version": release.version if release else None, "commit": release.commit if release else None}
