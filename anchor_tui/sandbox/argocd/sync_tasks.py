"""The tasks of a sync, their results, and the confirmation that some need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource
from anchor_tui.sandbox.argocd.sync_options import get_prune_option
from anchor_tui.sandbox.json_types import JsonObject

APPROVAL_ANNOTATION = "argocd.argoproj.io/deletion-approved"
CANNOT_LOAD = (
    "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = "
)


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """A requested sync. `options` and `retry` of None mean the application's own."""

    revision: str
    prune: bool = False
    dry_run: bool = False
    automated: bool = False
    username: str | None = None
    resources: tuple[Mapping[str, str], ...] = ()
    options: tuple[str, ...] | None = None
    retry: Mapping[str, Any] | None = None
    info: tuple[Mapping[str, str], ...] = ()

    def build_operation(self, app: ClusterApplication) -> JsonObject:
        """Return the `operation` for the application."""
        request: JsonObject = {"revision": self.revision}
        if self.prune:
            request["prune"] = True
        if self.dry_run:
            request["dryRun"] = True
        if self.resources:
            request["resources"] = [dict(resource) for resource in self.resources]
        request["source"] = app.spec["source"]
        if options := app.sync_options if self.options is None else self.options:
            request["syncOptions"] = list(options)
        operation: JsonObject = {
            "sync": request,
            "initiatedBy": {"automated": True} if self.automated else {"username": self.username},
        }
        if self.info:
            operation["info"] = [dict(info) for info in self.info]
        default_retry = app.spec.get("syncPolicy", {}).get("retry", {"limit": 5} if self.automated else {})
        operation["retry"] = dict(default_retry if self.retry is None else self.retry)
        return operation


@dataclass(frozen=True, slots=True)
class SyncTask:
    """One resource of a sync. `target` is None if it is to be pruned; `live` is None if it is to be created."""

    target: RenderedResource | None
    live: ClusterObject | None

    @property
    def resource(self) -> RenderedResource:
        """The target, otherwise the live resource."""
        found = self.target or (self.live.resource if self.live else None)
        assert found is not None
        return found

    @property
    def title(self) -> str:
        """The name in messages: `/Service/status-mock`, `apps/Deployment/status-mock`."""
        resource = self.resource
        return f"{resource.group}/{resource.kind}/{resource.name}"

    def describe_outcome(self) -> str:
        """Return the output of an apply: `deployment.apps/anchor-web configured`."""
        resource = self.resource
        kind = ".".join(filter(None, (resource.kind.lower(), resource.group)))
        if self.live is None or self.live.deleting:
            verb = "created" if self.live is None else "configured"
        else:
            verb = "unchanged" if self.target and self.live.matches_target(self.target) else "configured"
        return f"{kind}/{resource.name} {verb}"


def plan_tasks(app: ClusterApplication, target: Iterable[RenderedResource], sync: Mapping[str, Any]) -> list[SyncTask]:
    """Return the tasks of a sync, prunes first; hooks are not included."""
    wanted = {resource.key: resource for resource in target}
    stale = [SyncTask(None, live) for key, live in sorted(app.live.items()) if key not in wanted and not live.is_hook]
    found = stale + [SyncTask(resource, app.live.get(key)) for key, resource in wanted.items()]
    chosen = sync.get("resources")
    return (
        found
        if not chosen
        else [task for task in found if any(_selects_resource(selection, task.resource) for selection in chosen)]
    )


def _selects_resource(chosen: Mapping[str, str], resource: RenderedResource) -> bool:
    return (
        chosen.get("kind", "") == resource.kind
        and chosen.get("name", "") == resource.name
        and chosen.get("group", "") == resource.group
        and chosen.get("namespace", "") in {"", resource.namespace}
    )


def find_unconfirmed(
    app: ClusterApplication, tasks: Iterable[SyncTask], sync: Mapping[str, Any], started_at: datetime
) -> str | None:
    """Return the message of an operation that waits for a confirmation, otherwise None.

    It waits without prune and as a dry run, too, until the application is annotated.
    """
    asking = [
        task.title
        for task in tasks
        if task.target is None
        and task.live is not None
        and get_prune_option(task.live.resource.manifest, sync.get("syncOptions", ())) == "confirm"
    ]
    if not asking or _is_approved(app, started_at):
        return None
    more = f" and {len(asking) - 1} more resources" if len(asking) > 1 else ""
    return f"waiting for pruning confirmation of {asking[0]}{more}"


def _is_approved(app: ClusterApplication, started_at: datetime) -> bool:
    try:
        approved = datetime.fromisoformat(app.annotations.get(APPROVAL_ANNOTATION, ""))
    except ValueError:
        return False
    # The start of an operation has whole seconds only.
    return approved.tzinfo is not None and approved >= started_at.replace(microsecond=0)


def get_prune_result(task: SyncTask, sync: Mapping[str, Any]) -> tuple[str, str]:
    """Return status and message of a prune task."""
    assert task.live is not None
    if not sync.get("prune"):
        return "PruneSkipped", "ignored (requires pruning)"
    if get_prune_option(task.live.resource.manifest, sync.get("syncOptions", ())) == "false":
        return "PruneSkipped", "ignored (no prune)"
    return "Pruned", "pruned (dry run)" if sync.get("dryRun") else "pruned"


def build_task_result(task: SyncTask, status: str, message: str, hook_phase: str) -> JsonObject:
    """Return one entry of `syncResult.resources`."""
    resource = task.resource
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
