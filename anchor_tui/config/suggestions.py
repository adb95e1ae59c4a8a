"""The nearest known name, for the message about an unknown one."""

from __future__ import annotations

from collections.abc import Collection

MAX_NAMES = 24
"""The number of known names that a message lists."""


def find_nearest_name(name: str, known: Collection[str]) -> str | None:
    """Return the known name that was probably meant; None if no name is similar.

    A name that begins with the other one is similar too: "production" and "prod".
    """
    from difflib import get_close_matches  # takes a millisecond; needed only for errors

    by_folded = {candidate.casefold(): candidate for candidate in known}
    folded = name.casefold()
    if not folded:
        return None
    if near := get_close_matches(folded, by_folded, 1):
        return by_folded[near[0]]
    starts = [candidate for candidate in by_folded if candidate.startswith(folded) or folded.startswith(candidate)]
    return by_folded[max(starts, key=len)] if starts and len(folded) > 1 else None


def format_unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """Return "there is no environment 'prd'; did you mean prod? There are dev, staging, prod"."""
    names = list(known)
    listed = ", ".join(names[:MAX_NAMES])
    if len(names) > MAX_NAMES:
        listed += f" and {len(names) - MAX_NAMES:,} more"
    near = find_nearest_name(name, names)
    hint = f"did you mean {near}? There" if near else "there"
    return f"there is no {kind} {name!r}; {hint} are {listed}"
