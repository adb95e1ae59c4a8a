"""What follows the merge of a rollback: the applications go back, and the status API is told.

The same whether the rollback is followed by whoever opened it, or by whoever merges it.
"""

from __future__ import annotations

from typing import Any

from anchor_tui.domain.actions.choosing import Move
from anchor_tui.domain.actions.evidence import Evidence
from anchor_tui.domain.actions.following import FollowHealth, FollowOperation, FollowRefresh, FollowRollout
from anchor_tui.domain.actions.parts import AppTarget
from anchor_tui.domain.actions.plan import Line, Order
from anchor_tui.domain.actions.steps import Emit, Refresh, Step, Sync
from anchor_tui.domain.actions.workbench import Workbench
from anchor_tui.domain.model import Application, Release

EVENT = "rollback.executed"


def _applications(move: Move, order: Order, evidence: Evidence) -> tuple[Application, ...]:
    environment = evidence.snapshot.find_environment(move.environment.name)
    if environment is None or order.without_argocd:
        return ()
    return tuple(each for each in environment.applications if each.presence == "found")


def _wants_sync(application: Application) -> bool:
    automated = application.automated
    return automated is None or not automated.enabled or not automated.self_heal


def lines(move: Move, order: Order, evidence: Evidence) -> list[Line]:
    """Where a sync is needed after the merge, since nothing else does it."""
    if order.without_argocd:
        return [Line("warning", "Argo CD was not asked: that the rollback arrives is NOT looked at")]
    found = []
    for application in _applications(move, order, evidence):
        if _wants_sync(application):
            off = "auto-sync" if application.automated is None or not application.automated.enabled else "self-heal"
            words = f"{off} of {application.name} is off, and stays off: a sync follows the merge, as a step of this"
            found.append(Line("warning", words))
    return found


def steps(move: Move, order: Order, bench: Workbench, evidence: Evidence) -> tuple[Step, ...]:
    """What follows the merge: every application arrives, and then somebody is told."""
    return (*_rollout(move, order, evidence), *_event(move, order, bench, evidence))


def _rollout(move: Move, order: Order, evidence: Evidence) -> tuple[Step, ...]:
    """First every application is set going, then each is followed: one that degrades leaves no other unsynced."""
    going: list[Step] = []
    arriving: list[Step] = []
    for application in _applications(move, order, evidence):
        target = AppTarget(application.id, application.project)
        going += [Refresh(target), FollowRefresh(target)]
        if _wants_sync(application):
            sync = Sync(target, order.request_id, reason=order.reason, unless_synced=True)
            going += [FollowRollout(target, auto_sync=False), sync, FollowOperation(target, order.request_id)]
        arriving += [FollowRollout(target), FollowHealth(target)]
    return (*going, *arriving)


# --- the event ----------------------------------------------------------------------------------------


def event_line(move: Move, order: Order, evidence: Evidence) -> Line:
    """Said before, not after: whether anybody is told."""
    status = evidence.config.status_api
    if status.emit != "client":
        who = "the ops repo's pipeline sends it" if status.emit == "pipeline" else "nobody is to be told"
        return Line("note", f'{EVENT} is not sent from here (status_api.emit = "{status.emit}"): {who}')
    if not status.url:
        return Line("warning", f"{EVENT} is not sent: no status API is configured (status_api.url, or $STATUS_API_URL)")
    if order.without_argocd:
        return Line("warning", f"{EVENT} is not sent: without Argo CD nothing tells that the rollback arrived")
    if not _applications(move, order, evidence):
        return Line("warning", f"{EVENT} is not sent: no application is there to tell that the rollback arrived")
    return Line("note", f"{EVENT} is sent to the status API once the older version is live and healthy")


def _event(move: Move, order: Order, bench: Workbench, evidence: Evidence) -> tuple[Step, ...]:
    status = evidence.config.status_api
    applications = _applications(move, order, evidence)
    if status.emit != "client" or not status.url or not applications:
        return ()
    event: dict[str, Any] = {
        "event": EVENT,
        "engine_id": evidence.config.engine_id,
        "environment": move.environment.name,
        "application": str(applications[0].id) if len(applications) == 1 else None,
        "applications": [str(each.id) for each in applications],
        "from": _version(move.present),
        "to": _version(move.release),
        "actor": bench.rights.viewer or None,
        "reason": order.reason or None,
        "idempotency_key": order.request_id,
    }
    return (Emit(event, bench.repo.name),)


def _version(release: Release | None) -> dict[str, str | None]:
    return {"version": release.version if release else None, "commit": release.commit if release else None}
