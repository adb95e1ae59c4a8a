"""The application controller: it compares applications with git and syncs them.

The controller neither sleeps nor reads a clock. Events are in an agenda, and `run_due_events(now)` runs those that
are due, each at its own time. The order of the events of a sync is that of a real Argo CD (tests/recordings:
watch-auto-sync).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Literal

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterCondition, ClusterObject
from anchor_tui.sandbox.argocd.auto_sync import build_sync_errors, compute_sync_status, wants_sync
from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource, RenderError, render_target
from anchor_tui.sandbox.argocd.failing_deployments import FailingDeployment
from anchor_tui.sandbox.argocd.operations import OperationRunner
from anchor_tui.sandbox.argocd.sync_tasks import CANNOT_LOAD, SyncOrder
from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow, is_sync_allowed
from anchor_tui.sandbox.git.objects import GitCommit
from anchor_tui.sandbox.git.repository import MemoryRepository
from anchor_tui.sandbox.timings import ControllerTimings

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
ChangeListener = Callable[[EventType, ClusterApplication], None]


class ApplicationController:
    """All applications of an Argo CD over one repository."""

    def __init__(
        self,
        repository: MemoryRepository,
        timings: ControllerTimings,
        failing_deployments: Iterable[FailingDeployment] = (),
    ) -> None:
        self.applications: dict[tuple[str, str], ClusterApplication] = {}
        self.resource_version = 1000
        self.listeners: list[ChangeListener] = []
        self.windows: list[ProjectSyncWindow] = []
        """The sync windows of the projects."""
        self.sync_failures: dict[str, str] = {}
        """Application → the message with which Kubernetes refuses the first of its changes."""
        self.failing_hooks: dict[str, str] = {}
        """Application → the name of its PreSync hook Job, which fails: nothing else is applied."""
        self.spec_errors: dict[str, str] = {}
        """Application → the message of an InvalidSpecError, from the next comparison on."""
        self.is_down = False
        """No comparisons and no operations; due events run when the controller is back."""
        self._repository = repository
        self._timings = timings
        self._failing_deployments = tuple(failing_deployments)
        self._agenda: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()
        self._attempted_revisions: dict[tuple[str, str], str] = {}
        self._held_until: datetime | None = None
        self._operations = OperationRunner(self, timings)
        repository.on_push.append(self._on_push)

    # --- time ------------------------------------------------------------------------------------

    def run_due_events(self, now: datetime) -> None:
        """Run every event that is due."""
        if self.is_down:
            self._held_until = now
            return
        while self._agenda and self._agenda[0][0] <= now:
            due, _, event_handler = heapq.heappop(self._agenda)
            event_handler(max(due, self._held_until) if self._held_until else due)

    def schedule(self, at: datetime, seconds: float, event_handler: Callable[[datetime], None]) -> None:
        """Schedule an event so many seconds after `at`."""
        heapq.heappush(self._agenda, (at + timedelta(seconds=seconds), next(self._order), event_handler))

    def schedule_reconciliation(self, now: datetime) -> None:
        """Start to compare each application regularly, one after the other."""
        for place, app in enumerate(self.applications.values()):
            passed = self._get_reconcile_interval(app) * ((place * 0.37 + 0.2) % 1)
            last = now - timedelta(seconds=passed)
            app.reconciled_at = max(filter(None, (app.reconciled_at, last)))
            self.schedule(now, self._get_reconcile_interval(app) - passed, partial(self._reconcile, app))

    def _reconcile(self, app: ClusterApplication, at: datetime) -> None:
        if self.applications.get(app.key) is app:
            self.compare_application(app, at)
            self.schedule(at, self._get_reconcile_interval(app), partial(self._reconcile, app))

    def _get_reconcile_interval(self, app: ClusterApplication) -> float:
        """Return the seconds between two comparisons; foreign applications are compared less often."""
        return self._timings.reconcile_s * (3 if app.foreign else 1)

    # --- applications ----------------------------------------------------------------------------

    def add_application(self, app: ClusterApplication, at: datetime) -> None:
        """Create an application; it is compared at once."""
        self.applications[app.key] = app
        self.notify_changed(app, at, "ADDED")
        self.schedule(at, self._timings.compare_s, partial(self.compare_application, app))

    def adopt_application(self, app: ClusterApplication) -> None:
        """Add an application that existed before, without comparing it."""
        app.resource_version, app.generation, app.written_at = self.next_version(), 12, app.health_since
        self.applications[app.key] = app

    def remove_application(self, app: ClusterApplication, at: datetime) -> None:
        """Delete an application; its resources stay."""
        del self.applications[app.key]
        self.notify_changed(app, at, "DELETED")

    def request_refresh(self, app: ClusterApplication, kind: Literal["normal", "hard"], at: datetime) -> None:
        """Ask for a comparison; `app.refresh` is None again when it is done."""
        app.refresh = kind
        self.notify_changed(app, at)
        self.schedule(at, self._timings.refresh_s, partial(self.compare_application, app))

    def notify_changed(self, app: ClusterApplication, at: datetime, event: EventType = "MODIFIED") -> None:
        """Increase the versions of an application and call the listeners."""
        app.resource_version = self.next_version()
        app.generation += 1
        app.written_at = at
        for listener in list(self.listeners):
            listener(event, app)

    def next_version(self) -> int:
        """Return the next resourceVersion."""
        self.resource_version += 1
        return self.resource_version

    # --- comparing -------------------------------------------------------------------------------

    def _on_push(self, branch: str, _sha: str, at: datetime) -> None:
        for app in self.applications.values():
            if not app.foreign and app.spec["source"].get("targetRevision", "HEAD") in {branch, "HEAD"}:
                self.schedule(at, self._timings.notice_push_s, partial(self.compare_application, app))

    def compare_application(self, app: ClusterApplication, at: datetime, *, latest: bool = True) -> None:
        """Compare an application with git, and start an automatic sync if auto-sync wants one.

        With `latest=False`, after a change in the cluster, the target is the commit compared last, and `reconciledAt`
        stays.
        """
        if self.applications.get(app.key) is not app:
            return
        if message := self.spec_errors.get(app.name):
            self._mark_invalid(app, message, at)
            return
        if app.foreign:
            app.sync = compute_sync_status(app)
        else:
            previous = app.sync, app.revision
            self._load_target(app, at, latest=latest)
            wants = app.sync == "OutOfSync" and wants_sync(app, self._attempted_revisions.get(app.key))
            if wants and self.is_sync_allowed(app, at, manual=False):
                sync, revision = app.sync, app.revision
                app.sync, app.revision = previous
                prune = bool(app.automated and app.automated.get("prune"))
                self.sync_application(app, at, revision=revision, prune=prune, automated=True)
                app.sync, app.revision = sync, revision
        if app.refresh:
            app.hydrated, app.refresh = app.refresh, None
        if latest or app.reconciled_at is None:
            app.reconciled_at = at
        app.update_health(at)
        self.notify_changed(app, at)

    def _mark_invalid(self, app: ClusterApplication, message: str, at: datetime) -> None:
        if not any(condition.message == message for condition in app.conditions):
            app.conditions = (ClusterCondition("InvalidSpecError", message, at),)
        if app.health != "Unknown":
            app.health, app.health_since = "Unknown", at
        app.sync, app.revision, app.reconciled_at, app.refresh = "Unknown", "", None, None
        self.notify_changed(app, at)

    def _load_target(self, app: ClusterApplication, at: datetime, *, latest: bool) -> None:
        wanted = app.spec["source"].get("targetRevision", "HEAD")
        try:
            known = not latest and app.sync != "Unknown"
            revision, app.target = self._render(app, app.revision if known else wanted)
        except RenderError as error:
            message = CANNOT_LOAD + str(error)
            if not any(condition.message == message for condition in app.conditions):
                app.conditions = (ClusterCondition("ComparisonError", message, at),)
            app.sync, app.revision = "Unknown", wanted
            return
        app.revision, app.sync = revision, compute_sync_status(app)
        app.conditions = build_sync_errors(app, self._attempted_revisions.get(app.key), at)

    def _render(self, app: ClusterApplication, wanted: str) -> tuple[str, tuple[RenderedResource, ...]]:
        revision = self._repository.resolve_ref(wanted)
        if revision is None:
            raise RenderError(f"unable to resolve '{wanted}' to a commit SHA")
        namespace = app.spec["destination"]["namespace"]
        return revision, render_target(self._repository, revision, app.spec["source"], namespace)

    def find_commit(self, revision: str) -> GitCommit | None:
        """Return a commit of the repository; None if it does not exist."""
        return self._repository.read_commit(revision) if self._repository.resolve_ref(revision) else None

    def resolve_revision(self, revision: str) -> str | None:
        """Return the commit id of a revision. A full commit id is returned unchecked, as by a real server."""
        looks_whole = len(revision) == 40 and all(letter in "0123456789abcdef" for letter in revision)
        return revision if looks_whole else self._repository.resolve_ref(revision)

    def render_revision(self, app: ClusterApplication, revision: str) -> tuple[RenderedResource, ...]:
        """Return the resources that an application's source renders at a revision. Raises RenderError."""
        return self._render(app, revision)[1]

    # --- syncing ---------------------------------------------------------------------------------

    def sync_application(
        self,
        app: ClusterApplication,
        at: datetime,
        *,
        revision: str,
        prune: bool = False,
        automated: bool = False,
        username: str | None = None,
        info: Iterable[Mapping[str, str]] = (),
    ) -> None:
        """Start an operation that syncs all resources to a revision."""
        order = SyncOrder(revision, prune=prune, automated=automated, username=username, info=tuple(info))
        self.start_operation(app, at, order)

    def start_operation(self, app: ClusterApplication, at: datetime, order: SyncOrder) -> None:
        """Start an operation."""
        if not order.dry_run and not order.resources:
            self._attempted_revisions[app.key] = order.revision
        self._operations.start(app, at, order)

    def terminate_operation(self, app: ClusterApplication, at: datetime) -> bool:
        """Terminate the running operation; False if there is none."""
        return self._operations.terminate(app, at)

    def is_sync_allowed(self, app: ClusterApplication, at: datetime, *, manual: bool) -> bool:
        """Report whether the sync windows allow a sync."""
        return is_sync_allowed(self.list_windows(app), at, manual=manual)

    def list_windows(self, app: ClusterApplication) -> list[ProjectSyncWindow]:
        """Return the sync windows that apply to an application."""
        return [window for window in self.windows if window.applies_to(app.name)]

    # --- cluster ---------------------------------------------------------------------------------

    def roll_out(self, app: ClusterApplication, live: ClusterObject, at: datetime) -> None:
        """Start the rollout of a new or changed object; a Deployment takes time to become ready, or never does."""
        live.version = self.next_version()
        if live.resource.kind != "Deployment":
            return
        live.health = "Progressing"
        live.message = "Waiting for rollout to finish: 0 of 1 updated replicas are available..."
        live.rolled_out_at, live.replaced_pods = at, {}
        failing = next((found for found in self._failing_deployments if found.matches(live.resource)), None)
        live.failure = failing.failure if failing else ""
        seconds = self._timings.progress_deadline_s if failing else self._timings.rollout_s
        self.schedule(at, seconds, lambda at: self._finish_roll_out(app, live, at, well=failing is None))

    def _finish_roll_out(self, app: ClusterApplication, live: ClusterObject, at: datetime, *, well: bool) -> None:
        if app.live.get(live.resource.key) is not live or live.deleting or live.health == "Suspended":
            return
        live.health = "Healthy" if well else "Degraded"
        live.message = None if well else f'Deployment "{live.resource.name}" exceeded its progress deadline'
        app.update_health(at)
        self.notify_changed(app, at)

    def replace_pod(self, app: ClusterApplication, live: ClusterObject, number: int, at: datetime) -> None:
        """Let a workload create a pod again; it is as well or as ill as the one before."""
        live.version = self.next_version()
        live.replaced_pods = live.replaced_pods | {number: (at, live.version)}
        if live.health == "Healthy":
            live.health = "Progressing"
            live.message = "Waiting for rollout to finish: 0 of 1 updated replicas are available..."
            self.schedule(at, self._timings.rollout_s, lambda at: self._finish_roll_out(app, live, at, well=True))
        app.update_health(at)
        self.notify_changed(app, at)

    def retry_job(self, app: ClusterApplication, live: ClusterObject, at: datetime) -> None:
        """Run a failed Job again; this time it succeeds."""
        live.version, live.generation = self.next_version(), live.generation + 1
        live.health, live.message, live.rolled_out_at = "Progressing", None, at
        self.schedule(at, self._timings.rollout_s, lambda at: self._finish_roll_out(app, live, at, well=True))
        app.update_health(at)
        self.notify_changed(app, at)

    def finish_deletion(self, app: ClusterApplication, live: ClusterObject, at: datetime) -> None:
        """Remove an object whose deletion is over."""
        if app.live.get(live.resource.key) is live:
            del app.live[live.resource.key]
            self.compare_application(app, at, latest=False)

    def on_cluster_change(self, app: ClusterApplication, at: datetime) -> None:
        """Schedule a comparison after a change in the cluster."""
        self.schedule(at, self._timings.notice_change_s, lambda at: self.compare_application(app, at, latest=False))

    def on_application_edit(self, app: ClusterApplication, at: datetime) -> None:
        """Handle a change of the Application itself."""
        self.notify_changed(app, at)
        self.schedule(at, self._timings.compare_s, partial(self.compare_application, app))
        self._operations.resume_if_approved(app, at)
