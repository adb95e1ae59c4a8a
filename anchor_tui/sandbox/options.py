"""What the annotations and sync options of an object tell Argo CD to do with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
HOOK = "argocd.argoproj.io/hook"
ASKING = frozenset({"Prune=confirm", "Delete=confirm"})
Manifest = Mapping[str, Any]
Prune = Literal["true", "false", "confirm"]


def annotations_of(manifest: Manifest) -> Mapping[str, str]:
    """An object's annotations."""
    found: Mapping[str, str] = manifest["metadata"].get("annotations") or {}
    return found


def options_of(manifest: Manifest, annotation: str) -> tuple[str, ...]:
    """The options that one annotation lists, separated by commas."""
    text = annotations_of(manifest).get(annotation)
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def is_hook(manifest: Manifest) -> bool:
    """Whether an object is a hook: it belongs to the operation that made it and is never pruned."""
    return HOOK in annotations_of(manifest)


def is_ignored_when_extraneous(manifest: Manifest) -> bool:
    """Whether the application counts as Synced although this object is not in its target."""
    return "IgnoreExtraneous" in options_of(manifest, COMPARE_OPTIONS)


def asks_before_deletion(options: Iterable[str]) -> bool:
    """The flag `requiresDeletionConfirmation`: `Delete=confirm` sets it as well, although a prune does not ask then."""
    return not ASKING.isdisjoint(options)


def prune_option(manifest: Manifest, operation: Iterable[str]) -> Prune:
    """Whether a prune deletes an object: its own annotation says so, or else the operation's sync options."""
    for options in (options_of(manifest, SYNC_OPTIONS), tuple(operation)):
        for value in ("false", "confirm", "true"):
            if f"Prune={value}" in options:
                return value
    return "true"
