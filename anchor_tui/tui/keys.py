"""Registry of keys: every action with its id, its keys, its owner and its line in the help.

The module does not import Textual, so that the configuration's `[keys]` table can be checked without a screen.
Each owner creates its bindings from the registry (`bindings.make_bindings`). An action that is unavailable stays in
the help with the reason. An action that is not implemented is not in the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

KeyOwner = Literal["app", "fleet", "operator", "list"]
"""Owner of a key: the application, the fleet screen, the fleet screen when it is not read-only, or a list of rows."""


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
    "pagedown": "pgdn",
    "pageup": "pgup",
}
_TEXTUAL_NAMES = {readable: name for name, readable in _READABLE_NAMES.items()}

ENVIRONMENT_KEYS = tuple("123456789")


def _mutating(id_: str, key: str, title: str, tooltip: str, short_title: str = "") -> KeyAction:
    call = f"act('{id_}')"
    return KeyAction(id_, (key,), title, tooltip, "operator", call, short_title, in_footer=True, mutates=True)


def _in_footer(id_: str, key: str, title: str, tooltip: str) -> KeyAction:
    return KeyAction(id_, (key,), title, tooltip, "fleet", id_.replace("-", "_"), in_footer=True)


REGISTRY: tuple[KeyAction, ...] = (
    _mutating("refresh", "r", "Refresh", "Compare the environment or application with git again"),
    replace(
        _mutating("hard-refresh", "R", "Hard refresh", "Refresh, and render the manifests again"), is_secondary=True
    ),
    _mutating("sync", "s", "Sync", "Apply what is in git; asks first and offers options"),
    _mutating(
        "hard-refresh-prune", "P", "Refresh+prune", "Hard refresh, list what a prune deletes, ask, sync", "Prune"
    ),
    _mutating(
        "promote",
        "p",
        "Promote to here",
        "Open a pull request with the release of the previous environment",
        "Promote",
    ),
    _mutating("rollback", "b", "Rollback", "Choose an earlier release and open the pull request to it"),
    _mutating("merge", "m", "Merge", "Merge the highlighted promotion, rollback or fix pull request"),
    _mutating("terminate", "x", "Terminate", "End the running operation; asks first"),
    _mutating("cutover", "c", "Cutover", "The no-mock cutover: its checklist and its last step"),
    KeyAction("select", ("space",), "Select", "Select an application, to act on several at once", "operator", "select"),
    KeyAction(
        "read-again",
        ("g",),
        "Read again",
        "Read Argo CD and GitHub now, without changing anything",
        "app",
        "read_again",
        in_footer=True,
    ),
    _in_footer("filter", "slash", "Filter", "Show only the rows that contain a text; esc ends it"),
    _in_footer("show-all", "v", "Show all", "Show every environment, and passed checks too"),
    _in_footer("browser", "o", "Browser", "Open the highlighted row in the browser"),
    _in_footer("open", "enter", "Open", "Show everything about the highlighted row"),
    _in_footer("copy", "y", "Copy", "Copy the highlighted row to the clipboard"),
    _in_footer("environment-details", "e", "Environment", "Releases, applications, policy and PRs of the environment"),
    _in_footer("commands", "C", "Commands", "The argocd, kubectl, gh and git commands that show or do the same"),
    KeyAction("next-row", ("down", "j"), "Next row", "Down in the focused pane", "list", "move_cursor(1)"),
    KeyAction("previous-row", ("up", "k"), "Previous row", "Up in the focused pane", "list", "move_cursor(-1)"),
    KeyAction("next-page", ("pagedown",), "Next page", "A page down in the focused pane", "list", "move_page(1)"),
    KeyAction("previous-page", ("pageup",), "Previous page", "A page up in the focused pane", "list", "move_page(-1)"),
    KeyAction("first-row", ("home",), "First row", "To the first row of the focused pane", "list", "move_to_first"),
    KeyAction("last-row", ("end",), "Last row", "To the last row of the focused pane", "list", "move_to_last"),
    KeyAction("next-pane", ("tab",), "Next pane", "To the next pane", "fleet", "move_pane(1)"),
    KeyAction("previous-pane", ("shift+tab",), "Previous pane", "To the previous pane", "fleet", "move_pane(-1)"),
    KeyAction(
        "next-environment",
        ("right", "l"),
        "Next environment",
        "To the next environment, in any pane",
        "fleet",
        "move_environment(1)",
    ),
    KeyAction(
        "previous-environment",
        ("left", "h"),
        "Previous environment",
        "To the previous environment, in any pane",
        "fleet",
        "move_environment(-1)",
    ),
    KeyAction(
        "environment",
        ENVIRONMENT_KEYS,
        "Environment 1 to 9",
        "To an environment by its number",
        "fleet",
        "choose_environment({key})",
    ),
    KeyAction("back", ("escape",), "Back", "Close what is open, end the filter", "fleet", "back"),
    _in_footer("help", "question_mark", "Help", "Every key, and if it works here and now"),
    KeyAction(
        "palette",
        ("ctrl+p",),
        "Palette",
        "Find actions, environments, applications and themes",
        "app",
        "command_palette",
        "Find",
        in_footer=True,
        has_priority=True,
    ),
    KeyAction(
        "suspend",
        ("ctrl+z",),
        "Suspend",
        "Return to the shell; `fg` restores the screen",
        "app",
        "suspend_process",
        has_priority=True,
    ),
    KeyAction("quit", ("q",), "Quit", "Quit; asks first if an action is running", "app", "quit", in_footer=True),
)


def apply_key_config(keys: Mapping[str, str], *, read_only: bool = False) -> tuple[KeyAction, ...]:
    """Return the registry with the configured keys, which replace all keys of an action.

    A read-only registry has no operator keys.
    """
    return tuple(
        replace(action, keys=(keymap[action.id],)) if action.id in (keymap := make_keymap(keys)) else action
        for action in REGISTRY
        if not (read_only and action.owner == "operator")
    )


def make_keymap(keys: Mapping[str, str]) -> dict[str, str]:
    """Return Textual's keymap for `[keys]`: action id to key name."""
    return {id_: _TEXTUAL_NAMES.get(key, key) for id_, key in keys.items()}
