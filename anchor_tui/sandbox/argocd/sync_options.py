"""The sync options and annotations of an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

SYNC_OPTIONS_ANNOTATION = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS_ANNOTATION = "argocd.argoproj.io/compare-options"
HOOK_ANNOTATION = "argocd.argoproj.io/hook"
CONFIRM_OPTIONS = frozenset({"Prune=confirm", "Delete=confirm"})
Manifest = Mapping[str, Any]
PruneOption = Literal["true", "false", "confirm"]


def get_annotations(manifest: Manifest) -> Mapping[str, str]:
    """Return the annotations of an object."""
    found: Mapping[str, str] = manifest["metadata"].get("annotations") or {}
    return found


def parse_options(manifest: Manifest, annotation: str) -> tuple[str, ...]:
    """Return the comma-separated options of an annotation."""
    text = get_annotations(manifest).get(annotation)
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def is_hook(manifest: Manifest) -> bool:
    """Report whether an object is a hook: it belongs to its operation and is never pruned."""
    return HOOK_ANNOTATION in get_annotations(manifest)


def is_ignored_when_extraneous(manifest: Manifest) -> bool:
    """Report whether the application is Synced although this object is not in its target."""
    return "IgnoreExtraneous" in parse_options(manifest, COMPARE_OPTIONS_ANNOTATION)


def asks_before_deletion(options: Iterable[str]) -> bool:
    """Report whether `requiresDeletionConfirmation` is set.

    `Delete=confirm` sets it as well, although a prune then asks for no confirmation.
    """
    return not CONFIRM_OPTIONS.isdisjoint(options)


def get_prune_option(manifest: Manifest, operation: Iterable[str]) -> PruneOption:
    """Return the prune option of an object: its annotation's, otherwise the operation's."""
    for options in (parse_options(manifest, SYNC_OPTIONS_ANNOTATION), tuple(operation)):
        for value in ("false", "confirm", "true"):
            if f"Prune={value}" in options:
                return value
    return "true"
