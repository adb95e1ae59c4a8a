"""Operations: a sync from start to end, its retries and its termination.

States, order and messages are those of tests/recordings: operation-phases*. Every step is an event in the
controller's agenda. It runs only if its operation is still the current one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource, RenderError
from anchor_tui.sandbox.argocd.operation_host import OperationHost
from anchor_tui.sandbox.argocd.sync_tasks import CANNOT_LOAD, SyncOrder, find_unconfirmed, plan_tasks
from anchor_tui.sandbox.argocd.sync_windows import parse_duration
from anchor_tui.sandbox.argocd.task_execution import TaskExecutor, build_dry_run_result
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.json_types import JsonObject
from anchor_tui.sandbox.timings import ControllerTimings

BLOCKED_BY_WINDOW = "Sync operation blocked by sync window"
FAILED_PREFIX = "one or more synchronization tasks completed unsuccessfully, reason: "
TERMINATED = "Operation terminated"
MAX_BACKOFF_S = 180.0


class OperationRunner:
    """The operations of all applications."""

    def __init__(self, controller: OperationHost, timings: ControllerTimings) -> None:
        self._controller = controller
        self._timings = timings
        self._executor = TaskExecutor(controller, timings)
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
            results = [build_dry_run_result(task, sync) for task in tasks]
        else:
            results = self._executor.execute_tasks(app, tasks, sync, at)
            app.update_health(at)
            self._controller.notify_changed(app, at)
        self._results[app.key] = results
        self._schedule_step(app, at, self._timings.finish_s, self._finish)

    # --- ending ----------------------------------------------------------------------------------

    def _finish(self, app: ClusterApplication, at: datetime) -> None:
        results, sync = self._results.get(app.key, []), _get_sync_request(app)
        if any(line.get("hookType") and line["hookPhase"] == "Failed" for line in results):
            self._end_attempt(app, at, "Failed", FAILED_PREFIX.partition(",")[0], results)
            return
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


def _compute_backoff_s(backoff: Mapping[str, Any], attempt: int) -> float:
    """Return the wait before an attempt: 10 s before the first for `5s` and factor 2, as on a real server."""
    most = parse_duration(backoff["maxDuration"]) if backoff.get("maxDuration") else MAX_BACKOFF_S
    factor = float(backoff.get("factor", 2))
    return min(most, parse_duration(backoff.get("duration") or "5s") * factor**attempt)
