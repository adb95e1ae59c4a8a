"""The configured keys: `[keys]` applied to the registry, and what the configuration may name.

The module does not import Textual, so that the table can be checked without a screen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from anchor_tui.config.usual_keys import KeysByAction, UsualKeys
from anchor_tui.tui.key_actions import (
    APPLICATION_SCREEN_OWNERS,
    ESTATE_OWNERS,
    FLEET_OWNERS,
    INCIDENT_OWNERS,
    PANE_OWNERS,
    TEXTUAL_NAMES,
    KeyAction,
    KeyOwner,
)
from anchor_tui.tui.keys import FILTER_KEYS_OF_REPLAYS, REGISTRY

SCREENS: tuple[frozenset[KeyOwner], ...] = (
    FLEET_OWNERS,
    APPLICATION_SCREEN_OWNERS,
    ESTATE_OWNERS,
    INCIDENT_OWNERS,
    *(frozenset({"list", "text", pane}) for pane in sorted(PANE_OWNERS)),
    frozenset({"app", "list", "screen", "fleet", "replay"}),
    frozenset({"app", "list", "screen", "application", "text", "replay"}),
)
"""Owners that are compared. Two actions can share a key if none of these contains both owners."""
_OPERATOR_OWNERS: frozenset[KeyOwner] = frozenset({"operator", "selection", "resource"})
"""Owners whose keys start actions. A read-only session has no such key."""
_REPLAY_PLACES = frozenset(place for place, owners in enumerate(SCREENS) if "replay" in owners)
_LOGS_PLACE = next(place for place, owners in enumerate(SCREENS) if "logs" in owners)
_ALSO_IN_LOGS = frozenset({"filter", "copy"})
"""Actions of the screen for which the Logs pane has bindings of its own."""


def apply_key_config(
    keys: Mapping[str, str], *, read_only: bool = False, is_replay: bool = False
) -> tuple[KeyAction, ...]:
    """Return the registry with the configured keys, which replace all keys of an action.

    With `read_only`, the actions that write are left out, and the selection of rows for them. Only a replay has the
    keys that move in time.
    """
    keymap = make_keymap(keys, is_replay=is_replay)
    return tuple(
        replace(action, keys=(keymap[action.id],)) if action.id in keymap else action
        for action in REGISTRY
        if not (read_only and (action.mutates or action.owner in _OPERATOR_OWNERS))
        and (is_replay or action.owner != "replay")
    )


class SessionKeys(NamedTuple):
    """The actions of a screen."""

    available: tuple[KeyAction, ...]
    missing: Mapping[str, KeyAction]
    """The actions that read-only mode lacks, by key. The screens explain why they are missing."""


def list_session_keys(
    keys: Mapping[str, str], owners: Collection[KeyOwner], *, read_only: bool, is_replay: bool = False
) -> SessionKeys:
    """Return the actions of some owners with the configured keys; in a replay also those that move in time."""
    configured = apply_key_config(keys, read_only=read_only, is_replay=is_replay)
    available = tuple(action for action in configured if action.owner in owners or action.owner == "replay")
    lacked = _OPERATOR_OWNERS.intersection(owners) if read_only else frozenset[KeyOwner]()
    missing = {key: action for action in apply_key_config(keys) if action.owner in lacked for key in action.keys}
    return SessionKeys(available, missing)


def make_keymap(keys: Mapping[str, str], *, is_replay: bool = False) -> dict[str, str]:
    """Return Textual's keymap for `[keys]`: action id to key name. A replay has another key for the filter."""
    keymap = {id_: TEXTUAL_NAMES.get(key, key) for id_, key in keys.items()}
    if is_replay and "filter" not in keymap:
        keymap["filter"] = next(key for key in (*FILTER_KEYS_OF_REPLAYS, "ctrl+g") if key not in keymap.values())
    return keymap


def list_usual_keys() -> KeysByAction:
    """Return the actions that `[keys]` may name, with their keys and the places of their screens in `SCREENS`."""
    return {
        action.id: UsualKeys(
            (*action.keys, *action.readable_keys.split()),
            frozenset(place for place, owners in enumerate(SCREENS) if action.owner in owners)
            - (_REPLAY_PLACES if action.id == "filter" else frozenset())
            | ({_LOGS_PLACE} if action.id in _ALSO_IN_LOGS else frozenset()),
        )
        for action in REGISTRY
    }
