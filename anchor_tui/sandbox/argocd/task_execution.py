"""The execution of a sync's tasks: objects are applied to the cluster or pruned from it."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.apply import resource_from_manifest
from anchor_tui.sandbox.argocd.operation_host import OperationHost
from anchor_tui.sandbox.argocd.sync_tasks import SyncTask, build_task_result, get_prune_result
from anchor_tui.sandbox.json_types import JsonObject
from anchor_tui.sandbox.timings import ControllerTimings

HEALTH_MESSAGES = {"ExternalSecret": "secret synced"}
POD_OWNERS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
"""Kinds whose deletion lasts until their Pods are gone."""


class TaskExecutor:
    """Executes the tasks of all applications."""

    def __init__(self, controller: OperationHost, timings: ControllerTimings) -> None:
        self._controller = controller
        self._timings = timings

    def execute_tasks(
        self, app: ClusterApplication, tasks: list[SyncTask], sync: JsonObject, at: datetime
    ) -> list[JsonObject]:
        """Prune and apply objects, and return the entries of `syncResult.resources`."""
        if hook := self._controller.failing_hooks.get(app.name):
            return [self._run_failing_hook(app, hook, at)]
        results = [self._prune(app, task, sync, at) for task in tasks if task.target is None]
        return results + self._apply_tasks(app, [task for task in tasks if task.target is not None], at)

    def _run_failing_hook(self, app: ClusterApplication, name: str, at: datetime) -> JsonObject:
        """Run a PreSync hook Job that fails. Its Job stays in the cluster, as with `HookFailed` deletion only."""
        image = next((image for image in app.images if "gateway" in image), "ghcr.io/anchor/anchor-gateway:1")
        container = {"name": "migrate", "image": image, "command": ["/app/migrate"]}
        manifest = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "annotations": {"argocd.argoproj.io/hook": "PreSync"}},
            "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
        }
        namespace = str(app.spec["destination"]["namespace"])
        job = resource_from_manifest(manifest, namespace)
        message = "Job has reached the specified backoff limit"
        app.live[job.key] = ClusterObject(job, "Degraded", message, created_at=at)
        task = SyncTask(job, None)
        line = build_task_result(task, "Synced", message, "Failed")
        return line | {"hookType": "PreSync", "syncPhase": "PreSync"}

    def _prune(self, app: ClusterApplication, task: SyncTask, sync: JsonObject, at: datetime) -> JsonObject:
        status, message = get_prune_result(task, sync)
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


def build_dry_run_result(task: SyncTask, sync: JsonObject) -> JsonObject:
    """Return the entry of `syncResult.resources` for a task of a dry run."""
    if task.target is None:
        return build_task_result(task, *get_prune_result(task, sync), "Succeeded")
    return build_task_result(task, "Synced", f"{task.describe_outcome()} (dry run)", "Succeeded")
