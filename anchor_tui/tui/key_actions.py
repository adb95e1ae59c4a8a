"""An action with its keys as a value, and the owners of actions: the parts of the screen that run them.

The module does not import Textual, so that the configuration's `[keys]` table can be checked without a screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KeyOwner = Literal[
    "app", "list", "screen", "operator", "fleet", "selection", "application", "resource", "text", "estate",
    "resources", "events", "logs", "diff", "manifest", "history", "replay", "incident",
]  # fmt: skip
"""Owner of a key: the program, a list of rows, the fleet and application screens, those two when they are not
read-only, one of them, the selection of the fleet screen, the selected resource of the application screen, a long text,
the differences of the estate, a pane of the application screen, the program while it shows a recording, or the incident
screen."""
APP_OWNERS: frozenset[KeyOwner] = frozenset({"app", "replay"})
"""The owners whose actions the application runs."""
FLEET_OWNERS: frozenset[KeyOwner] = frozenset({"app", "list", "screen", "operator", "fleet", "selection"})
PANE_OWNERS: frozenset[KeyOwner] = frozenset({"resources", "events", "logs", "diff", "manifest", "history"})
"""The owners of one pane each. While a pane has the focus, its keys come before those of its screen."""
ESTATE_OWNERS: frozenset[KeyOwner] = frozenset({"list", "text", "estate"})
INCIDENT_OWNERS: frozenset[KeyOwner] = frozenset({"app", "list", "screen", "incident"})
APPLICATION_SCREEN_OWNERS: frozenset[KeyOwner] = frozenset(
    {"app", "list", "screen", "operator", "application", "resource", "text"}
)
APPLICATION_OWNERS: frozenset[KeyOwner] = APPLICATION_SCREEN_OWNERS | PANE_OWNERS
"""The owners of the application screen and of its panes."""


@dataclass(frozen=True, slots=True)
class KeyAction:
    """One action. `[keys]` in the configuration refers to it by `id`."""

    id: str
    keys: tuple[str, ...]
    title: str
    tooltip: str
    owner: KeyOwner
    call: str
    """Textual's action string, relative to the owner. `{key}` is replaced by the pressed key."""
    short_title: str = ""
    """Title for narrow terminals."""
    in_footer: bool = False
    mutates: bool = False
    """True if the action can change Argo CD or GitHub."""
    is_secondary: bool = False
    """True if a narrow footer omits it before the other actions."""
    has_priority: bool = False
    """True if the key works before the focused widget sees it, also while a dialog is open."""

    @property
    def readable_key(self) -> str:
        """First key, as shown to the operator."""
        return _READABLE_NAMES.get(self.keys[0], self.keys[0])

    @property
    def readable_keys(self) -> str:
        """All keys, as shown to the operator."""
        return " ".join(_READABLE_NAMES.get(key, key) for key in self.keys)


_READABLE_NAMES = {
    "slash": "/",
    "question_mark": "?",
    "comma": ",",
    "ctrl+p": "^p",
    "ctrl+z": "^z",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "shift+down": "⇧↓",
    "shift+up": "⇧↑",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
}
TEXTUAL_NAMES = {readable: name for name, readable in _READABLE_NAMES.items()}
"""Textual's name of each key that is shown with another one."""
