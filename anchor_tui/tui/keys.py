"""Registry of keys: every action with its id, its keys, its owner and its line in the help.

The module does not import Textual, so that the configuration's `[keys]` table can be checked without a screen.
Each owner creates its bindings from the registry (`bindings.make_bindings`). An action that is unavailable stays in
the help with the reason. An action that is not implemented is not in the registry.
"""

from __future__ import annotations

from dataclasses import replace

from anchor_tui.tui.key_actions import KeyAction, KeyOwner

ENVIRONMENT_KEYS = tuple("123456789")
READ_ONLY_NOTE = "read-only: no actions"
REPLAY_NOTE = "replay: no actions"
FILTER_KEYS_OF_REPLAYS = ("f", "F", "ctrl+f")
"""The keys of the filter in a replay, where its usual key asks for a time. The first that is not configured is used."""
PANE_KEYS = tuple("1234567")


def _mutating(id_: str, key: str, title: str, tooltip: str, short_title: str = "") -> KeyAction:
    call = f"act('{id_}')"
    return KeyAction(id_, (key,), title, tooltip, "operator", call, short_title, in_footer=True, mutates=True)


def _in_footer(id_: str, key: str, title: str, tooltip: str, owner: KeyOwner = "screen") -> KeyAction:
    return KeyAction(id_, (key,), title, tooltip, owner, id_.replace("-", "_"), in_footer=True)


def _in_logs(id_: str, key: str, title: str, tooltip: str, *, in_footer: bool = True) -> KeyAction:
    return KeyAction(id_, (key,), title, tooltip, "logs", id_.replace("-", "_"), in_footer=in_footer)


LOG_KEYS: tuple[KeyAction, ...] = (
    _in_logs("log-follow", "f", "Follow", "Keep the newest line in view, or stay where the cursor is"),
    _in_logs("log-pause", "space", "Pause", "Show no new lines until the key is pressed again"),
    _in_logs("log-error", "e", "Last error", "To the last line that reports an error; again: to the one before"),
    _in_logs("log-pod", "n", "Pod", "All pods, then one pod after the other"),
    _in_logs("log-container", "i", "Container", "Show the next container, then all at once, then the one that matters"),
    _in_logs("log-previous", "l", "Previous", "The log of the process before the last restart"),
    _in_logs("log-since", "d", "Since", "The last lines, or those of the last 5 min, 30 min, 2 h, or 24 h"),
    _in_logs("log-wrap", "w", "Wrap", "Wrap long lines"),
    _in_logs("log-times", "t", "Times", "Show the time of each line"),
    _in_logs("log-highlight", "H", "Highlight", "Highlight the matches of the filter and show the other lines too"),
    _in_logs("log-save", "S", "Save", "Save the lines that are shown to a new file"),
    _in_logs("log-line", "enter", "Whole line", "Show the whole line; a JSON line is indented", in_footer=False),
)


def _in_replay(id_: str, key: str, title: str, tooltip: str, call: str) -> KeyAction:
    return KeyAction(id_, (key,), title, tooltip, "replay", call, in_footer=True)


REPLAY_KEYS: tuple[KeyAction, ...] = (
    _in_replay("replay-back", "left_square_bracket", "Back", "To the snapshot before", "replay_step(-1)"),
    _in_replay("replay-next", "right_square_bracket", "Next", "To the next snapshot", "replay_step(1)"),
    _in_replay(
        "replay-change-back",
        "left_curly_bracket",
        "Change",
        "To the change before: of a verdict, release, health, sync status or finding",
        "replay_change(-1)",
    ),
    _in_replay(
        "replay-change-next",
        "right_curly_bracket",
        "Change",
        "To the next change of a verdict, release, health, sync status or finding",
        "replay_change(1)",
    ),
    _in_replay("replay-time", "slash", "Time", "To a time: 03:12, 2026-11-30 03:12 or -20m", "replay_time"),
)

