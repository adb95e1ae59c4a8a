"""The words of a recorded change: one sentence without its environment, and the mark of its new value."""

from __future__ import annotations

from collections.abc import Sequence

from anchor_tui.domain.formatting import format_count, shorten_revision
from anchor_tui.domain.history.incidents import MarkName
from anchor_tui.domain.history.records import RecordedChange

_MARKS: dict[str, dict[str, MarkName]] = {
    "verdict": {
        "ok": "ok",
        "attention": "attention",
        "unknown": "unknown",
        "violation": "failing",
        "failing": "failing",
    },
    "health": {
        "Healthy": "ok",
        "Progressing": "progress",
        "Suspended": "attention",
        "Degraded": "failing",
        "Missing": "failing",
        "Unknown": "unknown",
    },
    "sync": {"Synced": "ok", "OutOfSync": "attention", "Unknown": "unknown"},
    "source": {"fresh": "ok", "stale": "failing", "missing": "failing"},
    "application": {"found": "ok", "absent": "failing", "forbidden": "failing"},
    "finding": {"fail": "failing", "waived": "none", "clear": "ok"},
    "checks": {"success": "ok", "failure": "failing", "pending": "progress", "none": "none"},
}
_CHECKS = {"success": "checks passed", "failure": "checks failed", "pending": "checks are running", "none": "no checks"}
_SOURCES = {
    "fresh": "answers again",
    "stale": "does not answer: its data is old",
    "missing": "does not answer: nothing is known",
}


def get_change_mark(change: RecordedChange) -> MarkName:
    """Return the mark of the new value of a change."""
    if change.kind == "diagnosis":
        return "failing" if change.after else "ok"
    if change.kind == "finding" and change.after == "fail" and change.severity != "error":
        return "attention"
    return _MARKS.get(change.kind, {}).get(change.after or "", "unknown" if change.after is None else "none")


def describe_change(change: RecordedChange) -> str:
    """Return a change as a sentence: "gateway: Degraded (was Healthy)"."""
    subject = describe_subject(change)
    value = describe_value(change)
    was = f" (was {change.before})" if change.before and change.kind in {"verdict", "release", "sync", "health"} else ""
    return f"{subject} {value}{was}" if subject else f"{value}{was}"


def describe_flood(changes: Sequence[RecordedChange]) -> str:
    """Return equal changes of several subjects as one sentence: "12 applications: Degraded"."""
    first, number = changes[0], len({change.key for change in changes})
    if first.kind == "finding":
        state = {"fail": "failing", "waived": "waived", "clear": "passing"}.get(first.after or "", "unknown")
        return f"{format_count(number, 'check')} {state}"
    noun = "application" if first.application is not None else "change"
    return f"{format_count(number, noun)}: {describe_value(first)}"


def describe_subject(change: RecordedChange) -> str:
    """Return what a change is about; an empty text for the environment itself."""
    if change.application is not None:
        return f"{change.application.name}:"
    match change.kind:
        case "pull-request" | "checks":
            return f"#{change.subject}"
        case "finding":
            return f"check {change.subject}"
        case "source":
            return change.subject
        case _:
            return ""


def describe_value(change: RecordedChange) -> str:
    """Return the new value of a change in words."""
    after = change.after if change.after is not None else "unknown"
    match change.kind:
        case "verdict" | "release":
            return f"{change.kind} {after}"
        case "revision":
            return f"synced to {shorten_revision(after)}"
        case "diagnosis":
            return "a cause was found" if after else "the cause is gone"
        case "finding":
            place = f" ({change.place})" if change.place else ""
            return {"fail": "fails", "waived": "is waived", "clear": "passes"}.get(after, after) + place
        case "checks":
            return _CHECKS.get(after, f"checks {after}")
        case "pull-request":
            return {"open": "opened", "merged": "merged", "absent": "closed or merged"}.get(after, after)
        case "source":
            return _SOURCES.get(after, after)
        case _:
            return after
