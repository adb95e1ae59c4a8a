"""The application controller: compares applications with git, and syncs those that want it.

Nothing here sleeps or looks at a clock. What is to happen stands in an agenda, and `step(now)` lets all of it happen
that is due, each thing at its own time. The order of the changes of one sync is that of a real Argo CD
(tests/recordings: watch-auto-sync).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Literal

from anchor_tui.sandbox.applications import Application, Condition, Live
from anchor_tui.sandbox.clock import rfc3339
from anchor_tui.sandbox.pace import Pace, Unwell
from anchor_tui.sandbox.render import RenderError, Resource, target_of
from anchor_tui.sandbox.repository import Repository

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Listener = Callable[[EventType, Application], None]
Manifest = Mapping[str, Any]

DEFAULT_HEALTH_MESSAGES = {"ExternalSecret": "secret synced"}
CANNOT_LOAD = (
    "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = "
)


class Controller:
    """All applications of one Argo CD over one repository."""

    def __init__(self, repository: Repository, pace: Pace, unwell: Iterable[Unwell] = ()) -> None:
        self.applications: dict[tuple[str, str], Application] = {}
        self.resource_version = 1000
        self.listeners: list[Listener] = []
        self._repository = repository
        self._pace = pace
        self._unwell = tuple(unwell)
        self._agenda: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()
        self._attempted: dict[tuple[str, str], str] = {}
        repository.on_push.append(self._pushed)

    # --- time ------------------------------------------------------------------------------------

    def step(self, now: datetime) -> None:
        """Let everything happen that is due."""
        while self._agenda and self._agenda[0][0] <= now:
            due, _, happen = heapq.heappop(self._agenda)
            happen(due)

    @property
    def next_due(self) -> datetime | None:
        """When the next thing happens."""
        return self._agenda[0][0] if self._agenda else None

    def _later(self, at: datetime, seconds: float, happen: Callable[[datetime], None]) -> None:
        heapq.heappush(self._agenda, (at + timedelta(seconds=seconds), next(self._order), happen))

    def reconcile_regularly(self, now: datetime) -> None:
        """From now on compare each application every so often, one after the other."""
        for place, app in enumerate(self.applications.values()):
            passed = self._period(app) * ((place * 0.37 + 0.2) % 1)
            last = now - timedelta(seconds=passed)
            app.reconciled_at = max(filter(None, (app.reconciled_at, last)))
            self._later(now, self._period(app) - passed, partial(self._reconcile, app))

    def _reconcile(self, app: Application, at: datetime) -> None:
        if self.applications.get(app.key) is app:
            self._compare(app, at)
            self._later(at, self._period(app), partial(self._reconcile, app))

    def _period(self, app: Application) -> float:
        """Seconds between two comparisons; those of others are many, and compared as seldom as a real server does."""
        return self._pace.reconcile_s * (3 if app.foreign else 1)

    # --- applications ----------------------------------------------------------------------------

    def add(self, app: Application, at: datetime) -> None:
        """Create an application; it is compared at once."""
        self.applications[app.key] = app
        self._changed(app, at, "ADDED")
        self._later(at, self._pace.compare_s, partial(self._compare, app))

    def settle(self, app: Application) -> None:
        """Take over an application that has been here all along, without comparing it."""
        self.resource_version += 1
        app.resource_version, app.generation, app.written_at = self.resource_version, 12, app.health_since
        self.applications[app.key] = app

    def remove(self, app: Application, at: datetime) -> None:
        """Delete an application; what it deployed stays."""
        del self.applications[app.key]
        self._changed(app, at, "DELETED")

    def refresh(self, app: Application, how: Literal["normal", "hard"], at: datetime) -> None:
        """Ask for a comparison: it is done when `app.refresh` is None again."""
        app.refresh = how
        self._changed(app, at)
        self._later(at, self._pace.refresh_s, partial(self._compare, app))

    def _changed(self, app: Application, at: datetime, event: EventType = "MODIFIED") -> None:
        self.resource_version += 1
        app.resource_version = self.resource_version
        app.generation += 1
        app.written_at = at
        for listener in list(self.listeners):
            listener(event, app)

    # --- comparing -------------------------------------------------------------------------------

    def _pushed(self, branch: str, _sha: str, at: datetime) -> None:
        for app in self.applications.values():
            if not app.foreign and app.spec["source"].get("targetRevision", "HEAD") in {branch, "HEAD"}:
                self._later(at, self._pace.notice_s, partial(self._compare, app))

    def _compare(self, app: Application, at: datetime) -> None:
        """Compare with git, as far as the agenda has come, and start what auto-sync would start."""
        if self.applications.get(app.key) is not app:
            return
        if not app.foreign:
            previous = app.sync, app.revision
            self._load_target(app, at)
            if app.sync == "OutOfSync" and self._wants_sync(app):
                sync, revision = app.sync, app.revision
                app.sync, app.revision = previous
                self.sync(app, at, revision=revision, automated=True)
                app.sync, app.revision = sync, revision
        if app.refresh:
            app.hydrated, app.refresh = app.refresh, None
        app.reconciled_at = at
        app.assess(at)
        self._changed(app, at)

    def _load_target(self, app: Application, at: datetime) -> None:
        wanted = app.spec["source"].get("targetRevision", "HEAD")
        try:
            revision, app.target = self._render(app, wanted)
        except RenderError as error:
            message = CANNOT_LOAD + str(error)
            if not any(condition.message == message for condition in app.conditions):
                app.conditions = (Condition("ComparisonError", message, at),)
            app.sync, app.revision = "Unknown", wanted
            return
        app.conditions = ()
        app.revision = revision
        app.sync = "OutOfSync" if any(each.status == "OutOfSync" for each in app.resources()) else "Synced"

    def _render(self, app: Application, wanted: str) -> tuple[str, tuple[Resource, ...]]:
        revision = self._repository.resolve(wanted)
        if revision is None:
            raise RenderError(f"unable to resolve '{wanted}' to a commit SHA")
        namespace = app.spec["destination"]["namespace"]
        return revision, target_of(self._repository, revision, app.spec["source"], namespace)

    def rendered(self, app: Application, revision: str) -> tuple[Resource, ...]:
        """What the application's source renders at a commit; RenderError, or KeyError for an unknown commit."""
        return target_of(self._repository, revision, app.spec["source"], app.spec["destination"]["namespace"])

    def _wants_sync(self, app: Application) -> bool:
        """Whether auto-sync starts: on, nothing running, not tried yet, and more to do than it may prune."""
        automated = app.automated
        if automated is None or app.is_busy or self._attempted.get(app.key) == app.revision:
            return False
        differing = [each for each in app.resources() if each.status == "OutOfSync"]
        return bool(automated.get("prune")) or any(not each.prunable for each in differing)

    # --- syncing ---------------------------------------------------------------------------------

    def sync(
        self,
        app: Application,
        at: datetime,
        *,
        revision: str,
        prune: bool = False,
        automated: bool = False,
        username: str | None = None,
        info: Iterable[Mapping[str, str]] = (),
    ) -> None:
        """Start an operation. The old operation's state is gone at once; the controller takes this one up soon."""
        request: dict[str, Any] = {"revision": revision}
        if automated:
            self._attempted[app.key] = revision
            prune = bool(app.automated and app.automated.get("prune"))
        if prune:
            request["prune"] = True
        request["source"] = app.spec["source"]
        if options := app.spec.get("syncPolicy", {}).get("syncOptions"):
            request["syncOptions"] = options
        operation: dict[str, Any] = {
            "sync": request,
            "initiatedBy": {"automated": True} if automated else {"username": username},
        }
        if info:
            operation["info"] = [dict(each) for each in info]
        operation["retry"] = {"limit": 5} if automated else {}
        app.operation, app.operation_state = operation, None
        self._changed(app, at)
        self._later(at, self._pace.take_s, partial(self._take, app))

    def _take(self, app: Application, at: datetime) -> None:
        app.operation_state = {"operation": app.operation, "phase": "Running", "startedAt": rfc3339(at)}
        self._changed(app, at)
        self._later(at, self._pace.apply_s, partial(self._apply, app, started=at))

    def _apply(self, app: Application, at: datetime, *, started: datetime) -> None:
        operation = app.operation
        assert operation is not None
        wanted = {resource.key: resource for resource in app.target}
        results = [
            self._prune(app, live, operation, at) for live in app.live.values() if live.resource.key not in wanted
        ]
        results += [self._put(app, resource, at) for resource in app.target]
        app.assess(at)
        self._changed(app, at)
        self._later(at, self._pace.finish_s, lambda at: self._finish(app, at, started, results))

    def _prune(self, app: Application, live: Live, operation: Manifest, at: datetime) -> dict[str, Any]:
        if not operation["sync"].get("prune"):
            return _result(live.resource, "PruneSkipped", "ignored (requires pruning)", "Succeeded")
        live.deleting, live.health = True, "Progressing"
        live.message = "Pending deletion"
        self._later(at, self._pace.prune_s, lambda at: self._gone(app, live, at))
        return _result(live.resource, "Pruned", "pruned", "Succeeded")

    def _gone(self, app: Application, live: Live, at: datetime) -> None:
        if app.live.get(live.resource.key) is live:
            del app.live[live.resource.key]
            self._compare(app, at)

    def _put(self, app: Application, resource: Resource, at: datetime) -> dict[str, Any]:
        before = app.live.get(resource.key)
        kind = ".".join(filter(None, (resource.kind.lower(), resource.group)))
        if before and not before.deleting and before.resource.manifest == resource.manifest:
            return _result(resource, "Synced", f"{kind}/{resource.name} unchanged", "Running")
        live = Live(resource, message=DEFAULT_HEALTH_MESSAGES.get(resource.kind))
        app.live[resource.key] = live
        if resource.kind == "Deployment":
            live.health = "Progressing"
            live.message = "Waiting for rollout to finish: 0 of 1 updated replicas are available..."
            strikes = any(each.strikes(resource) for each in self._unwell)
            seconds = self._pace.deadline_s if strikes else self._pace.rollout_s
            self._later(at, seconds, lambda at: self._rolled_out(app, live, at, well=not strikes))
        return _result(resource, "Synced", f"{kind}/{resource.name} {'configured' if before else 'created'}", "Running")

    def _rolled_out(self, app: Application, live: Live, at: datetime, *, well: bool) -> None:
        if app.live.get(live.resource.key) is not live:
            return
        live.health = "Healthy" if well else "Degraded"
        live.message = None if well else f'Deployment "{live.resource.name}" exceeded its progress deadline'
        app.assess(at)
        self._changed(app, at)

    def _finish(self, app: Application, at: datetime, started: datetime, results: list[dict[str, Any]]) -> None:
        operation = app.operation
        assert operation is not None
        app.operation = None
        app.operation_state = {
            "operation": operation,
            "phase": "Succeeded",
            "message": "successfully synced (all tasks run)",
            "syncResult": {
                "resources": results,
                "revision": operation["sync"]["revision"],
                "source": operation["sync"]["source"],
            },
            "startedAt": rfc3339(started),
            "finishedAt": rfc3339(at),
        }
        app.record(operation, started, at)
        self._changed(app, at)
        self._later(at, self._pace.compare_s, partial(self._compare, app))


def _result(resource: Resource, status: str, message: str, hook_phase: str) -> dict[str, Any]:
    """One line of `syncResult.resources`."""
    line = {
        "group": resource.group,
        "version": resource.version,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
        "status": status,
        "message": message,
        "hookPhase": hook_phase,
        "syncPhase": "Sync",
    }
    return line | ({"images": list(resource.images)} if resource.images else {})
