"""The registry of keys: every action that the screen has, with its id, its keys and its line in the help.

An action that does not work here and now stays in the help, with the reason; one that is not built is not
in here at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class KeyAction:
    """One action. `id` is what `[keys]` in the configuration names; `footer` ones stand in the last line."""

    id: str
    keys: tuple[str, ...]
    title: str
    tooltip: str
    in_footer: bool = False
    mutates: bool = False
    """Whether it changes something outside: read-only has none of these."""
    short_title: str = ""
    """Its title where there is little room."""

    @property
    def textual_action(self) -> str:
        """The name by which Textual runs it."""
        return f"act('{self.id}')" if self.mutates else self.id.replace("-", "_")

    @property
    def readable_key(self) -> str:
        """The key as a person reads it."""
        return _READABLE_NAMES.get(self.keys[0], self.keys[0])

    @property
    def readable_keys(self) -> str:
        """Every key as a person reads it."""
        return " ".join(_READABLE_NAMES.get(key, key) for key in self.keys)


_READABLE_NAMES = {
    "slash": "/",
    "space": "space",
    "question_mark": "?",
    "ctrl+p": "^p",
    "escape": "esc",
    "enter": "enter",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pagedown": "pgdn",
    "pageup": "pgup",
}
_TEXTUAL_NAMES = {readable: name for name, readable in _READABLE_NAMES.items()}

ENVIRONMENT_KEYS = tuple("123456789")

REGISTRY: tuple[KeyAction, ...] = (
    KeyAction("refresh", ("r",), "Refresh", "Let Argo CD compare the environment or application again", True, True),
    KeyAction("hard-refresh", ("R",), "Hard refresh", "The same, with manifests rendered anew", True, True, "Hard"),
    KeyAction("sync", ("s",), "Sync", "Let Argo CD apply what git says; asks first, with its options", True, True),
    KeyAction(
        "hard-refresh-prune",
        ("P",),
        "Refresh+prune",
        "Hard refresh, show what a prune deletes, ask, sync",
        True,
        True,
        "Prune",
    ),
    KeyAction(
        "promote",
        ("p",),
        "Promote to here",
        "Open the pull request that brings the release of the environment before into here",
        True,
        True,
        "Promote",
    ),
    KeyAction(
        "rollback", ("b",), "Roll back", "Choose an earlier release and open the pull request to it", True, True, "Back"
    ),
    KeyAction("merge", ("m",), "Merge", "Merge the highlighted promotion or rollback pull request", True, True),
    KeyAction("terminate", ("x",), "Terminate", "End the running operation; asks first", True, True),
    KeyAction("cutover", ("c",), "Cutover", "The no-mock cutover: its checklist, and its last step", True, True),
    KeyAction("select", ("space",), "Select", "Select an application, to act on several at once", in_footer=False),
    KeyAction(
        "read-again", ("g",), "Read again", "Ask Argo CD and GitHub now, without changing anything", in_footer=True
    ),
    KeyAction("filter", ("slash",), "Filter", "Show only the rows that hold a text; esc ends it", in_footer=True),
    KeyAction("show-all", ("v",), "Show all", "Every environment, and the checks that hold too", in_footer=True),
    KeyAction("browser", ("o",), "Browser", "Open what is highlighted in the browser", in_footer=True),
    KeyAction("open", ("enter",), "Open", "Everything about what is highlighted", in_footer=True),
    KeyAction("copy", ("y",), "Copy", "Copy what is highlighted to the clipboard", in_footer=True),
    KeyAction("next-row", ("down", "j"), "Next row", "Down in the focused pane"),
    KeyAction("previous-row", ("up", "k"), "Previous row", "Up in the focused pane"),
    KeyAction("next-page", ("pagedown",), "Next page", "A screenful down in the focused pane"),
    KeyAction("previous-page", ("pageup",), "Previous page", "A screenful up in the focused pane"),
    KeyAction("first-row", ("home",), "First row", "To the first row of the focused pane"),
    KeyAction("last-row", ("end",), "Last row", "To the last row of the focused pane"),
    KeyAction("next-pane", ("tab",), "Next pane", "To the next pane"),
    KeyAction("previous-pane", ("shift+tab",), "Previous pane", "To the pane before"),
    KeyAction("next-environment", ("right", "l"), "Next environment", "To the next environment, in any pane"),
    KeyAction("previous-environment", ("left", "h"), "Previous environment", "To the environment before, in any pane"),
    KeyAction("environment", ENVIRONMENT_KEYS, "Environment 1 to 9", "To an environment by its number"),
    KeyAction("back", ("escape",), "Back", "Close what is open, end the filter"),
    KeyAction("help", ("question_mark",), "Help", "Every key, and whether it works here and now", in_footer=True),
    KeyAction(
        "palette",
        ("ctrl+p",),
        "Palette",
        "Find actions, environments, applications and themes",
        in_footer=True,
        short_title="Find",
    ),
    KeyAction("quit", ("q",), "Quit", "Leave; where something runs from here, asks first", in_footer=True),
)


def apply_key_config(keys: Mapping[str, str], *, read_only: bool = False) -> tuple[KeyAction, ...]:
    """The registry with the configuration's own keys, which replace all of an action's; read-only without what acts."""
    return tuple(
        replace(action, keys=(_TEXTUAL_NAMES.get(keys[action.id], keys[action.id]),)) if action.id in keys else action
        for action in REGISTRY
        if not (read_only and (action.mutates or action.id == "select"))
    )
