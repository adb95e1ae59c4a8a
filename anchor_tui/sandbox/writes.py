"""What may be changed through Argo CD's API: sync, terminate and patch, refused in the order of a real server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from anchor_tui.sandbox.answers import ApiError
from anchor_tui.sandbox.applications import Application
from anchor_tui.sandbox.clock import Clock
from anchor_tui.sandbox.controller import Controller
from anchor_tui.sandbox.documents import Document, application_document
from anchor_tui.sandbox.requests import merge_patch, parse
from anchor_tui.sandbox.sessions import Session
from anchor_tui.sandbox.tasks import Order

SYNC_FIELDS: dict[str, type] = {
    "revision": str,
    "dryRun": bool,
    "prune": bool,
    "strategy": dict,
    "resources": list,
    "syncOptions": dict,
    "retryStrategy": dict,
    "infos": list,
    "appNamespace": str,
    "project": str,
}
PATCH_FIELDS: dict[str, type] = {"patch": str, "patchType": str, "appNamespace": str, "project": str}
BUSY = "another operation is already in progress"
NONE_RUNS = "Unable to terminate operation. No operation is in progress"
Find = Callable[[str, str, str], Application]
"""Name, namespace, project → application; ApiError where there is none."""


class Writes:
    """The writing half of the API."""

    def __init__(self, controller: Controller, clock: Clock, find: Find) -> None:
        self._controller = controller
        self._clock = clock
        self._find = find

    def sync(self, session: Callable[[], Session], name: str, body: bytes) -> Document:
        """POST …/sync. The answer has the operation, and no state of it yet."""
        asked = parse(body, "ApplicationSyncRequest", SYNC_FIELDS)
        who, app, now = session(), self._app(name, asked), self._clock.now()
        if not self._controller.may_sync(app, now, manual=True):
            raise ApiError(7, "cannot sync: blocked by sync window")
        if not who.may("applications", "sync", app.rbac_name):
            raise ApiError(7, who.denial("applications", "sync", app.rbac_name))
        if app.deleted_at is not None:
            raise ApiError(9, "application is deleting")
        revision = self._revision(app, asked)
        if app.is_busy:
            raise ApiError(9, BUSY)
        options = asked.get("syncOptions")
        self._controller.start(
            app,
            now,
            Order(
                revision,
                prune=asked.get("prune", False),
                dry_run=asked.get("dryRun", False),
                username=who.username,
                resources=tuple(_without_empty(each) for each in asked.get("resources", ())),
                options=None if options is None else tuple(options.get("items") or ()),
                strategy=_strategy(asked["strategy"]) if asked.get("strategy") else None,
                retry=asked.get("retryStrategy"),
                info=tuple(
                    {key: str(each.get(key, "")) for key in ("name", "value")} for each in asked.get("infos", ())
                ),
            ),
        )
        return application_document(app, with_health=False)

    def _revision(self, app: Application, asked: Mapping[str, Any]) -> str:
        """The commit to sync to. Another than auto-sync's own is refused, but for a dry run."""
        own = app.spec["source"].get("targetRevision") or "HEAD"
        wanted = asked.get("revision") or own
        if wanted != own and app.automated is not None and not asked.get("dryRun"):
            raise ApiError(9, f"Cannot sync to {wanted}: auto-sync currently set to {own}")
        if app.foreign:
            return app.revision
        found = self._controller.resolve(wanted)
        if found is None:
            reason = f"rpc error: code = Unknown desc = unable to resolve '{wanted}' to a commit SHA"
            raise ApiError(9, f"error resolving repo revision: {reason}")
        return found

    def terminate(self, session: Callable[[], Session], name: str, query: Mapping[str, str]) -> Document:
        """DELETE …/operation."""
        who, app = session(), self._app(name, query)
        if not who.may("applications", "sync", app.rbac_name):
            raise ApiError(7, "permission denied")
        if not self._controller.terminate(app, self._clock.now()):
            raise ApiError(3, NONE_RUNS)
        return {}

    def patch(self, session: Callable[[], Session], name: str, body: bytes) -> Document:
        """PATCH …/{name}: a merge patch of labels, annotations and the spec; anything else of it is ignored."""
        asked = parse(body, "ApplicationPatchRequest", PATCH_FIELDS)
        who, app = session(), self._app(name, asked)
        if not who.may("applications", "update", app.rbac_name):
            raise ApiError(7, who.denial("applications", "update", app.rbac_name))
        if asked.get("patchType") != "merge":
            raise ApiError(3, "Patch type '" + asked.get("patchType", "") + "' is not supported here")
        try:
            change = json.loads(asked.get("patch", ""))
            metadata, spec = change.get("metadata") or {}, change.get("spec") or {}
        except (ValueError, AttributeError) as error:
            raise ApiError(2, "error calculating merge patch: Invalid JSON Patch") from error
        if (project := spec.get("project", app.project)) != app.project:
            raise ApiError(7, who.denial("applications", "create", f"{project}/{app.name}"))
        app.spec = merge_patch(app.spec, spec)
        app.labels = merge_patch(app.labels, metadata.get("labels") or {})
        app.annotations = merge_patch(app.annotations, metadata.get("annotations") or {})
        self._controller.edited(app, self._clock.now())
        return application_document(app, with_health=False)

    def _app(self, name: str, asked: Mapping[str, Any]) -> Application:
        return self._find(name, asked.get("appNamespace") or "", asked.get("project") or "")


def _strategy(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _without_empty(asked[name] or {}) for name in ("apply", "hook") if name in asked}


def _without_empty(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in value.items() if each}
