"""Exit codes, the same for every command. If several apply, 2 precedes 3, and 3 precedes 1."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `anchor-tui`, for scripts."""

    OK = 0
    FINDINGS = 1
    """A condition of `--fail-on` is met, or one of `wait` is known to be false at the end of its time."""
    USAGE = 2
    """Wrong usage, invalid configuration, or no token."""
    SOURCE_UNAVAILABLE = 3
    """A source could not be read."""
    REFUSED = 4
    """The action was refused: read-only, not confirmed, a failed precondition, or drift."""
    FAILED = 5
    """The action failed."""
    OUTCOME_UNKNOWN = 6
    """The outcome of the action is unknown."""
    IMPOSSIBLE = 7
    """A condition of `wait` cannot become true any more."""
    INTERNAL_ERROR = 70
    """An error of anchor-tui itself. A report names the places in the code."""
    INTERRUPTED = 130
    """Ctrl+c ended the command."""
