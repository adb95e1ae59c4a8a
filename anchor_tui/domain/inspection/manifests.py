"""A live object for reading: without the fields that only machines need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HIDDEN_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def hide_machine_fields(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest without `managedFields` and the annotation that repeats the whole manifest."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping):
        return dict(manifest)
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    annotations = kept.get("annotations")
    if isinstance(annotations, Mapping):
        shown = {key: value for key, value in annotations.items() if key != HIDDEN_ANNOTATION}
        kept = {key: value for key, value in kept.items() if key != "annotations"} | (
            {"annotations": shown} if shown else {}
        )
    return {**manifest, "metadata": kept}
