"""Textual bindings of the registered keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from textual.binding import Binding, BindingType

from anchor_tui.tui.key_actions import KeyAction, KeyOwner
from anchor_tui.tui.keys import REGISTRY


def make_bindings(*owners: KeyOwner) -> list[BindingType]:
    """Return the bindings of some owners. Their ids let `App.set_keymap` apply the configured keys."""
    return _bind(action for action in REGISTRY if action.owner in owners)


def make_shared_bindings(action_ids: Collection[str]) -> list[BindingType]:
    """Return the bindings of actions that another screen than their owner also has."""
    return _bind(action for action in REGISTRY if action.id in action_ids)


def pick_bindings(calls: Mapping[str, str]) -> list[BindingType]:
    """Return the bindings of some actions by their ids, with the action strings that a screen of its own runs."""
    return [
        Binding(key, calls[action.id].format(key=key), action.title, id=action.id, tooltip=action.tooltip)
        for action in REGISTRY
        if action.id in calls
        for key in action.keys
    ]


def _bind(actions: Iterable[KeyAction]) -> list[BindingType]:
    return [
        Binding(
            key,
            action.call.format(key=key),
            action.title,
            id=action.id,
            tooltip=action.tooltip,
            show=action.in_footer,
            priority=action.has_priority,
        )
        for action in actions
        for key in action.keys
    ]
