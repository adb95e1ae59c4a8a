"""Manual changes to the cluster, outside of git and Argo CD: stale objects and drift.

    box.kubectl.edit_object("anchor-msp-prod", "Deployment", "anchor-web", "spec.replicas", 3)
    box.kubectl.apply_object("anchor-msp-staging", config_map, {"argocd.argoproj.io/sync-options": "Prune=false"})

Argo CD notices a change after `ControllerTimings.notice_change_s`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.apply import apply_merge_patch, resource_from_manifest
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.clock import Clock

Manifest = Mapping[str, Any]
CallInLoop = Callable[[Callable[[], None]], None]


class Kubectl:
    """A client with rights to the cluster. Applications outside of Argo CD's namespace are named `namespace/name`."""

    def __init__(
        self, controller: ApplicationController, clock: Clock, call: CallInLoop = lambda function: function()
    ) -> None:
        self._controller = controller
        self._clock = clock
        self._call = call

    def break_hook(self, application: str, job: str) -> None:
        """Let the PreSync hook Job of an application fail from now on."""
        self._controller.failing_hooks[application] = job

    def apply_object(self, application: str, manifest: Manifest, annotations: Mapping[str, str] | None = None) -> None:
        """Create or replace an object. The application tracks it as if it had created it."""
        metadata = dict(manifest["metadata"])
        if annotations:
            metadata["annotations"] = {**metadata.get("annotations", {}), **annotations}

        def add_object(app: ClusterApplication) -> None:
            resource = resource_from_manifest({**manifest, "metadata": metadata}, app.spec["destination"]["namespace"])
            live = ClusterObject(resource, created_at=self._clock.now())
            app.live[resource.key] = live
            self._controller.roll_out(app, live, self._clock.now())

        self._change_cluster(application, add_object)

    def edit_object(self, application: str, kind: str, name: str, path: str, value: object) -> None:
        """Set the value at a dotted path; None removes it. A part of the path is a key, or the name of a list item."""
        self._replace_object(application, kind, name, lambda manifest: _set_path(manifest, path.split("."), value))

    def annotate_object(self, application: str, kind: str, name: str, annotations: Mapping[str, str | None]) -> None:
        """Set annotations of an object; None removes one."""
        self._replace_object(
            application, kind, name, lambda found: apply_merge_patch(found, {"metadata": {"annotations": annotations}})
        )

    def delete_object(self, application: str, kind: str, name: str) -> None:
        """Delete an object."""

        def delete_live_object(app: ClusterApplication) -> None:
            live = _find_live_object(app, kind, name)
            del app.live[live.resource.key]

        self._change_cluster(application, delete_live_object)

    def patch_application(self, application: str, patch: Mapping[str, Any]) -> None:
        """Patch the Application itself: `metadata` and `spec`, as a merge patch."""

        def patch_spec() -> None:
            app = self._find_application(application)
            app.patch(patch.get("metadata", {}), patch.get("spec", {}))
            self._controller.on_application_edit(app, self._clock.now())

        self._call(patch_spec)

    def _replace_object(
        self, application: str, kind: str, name: str, change: Callable[[Manifest], dict[str, Any]]
    ) -> None:
        def replace_object(app: ClusterApplication) -> None:
            live = _find_live_object(app, kind, name)
            before, after = live.resource.manifest, change(live.resource.manifest)
            live.last_applied = live.last_applied or live.resource
            live.resource = resource_from_manifest(after, live.resource.namespace)
            if before.get("spec") == after.get("spec"):
                live.version = self._controller.next_version()
                return
            live.generation += 1
            self._controller.roll_out(app, live, self._clock.now())

        self._change_cluster(application, replace_object)

    def _change_cluster(self, application: str, change: Callable[[ClusterApplication], None]) -> None:
        def run_change() -> None:
            app = self._find_application(application)
            change(app)
            self._controller.on_cluster_change(app, self._clock.now())

        self._call(run_change)

    def _find_application(self, name: str) -> ClusterApplication:
        namespace, _, short = name.rpartition("/")
        return self._controller.applications[namespace or "argocd", short]


def _find_live_object(app: ClusterApplication, kind: str, name: str) -> ClusterObject:
    found = (live for live in app.live.values() if (live.resource.kind, live.resource.name) == (kind, name))
    live = next(found, None)
    if live is None:
        raise LookupError(f"{app.name} has no {kind} {name}")
    return live


def _set_path(value: Any, path: list[str], new: object) -> Any:  # noqa: ANN401 - JSON
    """Return a copy with one value changed."""
    part, below = path[0], path[1:]
    changed = copy.copy(value)
    if isinstance(value, list):
        place = next(index for index, item in enumerate(value) if item.get("name") == part)
        changed[place] = _set_path(value[place], below, new) if below else new
    elif below:
        changed[part] = _set_path(value.get(part, {}), below, new)
    elif new is None:
        changed.pop(part, None)
    else:
        changed[part] = new
    return changed
