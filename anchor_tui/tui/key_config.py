"""The configured keys: `[keys]` applied to the registry, and what the configuration may name.

The module does not import Textual, so that the table can be checked without a screen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from anchor_tui.config.usual_keys import KeysByAction, UsualKeys
from anchor_tui.tui.keys import (
    APPLICATION_SCREEN_OWNERS,
    ESTATE_OWNERS,
    FLEET_OWNERS,
    INCIDENT_OWNERS,
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
    INCIDENT_OWNERS,
    *(frozenset({"list", "text", pane}) for pane in sorted(PANE_OWNERS)),
)
"""Owners that are compared. Two actions can share a key if none of these contains both owners."""
_OPERATOR_OWNERS: frozenset[KeyOwner] = frozenset({"operator", "selection", "resource"})
"""Owners whose keys start actions. A read-only session has no such key."""
_LOGS_PLACE = next(place for place, owners in enumerate(SCREENS) if "logs" in owners)
_ALSO_IN_LOGS = frozenset({"filter", "copy"})
"""Actions of the screen for which the Logs pane has bindings of its own."""


def apply_key_config(keys: Mapping[str, str], *, read_only: bool = False) -> tuple[KeyAction, ...]:
    """Return the registry with the configured keys, which replace all keys of an action.

    With `read_only`, the actions that write are left out, and the selection of rows for them.
    """
    keymap = make_keymap(keys)
    return tuple(
        replace(action, keys=(keymap[action.id],)) if action.id in keymap else action
        for action in REGISTRY
        if not (read_only and (action.mutates or action.owner in _OPERATOR_OWNERS))
    )


class SessionKeys(NamedTuple):
    """The actions of a screen."""

    available: tuple[KeyAction, ...]
    missing: Mapping[str, KeyAction]
    """The actions that read-only mode lacks, by key. The screens explain why they are missing."""


def list_session_keys(keys: Mapping[str, str], owners: Collection[KeyOwner], *, read_only: bool) -> SessionKeys:
    """Return the actions of some owners with the configured keys."""
    available = tuple(action for action in apply_key_config(keys, read_only=read_only) if action.owner in owners)
    lacked = _OPERATOR_OWNERS.intersection(owners) if read_only else frozenset[KeyOwner]()
    missing = {key: action for action in apply_key_config(keys) if action.owner in lacked for key in action.keys}
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
