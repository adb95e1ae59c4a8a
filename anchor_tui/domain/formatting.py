"""Text for durations, counts and revisions, used by every screen and export."""

from __future__ import annotations

from datetime import datetime, timedelta


def format_duration(span: timedelta) -> str:
    """Return a duration in its largest unit: "8 s", "12 min", "3 h", "2 d"."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 60 * 60:
        return f"{seconds // 60} min"
    if seconds < 24 * 60 * 60:
        return f"{seconds // 3600} h"
    return f"{seconds // 86_400} d"


def format_age(moment: datetime | None, now: datetime) -> str:
    """Return the time since `moment` as a duration; "?" if it is unknown."""
    return format_duration(now - moment) if moment else "?"


def format_timestamp(moment: datetime) -> str:
    """Return a UTC time as documents contain it: "2026-11-23T14:02:31Z"."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def format_count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: "1 release", "3 releases"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def shorten_revision(revision: str | None) -> str:
    """Return the first seven digits of a commit id; other revisions unchanged; "?" for None.

    The revisions of several sources are joined by a comma; each is shortened.
    """
    if revision and ", " in revision:
        return ", ".join(shorten_revision(part) for part in revision.split(", "))
    if revision and len(revision) == 40 and not revision.strip("0123456789abcdef"):
        return revision[:7]
    return revision or "?"


def get_first_line(text: str | None) -> str:
    """Return the first line of a message, stripped."""
    return (text or "").strip().split("\n", 1)[0].strip()


def format_internal_error(error: BaseException) -> str:
    """Return the text for an error of anchor-tui itself. It names the type only: the message may contain a secret."""
    return f"internal error in anchor-tui: {type(error).__name__}"
