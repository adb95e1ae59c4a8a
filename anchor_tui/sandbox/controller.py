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
from typing import Literal

from anchor_tui.sandbox.applications import Application, Condition, Live
from anchor_tui.sandbox.autosync import sync_errors, sync_status, wants_sync
from anchor_tui.sandbox.operations import Operations
from anchor_tui.sandbox.pace import Pace, Unwell
from anchor_tui.sandbox.render import RenderError, Resource, target_of
from anchor_tui.sandbox.repository import CommitInfo, Repository
from anchor_tui.sandbox.tasks import CANNOT_LOAD, Order
from anchor_tui.sandbox.windows import Window, may_sync

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Listener = Callable[[EventType, Application], None]


class Controller:
    """All applications of one Argo CD over one repository."""

    def __init__(self, repository: Repository, pace: Pace, unwell: Iterable[Unwell] = ()) -> None:
        self.applications: dict[tuple[str, str], Application] = {}
        self.resource_version = 1000
        self.listeners: list[Listener] = []
        self.windows: list[Window] = []
        """The sync windows of the projects."""
        self.failing: dict[str, str] = {}
        """Application → what Kubernetes says when it refuses the first of its changes."""
        self.invalid: dict[str, str] = {}
        """Application → what is wrong with its spec: an InvalidSpecError, from the next comparison on."""
        self.is_down = False
        """Nothing is compared and no operation is taken; what was due happens when the controller is back."""
        self._repository = repository
        self._pace = pace
        self._unwell = tuple(unwell)
        self._agenda: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()
        self._attempted: dict[tuple[str, str], str] = {}
        self._held_until: datetime | None = None
        self._operations = Operations(self, pace)
        repository.on_push.append(self._pushed)

    # --- time ------------------------------------------------------------------------------------

    def step(self, now: datetime) -> None:
        """Let everything happen that is due."""
        if self.is_down:
            self._held_until = now
            return
        while self._agenda and self._agenda[0][0] <= now:
            due, _, happen = heapq.heappop(self._agenda)
            happen(max(due, self._held_until) if self._held_until else due)

    @property
    def next_due(self) -> datetime | None:
        """When the next thing happens."""
        return self._agenda[0][0] if self._agenda else None

    def later(self, at: datetime, seconds: float, happen: Callable[[datetime], None]) -> None:
        """Let something happen so long after `at`."""
        heapq.heappush(self._agenda, (self.moment(at, seconds), next(self._order), happen))

    @staticmethod
    def moment(at: datetime, seconds: float) -> datetime:
        """So long after `at`."""
        return at + timedelta(seconds=seconds)

    def reconcile_regularly(self, now: datetime) -> None:
        """From now on compare each application every so often, one after the other."""
        for place, app in enumerate(self.applications.values()):
            passed = self._period(app) * ((place * 0.37 + 0.2) % 1)
            last = now - timedelta(seconds=passed)
            app.reconciled_at = max(filter(None, (app.reconciled_at, last)))
            self.later(now, self._period(app) - passed, partial(self._reconcile, app))

    def _reconcile(self, app: Application, at: datetime) -> None:
        if self.applications.get(app.key) is app:
            self.compare(app, at)
            self.later(at, self._period(app), partial(self._reconcile, app))

    def _period(self, app: Application) -> float:
        """Seconds between two comparisons; those of others are many, and compared as seldom as a real server does."""
        return self._pace.reconcile_s * (3 if app.foreign else 1)

    # --- applications ----------------------------------------------------------------------------

    def add(self, app: Application, at: datetime) -> None:
        """Create an application; it is compared at once."""
        self.applications[app.key] = app
        self.changed(app, at, "ADDED")
        self.later(at, self._pace.compare_s, partial(self.compare, app))

    def settle(self, app: Application) -> None:
        """Take over an application that has been here all along, without comparing it."""
        app.resource_version, app.generation, app.written_at = self.next_version(), 12, app.health_since
        self.applications[app.key] = app

    def remove(self, app: Application, at: datetime) -> None:
        """Delete an application; what it deployed stays."""
        del self.applications[app.key]
        self.changed(app, at, "DELETED")

    def refresh(self, app: Application, how: Literal["normal", "hard"], at: datetime) -> None:
        """Ask for a comparison: it is done when `app.refresh` is None again."""
        app.refresh = how
        self.changed(app, at)
        self.later(at, self._pace.refresh_s, partial(self.compare, app))

    def changed(self, app: Application, at: datetime, event: EventType = "MODIFIED") -> None:
        """Tell those who watch."""
        app.resource_version = self.next_version()
        app.generation += 1
        app.written_at = at
        for listener in list(self.listeners):
            listener(event, app)

    def next_version(self) -> int:
        """The resourceVersion of what is written now."""
        self.resource_version += 1
        return self.resource_version

    # --- comparing -------------------------------------------------------------------------------

    def _pushed(self, branch: str, _sha: str, at: datetime) -> None:
        for app in self.applications.values():
            if not app.foreign and app.spec["source"].get("targetRevision", "HEAD") in {branch, "HEAD"}:
                self.later(at, self._pace.notice_s, partial(self.compare, app))

    def compare(self, app: Application, at: datetime, *, latest: bool = True) -> None:
        """Compare, and start what auto-sync would start.

        A change in the cluster is compared with the commit that was compared last; `reconciledAt` stays then.
        """
        if self.applications.get(app.key) is not app:
            return
        if message := self.invalid.get(app.name):
            self._is_invalid(app, message, at)
            return
        if app.foreign:
            app.sync = sync_status(app)
        else:
            previous = app.sync, app.revision
            self._load_target(app, at, latest=latest)
            wants = app.sync == "OutOfSync" and wants_sync(app, self._attempted.get(app.key))
            if wants and self.may_sync(app, at, manual=False):
                sync, revision = app.sync, app.revision
                app.sync, app.revision = previous
                prune = bool(app.automated and app.automated.get("prune"))
                self.sync(app, at, revision=revision, prune=prune, automated=True)
                app.sync, app.revision = sync, revision
        if app.refresh:
            app.hydrated, app.refresh = app.refresh, None
        if latest or app.reconciled_at is None:
            app.reconciled_at = at
        app.assess(at)
        self.changed(app, at)

    def _is_invalid(self, app: Application, message: str, at: datetime) -> None:
        if not any(condition.message == message for condition in app.conditions):
            app.conditions = (Condition("InvalidSpecError", message, at),)
        if app.health != "Unknown":
            app.health, app.health_since = "Unknown", at
        app.sync, app.revision, app.reconciled_at, app.refresh = "Unknown", "", None, None
        self.changed(app, at)

    def _load_target(self, app: Application, at: datetime, *, latest: bool) -> None:
        wanted = app.spec["source"].get("targetRevision", "HEAD")
        try:
            known = not latest and app.sync != "Unknown"
            revision, app.target = self._render(app, app.revision if known else wanted)
        except RenderError as error:
            message = CANNOT_LOAD + str(error)
            if not any(condition.message == message for condition in app.conditions):
                app.conditions = (Condition("ComparisonError", message, at),)
            app.sync, app.revision = "Unknown", wanted
            return
        app.revision, app.sync = revision, sync_status(app)
        app.conditions = sync_errors(app, self._attempted.get(app.key), at)

    def _render(self, app: Application, wanted: str) -> tuple[str, tuple[Resource, ...]]:
        revision = self._repository.resolve(wanted)
        if revision is None:
            raise RenderError(f"unable to resolve '{wanted}' to a commit SHA")
        namespace = app.spec["destination"]["namespace"]
        return revision, target_of(self._repository, revision, app.spec["source"], namespace)

    def commit(self, revision: str) -> CommitInfo | None:
        """A commit of the repository that is followed; None where there is none."""
        return self._repository.read_commit(revision) if self._repository.resolve(revision) else None

    def resolve(self, revision: str) -> str | None:
        """The commit that a revision names. One that looks like a commit is taken at its word, as by a real server."""
        looks_whole = len(revision) == 40 and all(letter in "0123456789abcdef" for letter in revision)
        return revision if looks_whole else self._repository.resolve(revision)

    def rendered(self, app: Application, revision: str) -> tuple[Resource, ...]:
        """What the application's source renders at a revision."""
        return self._render(app, revision)[1]

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
        """Start an operation, as one asks for it who wants all of a revision."""
        order = Order(revision, prune=prune, automated=automated, username=username, info=tuple(info))
        self.start(app, at, order)

    def start(self, app: Application, at: datetime, order: Order) -> None:
        """Start an operation, whatever it is."""
        if not order.dry_run and not order.resources:
            self._attempted[app.key] = order.revision
        self._operations.start(app, at, order)

    def terminate(self, app: Application, at: datetime) -> bool:
        """End the running operation before its time; False if there is none."""
        return self._operations.terminate(app, at)

    def may_sync(self, app: Application, at: datetime, *, manual: bool) -> bool:
        """Whether the sync windows let it."""
        return may_sync(self.windows_of(app), at, manual=manual)

    def windows_of(self, app: Application) -> list[Window]:
        """The sync windows that are about an application."""
        return [window for window in self.windows if window.holds_for(app.name)]

    # --- the cluster -----------------------------------------------------------------------------

    def roll_out(self, app: Application, live: Live, at: datetime) -> None:
        """Something new is in the cluster; a Deployment takes its time until it is ready, if it ever is."""
        live.version = self.next_version()
        if live.resource.kind != "Deployment":
            return
        live.health = "Progressing"
        live.message = "Waiting for rollout to finish: 0 of 1 updated replicas are available..."
        strikes = any(each.strikes(live.resource) for each in self._unwell)
        seconds = self._pace.deadline_s if strikes else self._pace.rollout_s
        self.later(at, seconds, lambda at: self._rolled_out(app, live, at, well=not strikes))

    def _rolled_out(self, app: Application, live: Live, at: datetime, *, well: bool) -> None:
        if app.live.get(live.resource.key) is not live or live.deleting:
            return
        live.health = "Healthy" if well else "Degraded"
        live.message = None if well else f'Deployment "{live.resource.name}" exceeded its progress deadline'
        app.assess(at)
        self.changed(app, at)

    def vanish(self, app: Application, live: Live, at: datetime) -> None:
        """A deletion is through."""
        if app.live.get(live.resource.key) is live:
            del app.live[live.resource.key]
            self.compare(app, at, latest=False)

    def seen(self, app: Application, at: datetime) -> None:
        """Somebody has changed what lives: it is compared soon."""
        self.later(at, self._pace.see_s, lambda at: self.compare(app, at, latest=False))

    def edited(self, app: Application, at: datetime) -> None:
        """Somebody has changed the Application itself."""
        self.changed(app, at)
        self.later(at, self._pace.compare_s, partial(self.compare, app))
        self._operations.look(app, at)
