"""The configured keys: `[keys]` applied to the registry, and what the configuration may name.

The module does not import Textual, so that the table can be checked without a screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from anchor_tui.config.usual_keys import KeysByAction, UsualKeys
from anchor_tui.tui.keys import (
    APPLICATION_SCREEN_OWNERS,
    ESTATE_OWNERS,
    FLEET_OWNERS,
    PANE_OWNERS,
    REGISTRY,
    TEXTUAL_NAMES,
    KeyAction,
    KeyOwner,
)

SCREENS: tuple[frozenset[KeyOwner], ...] = (
    FLEET_OWNERS,
    APPLICATION_SCREEN_OWNERS,
    ESTATE_OWNERS,
    *(frozenset({"list", "text", pane}) for pane in sorted(PANE_OWNERS)),
)
"""Owners that are compared. Two actions can share a key if none of these contains both owners."""
_LOGS_PLACE = next(place for place, owners in enumerate(SCREENS) if "logs" in owners)
_ALSO_IN_LOGS = frozenset({"filter", "copy"})
"""Actions of the screen for which the Logs pane has bindings of its own."""


def apply_key_config(keys: Mapping[str, str], *, read_only: bool = False) -> tuple[KeyAction, ...]:
    """Return the registry with the configured keys, which replace all keys of an action.

    With `read_only`, the actions that write and those that select rows for them are left out.
    """
    keymap = make_keymap(keys)
    return tuple(
        replace(action, keys=(keymap[action.id],)) if action.id in keymap else action
        for action in REGISTRY
        if not (read_only and (action.mutates or action.owner in {"operator", "selection"}))
    )


class SessionKeys(NamedTuple):
    """The actions of the fleet screen and of what it opens."""

    available: tuple[KeyAction, ...]
    missing: Mapping[str, KeyAction]
    """The actions that read-only mode lacks, by key. The screens explain why they are missing."""


def list_session_keys(keys: Mapping[str, str], *, read_only: bool) -> SessionKeys:
    """Return the actions with the configured keys. The Logs pane adds its own."""
    actions = [action for action in apply_key_config(keys) if action.owner != "logs"]
    available = tuple(action for action in actions if not read_only or action.owner != "operator")
    missing = {key: action for action in actions if action not in available for key in action.keys}
    return SessionKeys(available, missing)


def make_keymap(keys: Mapping[str, str]) -> dict[str, str]:
    """Return Textual's keymap for `[keys]`: action id to key name."""
    return {id_: TEXTUAL_NAMES.get(key, key) for id_, key in keys.items()}


def list_usual_keys() -> KeysByAction:
    """Return the actions that `[keys]` may name, with their keys and the places of their screens in `SCREENS`."""
    return {
        action.id: UsualKeys(
            (*action.keys, *action.readable_keys.split()),
            frozenset(place for place, owners in enumerate(SCREENS) if action.owner in owners)
            | ({_LOGS_PLACE} if action.id in _ALSO_IN_LOGS else frozenset()),
        )
        for action in REGISTRY
    }
