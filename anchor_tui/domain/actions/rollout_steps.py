"""The steps after a merge: the applications are synced, and after a rollback the status API gets an event.

They are the same for the process that opened the pull request and the one that merges it.
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


def rollout_wait_steps(environment: str, inputs: PlanInputs, order: Order) -> tuple[Step, ...]:
    """Return the waits after a merge, for each application of an environment."""
    applications = _found_applications(environment, order, inputs)
    return tuple(
        step for application in applications for step in _wait_steps(inputs.reference_application(application))
    )


def _wait_steps(app: ApplicationRef) -> tuple[Step, ...]:
    return (WaitForRollout(app), WaitForHealth(app))


def _found_applications(name: str, order: Order, inputs: PlanInputs) -> tuple[Application, ...]:
    environment = inputs.snapshot.find_environment(name)
    if environment is None or order.without_argocd:
        return ()
    return tuple(application for application in environment.applications if application.presence == "found")


def _needs_sync(application: Application) -> bool:
    automated = application.automated
    return automated is None or not automated.enabled or not automated.self_heal


def rollout_lines(move: ReleaseMove, order: Order, inputs: PlanInputs) -> list[PlanLine]:
    """Return a line for each application that needs a sync after the merge."""
    if order.without_argocd:
        return [PlanLine("warning", "without Argo CD: the rollout is NOT checked")]
    found = []
    for application in _found_applications(move.environment.name, order, inputs):
        if _needs_sync(application):
            off = "auto-sync" if application.automated is None or not application.automated.enabled else "self-heal"
            name = inputs.label_application(application)
            words = f"{off} of {name} is off and stays off: a step of this plan syncs it after the merge"
            found.append(PlanLine("warning", words))
    return found


def rollback_rollout_steps(
    move: ReleaseMove, order: Order, repo_state: RepoState, inputs: PlanInputs
) -> tuple[Step, ...]:
    """Return the steps after the merge of a rollback: the rollout of every application, then the event."""
    return (*_argocd_steps(move, order, inputs), *_event_steps(move, order, repo_state, inputs))


def _argocd_steps(move: ReleaseMove, order: Order, inputs: PlanInputs) -> tuple[Step, ...]:
    """Return the syncs of all applications, then the waits: a degraded one does not leave others unsynced."""
    syncs: list[Step] = []
    waits: list[Step] = []
    for application in _found_applications(move.environment.name, order, inputs):
        app = inputs.reference_application(application)
        syncs += [Refresh(app), WaitForRefresh(app)]
        if _needs_sync(application):
            sync = Sync(app, order.request_id, reason=order.reason, unless_synced=True)
            syncs += [WaitForRollout(app, auto_sync=False), sync, WaitForOperation(app, order.request_id)]
        waits += _wait_steps(app)
    return (*syncs, *waits)


# --- the event ----------------------------------------------------------------------------------------


def event_line(move: ReleaseMove, order: Order, inputs: PlanInputs) -> PlanLine:
    """Return the line that states whether the event will be sent."""
    status = inputs.config.status_api
    if status.emit != "client":
        who = "the ops repo's pipeline sends it" if status.emit == "pipeline" else "it is disabled"
        return PlanLine("note", f'{ROLLBACK_EVENT} is not sent from here (status_api.emit = "{status.emit}"): {who}')
    if not status.url:
        return PlanLine(
            "warning", f"{ROLLBACK_EVENT} is not sent: no status API is configured (status_api.url, or $STATUS_API_URL)"
        )
    if order.without_argocd:
        return PlanLine("warning", f"{ROLLBACK_EVENT} is not sent: without Argo CD the rollout is not checked")
    if not _found_applications(move.environment.name, order, inputs):
        return PlanLine("warning", f"{ROLLBACK_EVENT} is not sent: the environment has no application to check")
    return PlanLine("note", f"{ROLLBACK_EVENT} is sent to the status API when the older version is live and healthy")


def _event_steps(move: ReleaseMove, order: Order, repo_state: RepoState, inputs: PlanInputs) -> tuple[Step, ...]:
    status = inputs.config.status_api
    applications = _found_applications(move.environment.name, order, inputs)
    if status.emit != "client" or not status.url or not applications:
        return ()
    event: dict[str, Any] = {
        "event": ROLLBACK_EVENT,
        "engine_id": inputs.config.engine_id,
        "environment": move.environment.name,
        "application": str(applications[0].id) if len(applications) == 1 else None,
        "applications": [str(application.id) for application in applications],
        "from": _version_json(move.current),
        "to": _version_json(move.release),
        "actor": repo_state.permissions.viewer or None,
        "reason": order.reason or None,
        "idempotency_key": order.request_id,
    }
    return (SendEvent(event, repo_state.repo.name),)


def _version_json(release: Release | None) -> dict[str, str | None]:
    return {"version": release.version if release else None, "commit": release.commit if release else None}
