"""Textual bindings of the registered keys."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from anchor_tui.tui.keys import REGISTRY, KeyOwner


def make_bindings(*owners: KeyOwner) -> list[BindingType]:
    """Return the bindings of some owners. Their ids let `App.set_keymap` apply the configured keys."""
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
        for action in REGISTRY
        if action.owner in owners
        for key in action.keys
    ]
