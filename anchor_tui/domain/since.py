"""Since when something is wrong, in words that claim no more than is known. Every screen and format uses them.

| basis         | meaning                              | words                                        | brief        |
|---------------|--------------------------------------|----------------------------------------------|--------------|
| `server`      | the server reports the time          | for 12 min                                   | 12 min       |
| `seen`        | the change was observed              | since 14:02Z (first seen)                    | ≥ 12 min     |
| `older`       | it was so when the observation began | for at least 3 h                             | ≥ 3 h        |
| `interrupted` | there were times without observation | first seen 14:02Z, not observed all the time | seen 3 h ago |
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.model import Application, Finding, FirstSeen

_DURATION = r"\d[\d,.]* (?:ms|s|min|h|d)\b"
_MOMENT = r"(?:[A-Z][a-z]{2} \d{2} [A-Z][a-z]{2} )?\d{2}:\d{2}Z"
_AGE = re.compile(
    rf" ?(?:since {_MOMENT} \(first seen\)|first seen {_MOMENT}, not observed all the time"
    rf"|(?:as of {_MOMENT}, |for at least |for |seen |≥ )?{_DURATION}(?: ago)?)"
)
"""Every form of an age in a sentence: those of the table, and that of a source that is not fresh."""
SinceBasis: TypeAlias = Literal["server", "seen", "older", "interrupted"]


class Since(NamedTuple):
    """The start of a state, and how it is known. `pull_request` is what began it, if that is known."""

    at: datetime
    basis: SinceBasis
    pull_request: int | None = None


def get_health_since(application: Application) -> Since | None:
    """Return since when an application has its health; None if it is unknown."""
    if application.health_since is not None:
        return Since(application.health_since, "server")
    return _from_first_seen(application.health_seen)


def get_sync_since(application: Application, seen_at: datetime | None = None) -> Since | None:
    """Return since when an application is OutOfSync. `seen_at` is when this process has seen it first."""
    since = _from_first_seen(application.sync_seen)
    if since is None and seen_at is not None:
        return Since(seen_at, "older")
    return since


def get_finding_since(finding: Finding) -> Since | None:
    """Return since when a check fails; None if it does not, or if it is unknown."""
    if finding.since is not None:
        return Since(finding.since, "server", finding.since_pull_request)
    since = _from_first_seen(finding.first_seen)
    return since._replace(pull_request=finding.since_pull_request) if since is not None else None


def format_since(since: Since, now: datetime) -> str:
    """Return the words of a sentence, as in "Degraded for 12 min"."""
    if since.pull_request is not None and since.basis in {"server", "seen"}:
        return f"for {format_age(since.at, now)}, since #{since.pull_request}"
    match since.basis:
        case "server":
            return f"for {format_age(since.at, now)}"
        case "seen":
            return f"since {_format_time(since.at, now)} (first seen)"
        case "older":
            return f"for at least {format_age(since.at, now)}"
        case _:
            return f"first seen {_format_time(since.at, now)}, not observed all the time"


def format_since_briefly(since: Since, now: datetime) -> str:
    """Return the words of a column, as in "Degraded 12 min"."""
    age = format_age(since.at, now)
    match since.basis:
        case "server":
            return age
        case "interrupted":
            return f"seen {age} ago"
        case _:
            return f"≥ {age}"


def omit_ages(text: str) -> str:
    """Return a sentence without its ages, in whatever form. It is equal for sentences that differ in nothing else."""
    return _AGE.sub("", text)


def _from_first_seen(seen: FirstSeen | None) -> Since | None:
    if seen is None:
        return None
    if not seen.continuous:
        return Since(seen.at, "interrupted")
    return Since(seen.at, "seen" if seen.observed_start else "older")


def _format_time(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M}Z" if at.date() == now.date() else f"{at:%a %d %b %H:%M}Z"
