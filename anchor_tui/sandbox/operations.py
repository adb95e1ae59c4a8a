"""Operations: a sync from its beginning to its end, its retries, and its termination.

The states, their order and their words are those of tests/recordings: operation-phases*. Every step is due in the
controller's agenda, and happens only if the operation is still the one that it was made for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from anchor_tui.sandbox.applications import Application, Live
from anchor_tui.sandbox.applying import resource_of
from anchor_tui.sandbox.clock import rfc3339
from anchor_tui.sandbox.pace import Pace
from anchor_tui.sandbox.render import RenderError, Resource
from anchor_tui.sandbox.tasks import CANNOT_LOAD, Order, Task, prune_result, result, tasks_of, unconfirmed
from anchor_tui.sandbox.windows import seconds

if TYPE_CHECKING:
    from anchor_tui.sandbox.controller import Controller

BLOCKED = "Sync operation blocked by sync window"
FAILED = "one or more synchronization tasks completed unsuccessfully, reason: "
TERMINATED = "Operation terminated"
HEALTH_MESSAGES = {"ExternalSecret": "secret synced"}
OWNERS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
"""What is gone only when its Pods are."""
MAX_BACKOFF_S = 180.0
Document = dict[str, Any]


class Operations:
    """What becomes of an application's operation."""

    def __init__(self, controller: Controller, pace: Pace) -> None:
        self._controller = controller
        self._pace = pace
        self._results: dict[tuple[str, str], list[Document]] = {}
        self._asking: set[tuple[str, str]] = set()

    def start(self, app: Application, at: datetime, order: Order) -> None:
        """Set the operation. The old one's state is gone at once; the controller takes this one up soon."""
        app.operation, app.operation_state = order.operation(app), None
        self._results.pop(app.key, None)
        self._asking.discard(app.key)
        self._controller.changed(app, at)
        self._then(app, at, self._pace.take_s, self._take)

    def terminate(self, app: Application, at: datetime) -> bool:
        """End the operation before its time; False if none has begun."""
        if app.operation is None or app.operation_state is None:
            return False
        app.operation_state = {**app.operation_state, "phase": "Terminating"}
        self._controller.changed(app, at)
        self._then(app, at, self._pace.terminate_s, self._terminated, phase="Terminating")
        return True

    def look(self, app: Application, at: datetime) -> None:
        """The application has changed: go on, if that is what its operation waits for."""
        if app.key in self._asking:
            self._asking.discard(app.key)
            self._then(app, at, self._pace.compare_s, self._go)

    def _then(
        self,
        app: Application,
        at: datetime,
        wait_s: float,
        step: Callable[[Application, datetime], None],
        *,
        phase: str = "Running",
    ) -> None:
        operation = app.operation

        def happen(at: datetime) -> None:
            state, there = app.operation_state, self._controller.applications.get(app.key) is app
            if there and app.operation is operation and (state is None or state["phase"] == phase):
                step(app, at)

        self._controller.later(at, wait_s, happen)

    # --- running ---------------------------------------------------------------------------------

    def _take(self, app: Application, at: datetime) -> None:
        app.operation_state = {"operation": app.operation, "phase": "Running", "startedAt": rfc3339(at)}
        self._go(app, at)

    def _go(self, app: Application, at: datetime) -> None:
        """Begin to apply, unless something stands in the way."""
        sync, state = _sync(app), _state(app)
        if not self._controller.may_sync(app, at, manual="automated" not in state["operation"]["initiatedBy"]):
            self._hold(app, at, BLOCKED)
            self._then(app, at, self._pace.blocked_s, self._go)
            return
        try:
            target = self._target(app)
        except RenderError as error:
            self._end(app, at, "Error", str(error), [])
            return
        started = datetime.fromisoformat(state["startedAt"])
        if message := unconfirmed(app, tasks_of(app, target, sync), sync, started):
            self._asking.add(app.key)
            self._hold(app, at, message)
            return
        self._controller.changed(app, at)
        self._then(app, at, self._pace.apply_s, self._apply)

    def _hold(self, app: Application, at: datetime, message: str) -> None:
        held = {**_state(app), "message": message, "syncResult": _sync_result(app, [])}
        if held != app.operation_state:
            app.operation_state = held
            self._controller.changed(app, at)

    def _target(self, app: Application) -> tuple[Resource, ...]:
        """What the operation's revision renders; RenderError where nothing can be synced."""
        if message := self._controller.invalid.get(app.name):
            raise RenderError(f"InvalidSpecError: {message}")
        revision = _sync(app)["revision"]
        if app.foreign or (revision == app.revision and app.sync != "Unknown"):
            return app.target
        try:
            return self._controller.rendered(app, revision)
        except RenderError as error:
            raise RenderError(f"ComparisonError: {CANNOT_LOAD}{error}") from error

    def _apply(self, app: Application, at: datetime) -> None:
        sync = _sync(app)
        try:
            tasks = tasks_of(app, self._target(app), sync)
        except RenderError as error:
            self._end(app, at, "Error", str(error), [])
            return
        if sync.get("dryRun"):
            results = [_dry_result(task, sync) for task in tasks]
        else:
            results = [self._prune(app, task, at) for task in tasks if task.target is None]
            results += self._put_all(app, [task for task in tasks if task.target is not None], at)
            app.assess(at)
            self._controller.changed(app, at)
        self._results[app.key] = results
        self._then(app, at, self._pace.finish_s, self._finish)

    def _prune(self, app: Application, task: Task, at: datetime) -> Document:
        status, message = prune_result(task, _sync(app))
        live = task.live
        if status == "Pruned" and live is not None and live.deleting is None:
            live.deleting, live.health, live.message = at, "Progressing", "Pending deletion"
            wait_s = self._pace.prune_s if live.resource.kind in OWNERS else self._pace.vanish_s
            self._controller.later(at, wait_s, lambda at: self._controller.vanish(app, live, at))
        return result(task, status, message, "Succeeded")

    def _put_all(self, app: Application, tasks: list[Task], at: datetime) -> list[Document]:
        """Apply what git wants; where the application is to fail, the first of what differs is refused."""
        failure = self._controller.failing.get(app.name)
        refused = None
        if failure and tasks:
            refused = next((task for task in tasks if not task.outcome().endswith(" unchanged")), tasks[0])
        results = []
        for task in tasks:
            if task is refused:
                results.append(result(task, "SyncFailed", failure or "", "Failed"))
                continue
            line = result(task, "Synced", task.outcome(), "Running")
            if not task.outcome().endswith(" unchanged"):
                self._put(app, task, at)
            results.append(line)
        return results

    def _put(self, app: Application, task: Task, at: datetime) -> None:
        target, before = task.target, task.live
        assert target is not None
        live = Live(target, message=HEALTH_MESSAGES.get(target.kind), created_at=at)
        if before and before.deleting is None:
            live.created_at, live.generation = before.created_at, before.generation + 1
            if (manifest := before.after(target)) != target.manifest:
                # Something of the cluster's own stays beside what git wants.
                live.resource, live.applied = resource_of(manifest, target.namespace), target
        app.live[target.key] = live
        self._controller.roll_out(app, live, at)

    # --- ending ----------------------------------------------------------------------------------

    def _finish(self, app: Application, at: datetime) -> None:
        results, sync = self._results.get(app.key, []), _sync(app)
        refused = [line["message"] for line in results if line["status"] == "SyncFailed"]
        if refused:
            self._end(app, at, "Failed", FAILED + ",".join(refused), results)
        else:
            done = "no more tasks" if sync.get("dryRun") or not results else "all tasks run"
            self._end(app, at, "Succeeded", f"successfully synced ({done})", results)

    def _terminated(self, app: Application, at: datetime) -> None:
        state = _state(app)
        if state.get("message") == BLOCKED and not self._controller.may_sync(app, at, manual=True):
            # A window holds its termination, too.
            self._then(app, at, self._pace.blocked_s, self._terminated, phase="Terminating")
            return
        results = self._results.get(app.key) or state.get("syncResult", {}).get("resources", [])
        self._close(app, at, "Failed", TERMINATED, results)

    def _end(self, app: Application, at: datetime, phase: str, message: str, results: list[Document]) -> None:
        """The end of one attempt."""
        retry, count = _state(app)["operation"]["retry"], _state(app).get("retryCount", 0)
        limit = retry.get("limit", 0)
        if phase == "Succeeded" or (limit >= 0 and count >= limit):
            tried = f" (retried {count} times)." if count and phase != "Succeeded" else ""
            self._close(app, at, phase, message + tried, results)
            return
        wait_s = _backoff_s(retry.get("backoff", {}), count + 1)
        when = self._controller.moment(at, wait_s).strftime("%I:%M%p").lstrip("0")
        app.operation_state = {
            **_state(app),
            "message": f"{message}. Retrying attempt #{count + 1} at {when}.",
            "syncResult": _sync_result(app, results),
            "finishedAt": rfc3339(at),
            "retryCount": count + 1,
        }
        self._controller.changed(app, at)
        self._controller.later(at, self._pace.compare_s, lambda at: self._controller.compare(app, at))
        self._then(app, at, wait_s, self._again)

    def _again(self, app: Application, at: datetime) -> None:
        state = {key: value for key, value in _state(app).items() if key != "finishedAt"}
        app.operation_state = state | {"message": f"Retrying operation. Attempt #{state['retryCount']}"}
        self._go(app, at)

    def _close(self, app: Application, at: datetime, phase: str, message: str, results: list[Document]) -> None:
        state, operation = _state(app), app.operation
        assert operation is not None
        app.operation_state = {
            "operation": operation,
            "phase": phase,
            "message": message,
            "syncResult": _sync_result(app, results),
            "startedAt": state["startedAt"],
            "finishedAt": rfc3339(at),
            **({"retryCount": state["retryCount"]} if "retryCount" in state else {}),
        }
        app.operation = None
        self._results.pop(app.key, None)
        sync = operation["sync"]
        if phase == "Succeeded" and not sync.get("dryRun") and not sync.get("resources"):
            app.record(operation, datetime.fromisoformat(state["startedAt"]), at)
        self._controller.changed(app, at)
        self._controller.later(at, self._pace.compare_s, lambda at: self._controller.compare(app, at))


def _sync(app: Application) -> Document:
    assert app.operation is not None
    found: Document = app.operation["sync"]
    return found


def _state(app: Application) -> Document:
    assert app.operation_state is not None
    return app.operation_state


def _sync_result(app: Application, results: list[Document]) -> Document:
    sync = _sync(app)
    return {
        **({"resources": results} if results else {}),
        "revision": sync["revision"],
        "source": sync["source"],
    }


def _dry_result(task: Task, sync: Document) -> Document:
    if task.target is None:
        return result(task, *prune_result(task, sync), "Succeeded")
    return result(task, "Synced", f"{task.outcome()} (dry run)", "Succeeded")


def _backoff_s(backoff: Mapping[str, Any], attempt: int) -> float:
    """How long to wait before an attempt: 10 s before the first of `5s` by 2, as a real one does."""
    most = seconds(backoff["maxDuration"]) if backoff.get("maxDuration") else MAX_BACKOFF_S
    factor = float(backoff.get("factor", 2))
    return min(most, seconds(backoff.get("duration") or "5s") * factor**attempt)
