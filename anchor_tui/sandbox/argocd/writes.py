"""The writes of Argo CD's API: sync, terminate and patch, with the checks of a real server in its order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.argocd.request_bodies import parse_body
from anchor_tui.sandbox.argocd.responses import GrpcError
from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.argocd.sessions import ArgoCDSession
from anchor_tui.sandbox.argocd.sync_tasks import SyncOrder
from anchor_tui.sandbox.clock import Clock
from anchor_tui.sandbox.json_types import JsonObject

SYNC_FIELDS: dict[str, type] = {
    "revision": str,
    "dryRun": bool,
    "prune": bool,
    "resources": list,
    "syncOptions": dict,
    "retryStrategy": dict,
    "infos": list,
    "appNamespace": str,
    "project": str,
}
PATCH_FIELDS: dict[str, type] = {"patch": str, "patchType": str, "appNamespace": str, "project": str}
BUSY = "another operation is already in progress"
NO_OPERATION = "Unable to terminate operation. No operation is in progress"
FindApplication = Callable[[str, str, str], ClusterApplication]
"""Name, namespace, project → application. Raises GrpcError if it does not exist."""


class ApplicationWrites:
    """The part of the API that changes applications."""

    def __init__(self, controller: ApplicationController, clock: Clock, find: FindApplication) -> None:
        self._controller = controller
        self._clock = clock
        self._find = find

    def sync_application(self, session: Callable[[], ArgoCDSession], name: str, body: bytes) -> JsonObject:
        """POST …/sync. The response has the operation, without its state."""
        fields = parse_body(body, "ApplicationSyncRequest", SYNC_FIELDS)
        account, app, now = session(), self._find_requested(name, fields), self._clock.now()
        if not self._controller.is_sync_allowed(app, now, manual=True):
            raise GrpcError(7, "cannot sync: blocked by sync window")
        if not account.is_allowed("applications", "sync", app.rbac_name):
            raise GrpcError(7, account.build_denial("applications", "sync", app.rbac_name))
        if app.deleted_at is not None:
            raise GrpcError(9, "application is deleting")
        revision = self._resolve_revision(app, fields)
        if app.is_busy:
            raise GrpcError(9, BUSY)
        options = fields.get("syncOptions")
        self._controller.start_operation(
            app,
            now,
            SyncOrder(
                revision,
                prune=fields.get("prune", False),
                dry_run=fields.get("dryRun", False),
                username=account.username,
                resources=tuple(_drop_empty(resource) for resource in fields.get("resources", ())),
                options=None if options is None else tuple(options.get("items") or ()),
                retry=fields.get("retryStrategy"),
                info=tuple(
                    {key: str(info.get(key, "")) for key in ("name", "value")} for info in fields.get("infos", ())
                ),
            ),
        )
        return serialize_application(app, with_health=False)

    def _resolve_revision(self, app: ClusterApplication, fields: Mapping[str, Any]) -> str:
        """Return the commit to sync to.

        With auto-sync on, another revision than its own is refused, except for a dry run.
        """
        target_revision = app.spec["source"].get("targetRevision") or "HEAD"
        wanted = fields.get("revision") or target_revision
        if wanted != target_revision and app.automated is not None and not fields.get("dryRun"):
            raise GrpcError(9, f"Cannot sync to {wanted}: auto-sync currently set to {target_revision}")
        if app.foreign:
            return app.revision
        found = self._controller.resolve_revision(wanted)
        if found is None:
            reason = f"rpc error: code = Unknown desc = unable to resolve '{wanted}' to a commit SHA"
            raise GrpcError(9, f"error resolving repo revision: {reason}")
        return found

    def terminate_operation(
        self, session: Callable[[], ArgoCDSession], name: str, query: Mapping[str, str]
    ) -> JsonObject:
        """DELETE …/operation."""
        account, app = session(), self._find_requested(name, query)
        if not account.is_allowed("applications", "sync", app.rbac_name):
            raise GrpcError(7, "permission denied")
        if not self._controller.terminate_operation(app, self._clock.now()):
            raise GrpcError(3, NO_OPERATION)
        return {}

    def patch_application(self, session: Callable[[], ArgoCDSession], name: str, body: bytes) -> JsonObject:
        """PATCH …/{name}: a merge patch of labels, annotations and spec; other fields are ignored."""
        fields = parse_body(body, "ApplicationPatchRequest", PATCH_FIELDS)
        account, app = session(), self._find_requested(name, fields)
        if not account.is_allowed("applications", "update", app.rbac_name):
            raise GrpcError(7, account.build_denial("applications", "update", app.rbac_name))
        if fields.get("patchType") != "merge":
            raise GrpcError(3, "Patch type '" + fields.get("patchType", "") + "' is not supported here")
        try:
            change = json.loads(fields.get("patch", ""))
            metadata, spec = change.get("metadata") or {}, change.get("spec") or {}
        except (ValueError, AttributeError) as error:
            raise GrpcError(2, "error calculating merge patch: Invalid JSON Patch") from error
        if (project := spec.get("project", app.project)) != app.project:
            raise GrpcError(7, account.build_denial("applications", "create", f"{project}/{app.name}"))
        app.patch(metadata, spec)
        self._controller.on_application_edit(app, self._clock.now())
        return serialize_application(app, with_health=False)

    def _find_requested(self, name: str, fields: Mapping[str, Any]) -> ClusterApplication:
        return self._find(name, fields.get("appNamespace") or "", fields.get("project") or "")


def _drop_empty(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item}