REGISTRY: tuple[KeyAction, ...] = (
    *REPLAY_KEYS,
    *LOG_KEYS,
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
    KeyAction(
        "select", ("space",), "Select", "Select an application, to act on several at once", "selection", "select"
    ),
    KeyAction(
        "read-again",
        ("g",),
        "Read again",
        "Read Argo CD and GitHub now, without changing anything",
        "app",
        "read_again",
        in_footer=True,
    ),
    _in_footer(
        "filter", "slash", "Filter", "Show only the rows that match: a b, !a, a|b, health:degraded; esc ends it"
    ),
    _in_footer("show-all", "v", "Show all", "Show every environment, and passed checks too", "fleet"),
    _in_footer("browser", "o", "Browser", "Open the highlighted row in the browser"),
    _in_footer("open", "enter", "Open", "Show everything about the highlighted row", "fleet"),
    replace(
        _in_footer(
            "pull-request", "u", "Pull request", "Open the pull request of what is highlighted, else of the title"
        ),
        call="show_pull_request",
        short_title="PR",
    ),
    _in_footer("copy", "y", "Copy", "Copy the highlighted row to the clipboard"),
    _in_footer(
        "environment-details", "e", "Environment", "Releases, applications, policy and PRs of the environment", "fleet"
    ),
    _in_footer("commands", "C", "Commands", "The argocd, kubectl, gh and git commands that show or do the same"),
    KeyAction(
        "order",
        ("O",),
        "Order",
        "Order the applications by severity, or in groups with a heading",
        "fleet",
        "next_order",
    ),
    KeyAction(
        "next-unhealthy",
        ("n",),
        "Next unhealthy",
        "To the next row that needs attention",
        "fleet",
        "move_to_unhealthy(1)",
    ),
    KeyAction(
        "previous-unhealthy",
        ("N",),
        "Previous unhealthy",
        "To the previous row that needs attention",
        "fleet",
        "move_to_unhealthy(-1)",
    ),
    KeyAction("next-row", ("down", "j"), "Next row", "Down in the focused pane", "list", "move_cursor(1)"),
    KeyAction("previous-row", ("up", "k"), "Previous row", "Up in the focused pane", "list", "move_cursor(-1)"),
    KeyAction("next-page", ("pagedown",), "Next page", "A page down in the focused pane", "list", "move_page(1)"),
    KeyAction("previous-page", ("pageup",), "Previous page", "A page up in the focused pane", "list", "move_page(-1)"),
    KeyAction("first-row", ("home",), "First row", "To the first row of the focused pane", "list", "move_to_first"),
    KeyAction("last-row", ("end",), "Last row", "To the last row of the focused pane", "list", "move_to_last"),
    KeyAction("next-pane", ("tab",), "Next pane", "To the next pane", "screen", "move_pane(1)"),
    KeyAction("previous-pane", ("shift+tab",), "Previous pane", "To the previous pane", "screen", "move_pane(-1)"),
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
    KeyAction("pane", PANE_KEYS, "Pane 1 to 7", "To a pane by its number", "application", "choose_pane({key})"),
    KeyAction("fold", ("enter", "space"), "Fold", "Expand or collapse the resource", "resources", "fold"),
    KeyAction("expand", ("right",), "Expand", "Show the resources below, then move to them", "resources", "expand"),
    KeyAction("collapse", ("left",), "Collapse", "Hide the resources below, then move up", "resources", "collapse"),
    KeyAction(
        "details-down", ("shift+down",), "Details down", "Scroll the details down", "resources", "scroll_details(1)"
    ),
    KeyAction("details-up", ("shift+up",), "Details up", "Scroll the details up", "resources", "scroll_details(-1)"),
    replace(
        _in_footer("all-events", "a", "All events", "Events of the application, or of the resource again", "events"),
        call="toggle_scope",
    ),
    KeyAction("scroll-right", ("shift+right",), "Right", "Scroll the text to the right", "text", "scroll_sideways(1)"),
    KeyAction("scroll-left", ("shift+left",), "Left", "Scroll the text to the left", "text", "scroll_sideways(-1)"),
    _in_footer("diff-whole", "w", "Whole", "Show whole objects and equal resources, or the changes only", "diff"),
    _in_footer("diff-text", "enter", "Read", "Move to the text of the resource, or back to the rows", "diff"),
    _in_footer("diff-copy", "y", "Copy", "Copy the difference of the highlighted resource", "diff"),
    _in_footer("fold-block", "enter", "Fold", "Hide or show the block that begins in the line", "manifest"),
    _in_footer("fold-all", "f", "Fold all", "Hide the blocks of the manifest, or show all of them", "manifest"),
    KeyAction("unfold-block", ("right",), "Unfold", "Show the block that begins in the line", "manifest", "unfold"),
    KeyAction("leave-block", ("left",), "Fold around", "Hide the block, then the one around it", "manifest", "fold"),
    _in_footer("search", "slash", "Search", "Search the manifest", "manifest"),
    _in_footer("next-match", "n", "Next match", "To the next line that matches the search", "manifest"),
    KeyAction(
        "previous-match", ("N",), "Previous match", "To the previous matching line", "manifest", "previous_match"
    ),
    _in_footer("managed-fields", "w", "Managed fields", "Show or hide the fields that only machines need", "manifest"),
    _in_footer("manifest-copy", "y", "Copy", "Copy the block under the cursor", "manifest"),
    _in_footer("mark-deployment", "space", "Mark", "Mark a deployment, to compare it with another", "history"),
    _in_footer("compare", "enter", "Compare", "Compare two marked deployments, or one with the present", "history"),
    replace(
        _in_footer(
            "roll-back-here", "b", "Roll back", "Roll back to the release of this deployment; asks first", "history"
        ),
        in_footer=False,  # the key of the screen is there already
        mutates=True,
    ),
    replace(
        _in_footer("estate-diff", "D", "Diff", "Every difference between git and the clusters", "fleet"),
        is_secondary=True,
    ),
    _in_footer("estate-whole", "w", "Whole", "Show whole objects and synced applications too", "estate"),
    _in_footer("estate-text", "enter", "Read", "Move to the text of the row, or back to the rows", "estate"),
    _in_footer("estate-read-again", "g", "Read again", "Read every difference now", "estate"),
    _in_footer("estate-filter", "slash", "Filter", "Show only the rows that match: a b, !a, a|b", "estate"),
    _in_footer("estate-copy", "y", "Copy", "Copy the highlighted difference", "estate"),
    replace(
        _in_footer("estate-back", "escape", "Back", "End the filter, or return to the fleet", "estate"),
        keys=("escape", "q"),
    ),
    replace(
        _in_footer("resource-action", "A", "Actions", "Restart, resume, retry or delete a pod; asks first", "resource"),
        mutates=True,
        is_secondary=True,
    ),
    KeyAction("back", ("escape",), "Back", "Close what is open, end the filter", "screen", "back"),
    _in_footer("incident-note", "n", "Note", "Write a note with the time and your name", "incident"),
    replace(
        _in_footer("incident", "i", "Incident", "Start an incident, or show the one that is running"),
        is_secondary=True,
    ),
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
