"""The registry of keys: every action that the screen has, with its id, its keys and its line in the help.

An action that does not work here and now stays in the help, with the reason; one that is not built is not
in here at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `id` is what `[keys]` in the configuration names; `footer` ones stand in the last line."""

    id: str
    keys: tuple[str, ...]
    title: str
    tooltip: str
    footer: bool = False
    acts: bool = False
    """Whether it changes something outside: read-only has none of these."""
    brief: str = ""
    """Its title where there is little room."""

    @property
    def call(self) -> str:
        """The name by which Textual runs it."""
        return f"act('{self.id}')" if self.acts else self.id.replace("-", "_")

    @property
    def key(self) -> str:
        """The key as a person reads it."""
        return _READABLE.get(self.keys[0], self.keys[0])

    @property
    def all_keys(self) -> str:
        """Every key as a person reads it."""
        return " ".join(_READABLE.get(key, key) for key in self.keys)


_READABLE = {
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
_NAMED = {readable: name for name, readable in _READABLE.items()}

ENVIRONMENT_KEYS = tuple("123456789")

REGISTRY: tuple[Action, ...] = (
    Action("refresh", ("r",), "Refresh", "Let Argo CD compare the environment or application again", True, True),
    Action("hard-refresh", ("R",), "Hard refresh", "The same, with manifests rendered anew", True, True, "Hard"),
    Action("sync", ("s",), "Sync", "Let Argo CD apply what git says; asks first, with its options", True, True),
    Action(
        "hard-refresh-prune",
        ("P",),
        "Refresh+prune",
        "Hard refresh, show what a prune deletes, ask, sync",
        True,
        True,
        "Prune",
    ),
    Action(
        "promote",
        ("p",),
        "Promote to here",
        "Open the pull request that brings the release of the environment before into here",
        True,
        True,
        "Promote",
    ),
    Action(
        "rollback", ("b",), "Roll back", "Choose an earlier release and open the pull request to it", True, True, "Back"
    ),
    Action("merge", ("m",), "Merge", "Merge the highlighted promotion or rollback pull request", True, True),
    Action("terminate", ("x",), "Terminate", "End the running operation; asks first", True, True),
    Action("cutover", ("c",), "Cutover", "The no-mock cutover: its checklist, and its last step", True, True),
    Action("select", ("space",), "Select", "Select an application, to act on several at once", footer=False),
    Action("read-again", ("g",), "Read again", "Ask Argo CD and GitHub now, without changing anything", footer=True),
    Action("filter", ("slash",), "Filter", "Show only the rows that hold a text; esc ends it", footer=True),
    Action("show-all", ("v",), "Show all", "Every environment, and the checks that hold too", footer=True),
    Action("browser", ("o",), "Browser", "Open what is highlighted in the browser", footer=True),
    Action("open", ("enter",), "Open", "Everything about what is highlighted", footer=True),
    Action("copy", ("y",), "Copy", "Copy what is highlighted to the clipboard", footer=True),
    Action("next-row", ("down", "j"), "Next row", "Down in the focused pane"),
    Action("previous-row", ("up", "k"), "Previous row", "Up in the focused pane"),
    Action("next-page", ("pagedown",), "Next page", "A screenful down in the focused pane"),
    Action("previous-page", ("pageup",), "Previous page", "A screenful up in the focused pane"),
    Action("first-row", ("home",), "First row", "To the first row of the focused pane"),
    Action("last-row", ("end",), "Last row", "To the last row of the focused pane"),
    Action("next-pane", ("tab",), "Next pane", "To the next pane"),
    Action("previous-pane", ("shift+tab",), "Previous pane", "To the pane before"),
    Action("next-environment", ("right", "l"), "Next environment", "To the next environment, in any pane"),
    Action("previous-environment", ("left", "h"), "Previous environment", "To the environment before, in any pane"),
    Action("environment", ENVIRONMENT_KEYS, "Environment 1 to 9", "To an environment by its number"),
    Action("back", ("escape",), "Back", "Close what is open, end the filter"),
    Action("help", ("question_mark",), "Help", "Every key, and whether it works here and now", footer=True),
    Action(
        "palette",
        ("ctrl+p",),
        "Palette",
        "Find actions, environments, applications and themes",
        footer=True,
        brief="Find",
    ),
    Action("quit", ("q",), "Quit", "Leave; where something runs from here, asks first", footer=True),
)


def with_keys(keys: Mapping[str, str], *, read_only: bool = False) -> tuple[Action, ...]:
    """The registry with the configuration's own keys, which replace all of an action's; read-only without what acts."""
    return tuple(
        replace(action, keys=(_NAMED.get(keys[action.id], keys[action.id]),)) if action.id in keys else action
        for action in REGISTRY
        if not (read_only and (action.acts or action.id == "select"))
    )
