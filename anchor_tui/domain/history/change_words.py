"""The words of a recorded change, the same on the screen and in commands.

A sentence never claims more than was recorded: a first observation is not a change, and a value that is not known is
"unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from anchor_tui.domain.formatting import format_count, get_first_line, shorten_revision
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import AppId
from anchor_tui.domain.status_marks import StatusMark, find_value_mark

UNKNOWN = "unknown"
ACTION = "action"
UNEXPLAINED = "unexplained"
"""The start of the value of a diagnosis that found no cause."""
TIMELINE_KINDS = (
    "verdict",
    "release",
    "application",
    "sync",
    "health",
    "revision",
    "diagnosis",
    "finding",
    "pull-request",
    "checks",
    "source",
    ACTION,
)
"""The kinds of changes that the timeline shows. Others are for calculations only."""


class ChangeWords(NamedTuple):
    """The subject of a change and what became of it: "anchor-msp-prod" and "Healthy → Degraded".

    `detail` is a text from outside, such as a title or a message; it may be empty.
    """

    subject: str
    sentence: str
    detail: str = ""


def get_change_mark(change: RecordedChange) -> StatusMark:
    """Return the status that a change led to. An unknown value is never ok."""
    if change.kind == "finding" and change.after == "fail" and change.severity == "warning":
        return StatusMark.ATTENTION
    if _is_unexplained(change):
        return StatusMark.UNKNOWN
    return find_value_mark(change.kind, change.after)


def describe_change(change: RecordedChange, labels: Mapping[AppId, str]) -> ChangeWords:
    """Return the words of one change. `labels` are the names of applications; others are shown in full."""
    describe = _SENTENCES.get(change.kind, _describe_values)
    detail = get_first_line(change.detail) if _has_detail(change) else ""
    return ChangeWords(_name_subject(change, labels), describe(change), detail)


def describe_group(changes: Sequence[RecordedChange]) -> ChangeWords:
    """Return the words of equal changes of several applications."""
    first = changes[0]
    applications = {change.application for change in changes if change.application is not None}
    number = len(applications)
    if first.kind == "finding":
        places = len({(change.application, change.place) for change in changes})
        return ChangeWords(
            f"check {first.subject}", f"{_describe_finding_state(first)} in {format_count(places, 'place')}"
        )
    if first.kind == "diagnosis":
        causes = "causes found" if first.after and not _is_unexplained(first) else _describe_diagnosis(first)
        return ChangeWords(format_count(number, "application"), causes)
    return ChangeWords(format_count(number, "application"), describe_change(first, {}).sentence)


def is_first_observation(change: RecordedChange) -> bool:
    """Return True if the value was seen for the first time, so that it is not known when it began."""
    return change.before is None and change.origin == "observed"


def _name_subject(change: RecordedChange, labels: Mapping[AppId, str]) -> str:
    if change.kind == "finding":
        return f"check {change.subject}"
    if change.kind == ACTION:
        target = labels.get(change.application) if change.application is not None else None
        return " ".join(part for part in (change.subject or ACTION, target or change.place) if part)
    if change.kind in {"pull-request", "checks"}:
        return f"#{change.subject or change.pull_request or '?'}"
    if change.application is not None:
        return labels.get(change.application) or str(change.application)
    if change.kind == "source":
        return {"argocd": "Argo CD", "github": "GitHub"}.get(change.subject, f"Argo CD {change.subject}")
    return change.kind


def _describe_values(change: RecordedChange) -> str:
    after = change.after or UNKNOWN
    if change.before is None:
        return f"{after} (first seen)" if change.origin == "observed" else after
    return f"{change.before or UNKNOWN} → {after}"


def _has_detail(change: RecordedChange) -> bool:
    """Return True if the text of a change explains it. A good value needs no explanation."""
    match change.kind:
        case "verdict":
            return change.after != "ok"
        case "finding":
            return change.after == "fail"
        case _:
            return not _is_unexplained(change)


def _describe_release(change: RecordedChange) -> str:
    number = f" (#{change.pull_request})" if change.pull_request is not None else ""
    return f"{_describe_values(change)}{number}"


def _describe_presence(change: RecordedChange) -> str:
    match change.after:
        case "found":
            return "exists" if change.before is None else "exists again" if change.before == "absent" else "readable"
        case "absent":
            return "does not exist" if change.before is None else "is gone"
        case "forbidden":
            return "is not permitted"
        case _:
            return _describe_values(change)


def _describe_revision(change: RecordedChange) -> str:
    if change.after is None:
        return "synced commit unknown"
    before = f", before {shorten_revision(change.before)}" if change.before else ""
    who = f" by {change.actor}" if change.actor else ""
    return f"synced {shorten_revision(change.after)}{before}{who}"


def _describe_diagnosis(change: RecordedChange) -> str:
    if change.after is None:
        return "cause unknown"
    if _is_unexplained(change):
        return "cause not found"
    return "cause" if change.after else "the cause is gone"


def _is_unexplained(change: RecordedChange) -> bool:
    """Return True if a diagnosis names no rule: something fails, and it is not known why."""
    return change.kind == "diagnosis" and (change.after or "").partition(" ")[0] == UNEXPLAINED


def _describe_finding(change: RecordedChange) -> str:
    place = f" ({change.place})" if change.place else ""
    return f"{_describe_finding_state(change)}{place}"


def _describe_finding_state(change: RecordedChange) -> str:
    state = {"fail": "fails", "waived": "is waived", "clear": "passes"}.get(change.after or "", "is unknown")
    return f"{state} (first seen)" if is_first_observation(change) else state


def _describe_pull_request(change: RecordedChange) -> str:
    state = {"open": "opened", "merged": "merged", "absent": "closed or merged", "closed": "closed"}
    who = f" by {change.actor}" if change.actor else ""
    return f"{state.get(change.after or '', change.after or UNKNOWN)}{who}"


def _describe_checks(change: RecordedChange) -> str:
    return f"checks {_describe_values(change)}"


def _describe_source(change: RecordedChange) -> str:
    text = {"fresh": "is read again" if change.before else "is read", "stale": "is not read any more"}
    return text.get(change.after or "", "cannot be read")


def _describe_action(change: RecordedChange) -> str:
    who = f" by {change.actor}" if change.actor else ""
    reason = change.facts.get("reason", "")
    text = f"{change.after or UNKNOWN}{who}"
    return f"{text}; reason: {reason}" if reason else text


_SENTENCES: Mapping[str, Callable[[RecordedChange], str]] = {
    "release": _describe_release,
    "application": _describe_presence,
    "revision": _describe_revision,
    "diagnosis": _describe_diagnosis,
    "finding": _describe_finding,
    "pull-request": _describe_pull_request,
    "checks": _describe_checks,
    "source": _describe_source,
    ACTION: _describe_action,
}
