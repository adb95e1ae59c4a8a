"""Operations: a sync from start to end, its retries and its termination.

States, order and messages are those of tests/recordings: operation-phases*. Every step is an event in the
controller's agenda. It runs only if its operation is still the current one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.apply import resource_from_manifest
from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource, RenderError
from anchor_tui.sandbox.argocd.sync_tasks import (
    CANNOT_LOAD,
    SyncOrder,
    SyncTask,
    build_task_result,
    find_unconfirmed,
    get_prune_result,
    plan_tasks,
)
from anchor_tui.sandbox.argocd.sync_windows import parse_duration
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.json_types import JsonObject
from anchor_tui.sandbox.timings import ControllerTimings

BLOCKED_BY_WINDOW = "Sync operation blocked by sync window"
FAILED_PREFIX = "one or more synchronization tasks completed unsuccessfully, reason: "
TERMINATED = "Operation terminated"
HEALTH_MESSAGES = {"ExternalSecret": "secret synced"}
POD_OWNERS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
"""Kinds whose deletion lasts until their Pods are gone."""
MAX_BACKOFF_S = 180.0


class OperationHost(Protocol):
    """The parts of the application controller that an operation needs."""

    applications: dict[tuple[str, str], ClusterApplication]
    sync_failures: dict[str, str]
    spec_errors: dict[str, str]

    def schedule(self, at: datetime, seconds: float, event_handler: Callable[[datetime], None]) -> None:
        """Call a function so many seconds after `at`."""
        ...

    def notify_changed(self, app: ClusterApplication, at: datetime) -> None:
        """Call the listeners of an application."""
        ...

    def compare_application(self, app: ClusterApplication, at: datetime) -> None:
        """Compare an application with git."""
        ...

    def render_revision(self, app: ClusterApplication, revision: str) -> tuple[RenderedResource, ...]:
        """Return the resources that a revision renders. Raises RenderError."""
        ...

    def is_sync_allowed(self, app: ClusterApplication, at: datetime, *, manual: bool) -> bool:
        """Report whether the sync windows allow a sync."""
        ...

    def roll_out(self, app: ClusterApplication, live: ClusterObject, at: datetime) -> None:
        """Start the rollout of a new or changed object."""
        ...

    def finish_deletion(self, app: ClusterApplication, live: ClusterObject, at: datetime) -> None:
        """Remove an object whose deletion is over."""
        ...


class OperationRunner:
    """The operations of all applications."""

    def __init__(self, controller: OperationHost, timings: ControllerTimings) -> None:
        self._controller = controller
        self._timings = timings
        self._results: dict[tuple[str, str], list[JsonObject]] = {}
        self._awaiting_approval: set[tuple[str, str]] = set()

    def start(self, app: ClusterApplication, at: datetime, order: SyncOrder) -> None:
        """Set the operation and remove the state of the previous one; the controller begins it soon."""
        app.operation, app.operation_state = order.build_operation(app), None
        self._results.pop(app.key, None)
        self._awaiting_approval.discard(app.key)
        self._controller.notify_changed(app, at)
        self._schedule_step(app, at, self._timings.start_operation_s, self._begin)

    def terminate(self, app: ClusterApplication, at: datetime) -> bool:
        """Terminate the operation; False if none has begun."""
        if app.operation is None or app.operation_state is None:
            return False
        app.operation_state = {**app.operation_state, "phase": "Terminating"}
        self._controller.notify_changed(app, at)
        self._schedule_step(app, at, self._timings.terminate_s, self._finish_termination, phase="Terminating")
        return True

    def resume_if_approved(self, app: ClusterApplication, at: datetime) -> None:
        """Continue an operation that waits for a change of the application."""
        if app.key in self._awaiting_approval:
            self._awaiting_approval.discard(app.key)
            self._schedule_step(app, at, self._timings.compare_s, self._try_apply)

    def _schedule_step(
        self,
        app: ClusterApplication,
        at: datetime,
        wait_s: float,
        step: Callable[[ClusterApplication, datetime], None],
        *,
        phase: str = "Running",
    ) -> None:
        operation = app.operation

        def run_step(at: datetime) -> None:
            state, exists = app.operation_state, self._controller.applications.get(app.key) is app
            if exists and app.operation is operation and (state is None or state["phase"] == phase):
                step(app, at)

        self._controller.schedule(at, wait_s, run_step)

    # --- running ---------------------------------------------------------------------------------

    def _begin(self, app: ClusterApplication, at: datetime) -> None:
        app.operation_state = {"operation": app.operation, "phase": "Running", "startedAt": format_rfc3339(at)}
        self._try_apply(app, at)

    def _try_apply(self, app: ClusterApplication, at: datetime) -> None:
        """Begin to apply, unless a sync window, an error or a confirmation prevents it."""
        sync, state = _get_sync_request(app), _get_state(app)
        if not self._controller.is_sync_allowed(app, at, manual="automated" not in state["operation"]["initiatedBy"]):
            self._hold(app, at, BLOCKED_BY_WINDOW)
            self._schedule_step(app, at, self._timings.window_retry_s, self._try_apply)
            return
        try:
            target = self._target(app)
        except RenderError as error:
            self._end_attempt(app, at, "Error", str(error), [])
            return
        started = datetime.fromisoformat(state["startedAt"])
        if message := find_unconfirmed(app, plan_tasks(app, target, sync), sync, started):
            self._awaiting_approval.add(app.key)
            self._hold(app, at, message)
            return
        self._controller.notify_changed(app, at)
        self._schedule_step(app, at, self._timings.apply_s, self._apply)

    def _hold(self, app: ClusterApplication, at: datetime, message: str) -> None:
        held = {**_get_state(app), "message": message, "syncResult": _build_sync_result(app, [])}
        if held != app.operation_state:
            app.operation_state = held
            self._controller.notify_changed(app, at)

    def _target(self, app: ClusterApplication) -> tuple[RenderedResource, ...]:
        """Return the resources of the operation's revision. Raises RenderError if it cannot be synced."""
        if message := self._controller.spec_errors.get(app.name):
            raise RenderError(f"InvalidSpecError: {message}")
        revision = _get_sync_request(app)["revision"]
        if app.foreign or (revision == app.revision and app.sync != "Unknown"):
            return app.target
        try:
            return self._controller.render_revision(app, revision)
        except RenderError as error:
            raise RenderError(f"ComparisonError: {CANNOT_LOAD}{error}") from error

    def _apply(self, app: ClusterApplication, at: datetime) -> None:
        sync = _get_sync_request(app)
        try:
            tasks = plan_tasks(app, self._target(app), sync)
        except RenderError as error:
            self._end_attempt(app, at, "Error", str(error), [])
            return
        if sync.get("dryRun"):
            results = [_build_dry_run_result(task, sync) for task in tasks]
        else:
            results = [self._prune(app, task, at) for task in tasks if task.target is None]
            results += self._apply_tasks(app, [task for task in tasks if task.target is not None], at)
            app.update_health(at)
            self._controller.notify_changed(app, at)
        self._results[app.key] = results
        self._schedule_step(app, at, self._timings.finish_s, self._finish)

    def _prune(self, app: ClusterApplication, task: SyncTask, at: datetime) -> JsonObject:
        status, message = get_prune_result(task, _get_sync_request(app))
        live = task.live
        if status == "Pruned" and live is not None and live.deleting is None:
            live.deleting, live.health, live.message = at, "Progressing", "Pending deletion"
            wait_s = (
                self._timings.delete_workload_s if live.resource.kind in POD_OWNERS else self._timings.delete_object_s
            )
            self._controller.schedule(at, wait_s, lambda at: self._controller.finish_deletion(app, live, at))
        return build_task_result(task, status, message, "Succeeded")

    def _apply_tasks(self, app: ClusterApplication, tasks: list[SyncTask], at: datetime) -> list[JsonObject]:
        """Apply the targets. If the application is to fail, the first changed one is refused."""
        failure = self._controller.sync_failures.get(app.name)
        refused = None
        if failure and tasks:
            refused = next((task for task in tasks if not task.describe_outcome().endswith(" unchanged")), tasks[0])
        results = []
        for task in tasks:
            if task is refused:
                results.append(build_task_result(task, "SyncFailed", failure or "", "Failed"))
                continue
            line = build_task_result(task, "Synced", task.describe_outcome(), "Running")
            if not task.describe_outcome().endswith(" unchanged"):
                self._apply_task(app, task, at)
            results.append(line)
        return results

    def _apply_task(self, app: ClusterApplication, task: SyncTask, at: datetime) -> None:
        target, before = task.target, task.live
        assert target is not None
        live = ClusterObject(target, message=HEALTH_MESSAGES.get(target.kind), created_at=at)
        if before and before.deleting is None:
            live.created_at, live.generation = before.created_at, before.generation + 1
            if (manifest := before.manifest_after_apply(target)) != target.manifest:
                # Fields that the cluster set stay beside the target's.
                live.resource, live.last_applied = resource_from_manifest(manifest, target.namespace), target
        app.live[target.key] = live
        self._controller.roll_out(app, live, at)

    # --- ending ----------------------------------------------------------------------------------

    def _finish(self, app: ClusterApplication, at: datetime) -> None:
        results, sync = self._results.get(app.key, []), _get_sync_request(app)
        refused = [line["message"] for line in results if line["status"] == "SyncFailed"]
        if refused:
            self._end_attempt(app, at, "Failed", FAILED_PREFIX + ",".join(refused), results)
        else:
            done = "no more tasks" if sync.get("dryRun") or not results else "all tasks run"
            self._end_attempt(app, at, "Succeeded", f"successfully synced ({done})", results)

    def _finish_termination(self, app: ClusterApplication, at: datetime) -> None:
        state = _get_state(app)
        if state.get("message") == BLOCKED_BY_WINDOW and not self._controller.is_sync_allowed(app, at, manual=True):
            # A sync window blocks the termination as well.
            self._schedule_step(app, at, self._timings.window_retry_s, self._finish_termination, phase="Terminating")
            return
        results = self._results.get(app.key) or state.get("syncResult", {}).get("resources", [])
        self._close_operation(app, at, "Failed", TERMINATED, results)

    def _end_attempt(
        self, app: ClusterApplication, at: datetime, phase: str, message: str, results: list[JsonObject]
    ) -> None:
        """End an attempt: close the operation or schedule a retry."""
        retry, count = _get_state(app)["operation"]["retry"], _get_state(app).get("retryCount", 0)
        limit = retry.get("limit", 0)
        if phase == "Succeeded" or (limit >= 0 and count >= limit):
            tried = f" (retried {count} times)." if count and phase != "Succeeded" else ""
            self._close_operation(app, at, phase, message + tried, results)
            return
        wait_s = _compute_backoff_s(retry.get("backoff", {}), count + 1)
        when = (at + timedelta(seconds=wait_s)).strftime("%I:%M%p").lstrip("0")
        app.operation_state = {
            **_get_state(app),
            "message": f"{message}. Retrying attempt #{count + 1} at {when}.",
            "syncResult": _build_sync_result(app, results),
            "finishedAt": format_rfc3339(at),
            "retryCount": count + 1,
        }
        self._controller.notify_changed(app, at)
        self._controller.schedule(at, self._timings.compare_s, lambda at: self._controller.compare_application(app, at))
        self._schedule_step(app, at, wait_s, self._retry)

    def _retry(self, app: ClusterApplication, at: datetime) -> None:
        state = {key: value for key, value in _get_state(app).items() if key != "finishedAt"}
        app.operation_state = state | {"message": f"Retrying operation. Attempt #{state['retryCount']}"}
        self._try_apply(app, at)

    def _close_operation(
        self, app: ClusterApplication, at: datetime, phase: str, message: str, results: list[JsonObject]
    ) -> None:
        state, operation = _get_state(app), app.operation
        assert operation is not None
        app.operation_state = {
            "operation": operation,
            "phase": phase,
            "message": message,
            "syncResult": _build_sync_result(app, results),
            "startedAt": state["startedAt"],
            "finishedAt": format_rfc3339(at),
            **({"retryCount": state["retryCount"]} if "retryCount" in state else {}),
        }
        app.operation = None
        self._results.pop(app.key, None)
        sync = operation["sync"]
        if phase == "Succeeded" and not sync.get("dryRun") and not sync.get("resources"):
            app.record_history(operation, datetime.fromisoformat(state["startedAt"]), at)
        self._controller.notify_changed(app, at)
        self._controller.schedule(at, self._timings.compare_s, lambda at: self._controller.compare_application(app, at))


def _get_sync_request(app: ClusterApplication) -> JsonObject:
    assert app.operation is not None
    found: JsonObject = app.operation["sync"]
    return found


def _get_state(app: ClusterApplication) -> JsonObject:
    assert app.operation_state is not None
    return app.operation_state


def _build_sync_result(app: ClusterApplication, results: list[JsonObject]) -> JsonObject:
    sync = _get_sync_request(app)
    return {
        **({"resources": results} if results else {}),
        "revision": sync["revision"],
        "source": sync["source"],
    }


def _build_dry_run_result(task: SyncTask, sync: JsonObject) -> JsonObject:
    if task.target is None:
        return build_task_result(task, *get_prune_result(task, sync), "Succeeded")
    return build_task_result(task, "Synced", f"{task.describe_outcome()} (dry run)", "Succeeded")


def _compute_backoff_s(backoff: Mapping[str, Any], attempt: int) -> float:
    """Return the wait before an attempt: 10 s before the first for `5s` and factor 2, as on a real server."""
    most = parse_duration(backoff["maxDuration"]) if backoff.get("maxDuration") else MAX_BACKOFF_S
    factor = float(backoff.get("factor", 2))
    return min(most, parse_duration(backoff.get("duration") or "5s") * factor**attempt)
