"""Exit codes, the same for every command. Where several hold: 2, then 3, then 1."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a script can tell from how we ended."""

    WELL = 0
    FOUND = 1
    """What `--fail-on` names was found."""
    USAGE = 2
    """Usage, configuration, or no token at all."""
    UNREAD = 3
    """A source could not be read."""
    REFUSED = 4
    FAILED = 5
    UNKNOWN = 6
    """The outcome of an action is not known."""
