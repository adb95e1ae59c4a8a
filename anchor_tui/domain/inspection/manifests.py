"""A live object for reading: without the fields that only machines need, and without the values of Secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HIDDEN_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
MASK_LENGTH = 8
"""Characters of the first mask, as Argo CD writes them. The mask of each further value is one character longer."""
_SECRET_FIELDS = ("data", "stringData")


def hide_machine_fields(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest without `managedFields` and the annotation that repeats the whole manifest."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping):
        return dict(manifest)
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    return {**manifest, "metadata": _hide_annotation(kept)}


def _hide_annotation(metadata: Mapping[str, Any]) -> dict[str, Any]:
    annotations = metadata.get("annotations")
    if not isinstance(annotations, Mapping):
        return dict(metadata)
    shown = {key: value for key, value in annotations.items() if key != HIDDEN_ANNOTATION}
    kept = {key: value for key, value in metadata.items() if key != "annotations"}
    return kept | ({"annotations": shown} if shown else {})


class SecretMasks:
    """The masks of the values of one Secret: equal values have equal masks, so that a difference stays visible.

    Argo CD masks the values itself. This is the second line of defence, for servers and proxies that do not.
    """

    def __init__(self) -> None:
        self._masks: dict[object, str] = {}

    def mask(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Return a Secret without its values, also in the annotation that repeats it; other objects unchanged."""
        if manifest.get("kind") != "Secret" or manifest.get("apiVersion", "v1") != "v1":
            return dict(manifest)
        masked = dict(manifest)
        for field in _SECRET_FIELDS:
            if isinstance(values := manifest.get(field), Mapping):
                masked[field] = {key: self._mask_value(value) for key, value in values.items()}
            elif field in manifest:
                masked[field] = self._mask_value(repr(manifest[field]))
        if isinstance(metadata := manifest.get("metadata"), Mapping):
            masked["metadata"] = _hide_annotation(metadata)
        return masked

    def _mask_value(self, value: object) -> str:
        text = value if isinstance(value, str) else repr(value)
        if text and not text.strip("+"):
            return text
        return self._masks.setdefault(text, "+" * (MASK_LENGTH + len(self._masks)))
