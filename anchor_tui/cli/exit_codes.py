"""Exit codes, the same for every command. Where several hold: 2, then 3, then 1."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script can tell from how we ended."""

    OK = 0
    FINDINGS = 1
    """What `--fail-on` names was found."""
    USAGE = 2
    """Usage, configuration, or no token at all."""
    SOURCE_UNAVAILABLE = 3
    """A source could not be read."""
    REFUSED = 4
    FAILED = 5
    OUTCOME_UNKNOWN = 6
    """The outcome of an action is not known."""
