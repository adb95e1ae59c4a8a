"""What somebody does to the cluster by hand, past git and past Argo CD: stale objects, and drift.

    box.kubectl.edit("anchor-msp-prod", "Deployment", "anchor-web", "spec.replicas", 3)
    box.kubectl.apply("anchor-msp-staging", config_map, {"argocd.argoproj.io/sync-options": "Prune=false"})

Argo CD sees it soon after, as long after as its pace says.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.apply import resource_from_manifest
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.argocd.request_bodies import apply_merge_patch
from anchor_tui.sandbox.clock import Clock

Manifest = Mapping[str, Any]
CallInLoop = Callable[[Callable[[], None]], None]


class Kubectl:
    """Somebody with rights to the cluster. An application in another namespace than Argo CD's is `namespace/name`."""

    def __init__(self, controller: ApplicationController, clock: Clock, call: CallInLoop = lambda do: do()) -> None:
        self._controller = controller
        self._clock = clock
        self._call = call

    def apply_object(self, application: str, manifest: Manifest, annotations: Mapping[str, str] | None = None) -> None:
        """Create an object, or replace it. It is tracked by the application as if that had made it once."""
        metadata = dict(manifest["metadata"])
        if annotations:
            metadata["annotations"] = {**metadata.get("annotations", {}), **annotations}

        def do(app: ClusterApplication) -> None:
            resource = resource_from_manifest({**manifest, "metadata": metadata}, app.spec["destination"]["namespace"])
            live = ClusterObject(resource, created_at=self._clock.now())
            app.live[resource.key] = live
            self._controller.roll_out(app, live, self._clock.now())

        self._change_cluster(application, do)

    def edit_object(self, application: str, kind: str, name: str, path: str, value: object) -> None:
        """Set what stands at a dotted path; None removes it. A part names a key, or an item of a list by its name."""
        self._replace_object(application, kind, name, lambda manifest: _set_path(manifest, path.split("."), value))

    def annotate_object(self, application: str, kind: str, name: str, annotations: Mapping[str, str | None]) -> None:
        """Set annotations of an object; None removes one."""
        self._replace_object(
            application, kind, name, lambda found: apply_merge_patch(found, {"metadata": {"annotations": annotations}})
        )

    def delete_object(self, application: str, kind: str, name: str) -> None:
        """Delete an object."""

        def do(app: ClusterApplication) -> None:
            live = _find_live_object(app, kind, name)
            del app.live[live.resource.key]

        self._change_cluster(application, do)

    def patch_application(self, application: str, patch: Mapping[str, Any]) -> None:
        """Patch the Application itself: `metadata` and `spec`, as a merge patch."""

        def do() -> None:
            app = self._find_application(application)
            metadata = patch.get("metadata", {})
            app.spec = apply_merge_patch(app.spec, patch.get("spec", {}))
            app.labels = apply_merge_patch(app.labels, metadata.get("labels", {}))
            app.annotations = apply_merge_patch(app.annotations, metadata.get("annotations", {}))
            self._controller.on_application_edit(app, self._clock.now())

        self._call(do)

    def _replace_object(
        self, application: str, kind: str, name: str, change: Callable[[Manifest], dict[str, Any]]
    ) -> None:
        def do(app: ClusterApplication) -> None:
            live = _find_live_object(app, kind, name)
            before, after = live.resource.manifest, change(live.resource.manifest)
            live.last_applied = live.last_applied or live.resource
            live.resource = resource_from_manifest(after, live.resource.namespace)
            if before.get("spec") == after.get("spec"):
                live.version = self._controller.next_version()
                return
            live.generation += 1
            self._controller.roll_out(app, live, self._clock.now())

        self._change_cluster(application, do)

    def _change_cluster(self, application: str, change: Callable[[ClusterApplication], None]) -> None:
        def do() -> None:
            app = self._find_application(application)
            change(app)
            self._controller.on_cluster_change(app, self._clock.now())

        self._call(do)

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
    """A copy with one place changed."""
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
