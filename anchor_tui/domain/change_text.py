"""The words for a changed value, the same on the screen, in commands, in JSON and in notifications.

A sentence never claims more than is known: a value without an earlier one has not changed, and a value that is not
known is "unknown". `domain/history/change_words.py` adds what only the history contains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from anchor_tui.domain.changes import Change
from anchor_tui.domain.formatting import get_first_line, shorten_revision

UNKNOWN = "unknown"
_UNEXPLAINED = "unexplained"
"""The start of the value of a diagnosis that found no cause."""
_SOURCE_NAMES = {"argocd": "Argo CD", "github": "GitHub"}


class ChangedValue(Protocol):
    """The part of a change that its words are made from: of an observed one and of a recorded one."""

    @property
    def kind(self) -> str:
        """The kind, as in the table of `domain/changes.py`."""

    @property
    def before(self) -> str | None:
        """The earlier value; None if it is not known."""

    @property
    def after(self) -> str | None:
        """The new value; None if it is not known."""

    @property
    def subject(self) -> str:
        """The id of a check or of a source, or the number of a pull request."""

    @property
    def place(self) -> str:
        """The resource or the file of a finding."""

    @property
    def detail(self) -> str:
        """A text from outside that explains the new value."""

    @property
    def severity(self) -> str | None:
        """The level of a finding."""

    @property
    def pull_request(self) -> int | None:
        """The number of the pull request."""


def describe_change(change: Change) -> str:
    """Return a change as one line: "prod: anchor-msp-prod Healthy → Degraded". It contains foreign text."""
    text = describe_inside(change)
    return f"{change.environment}: {text}" if change.environment else text


def describe_inside(change: Change) -> str:
    """Return a change as one line without its environment. It contains foreign text."""
    text = f"{name_subject(change, change.application.name if change.application else '')} {describe_value(change)}"
    detail = get_detail(change)
    return f"{text}: {detail}" if detail else text


def name_subject(change: ChangedValue, application: str) -> str:
    """Return the thing that changed: "release", "#232", "GitHub", or the name of an application."""
    match change.kind:
        case "finding":
            return f"check {change.subject}"
        case "pull-request" | "checks":
            return f"#{change.subject or change.pull_request or '?'}"
        case "source":
            return _SOURCE_NAMES.get(change.subject, f"Argo CD {change.subject}")
        case _:
            return application or change.kind


def describe_value(change: ChangedValue) -> str:
    """Return the change of a thing: "Healthy → Degraded", "is gone", "checks pending → failure"."""
    return _SENTENCES.get(change.kind, _join_values)(change)


def get_detail(change: ChangedValue) -> str:
    """Return the first line of the text that explains the new value. A good value needs no explanation."""
    match change.kind, change.after:
        case ("verdict", "ok") | ("source", "fresh"):
            return ""
        case ("finding", after) if after != "fail":
            return ""
        case _:
            return "" if is_unexplained(change) else get_first_line(change.detail)


def is_unexplained(change: ChangedValue) -> bool:
    """Return True if a diagnosis names no rule: something fails, and it is not known why."""
    return change.kind == "diagnosis" and (change.after or "").partition(" ")[0] == _UNEXPLAINED


def _join_values(change: ChangedValue) -> str:
    after = change.after or UNKNOWN
    return f"{change.before or UNKNOWN} → {after}" if change.before is not None else after


def _describe_release(change: ChangedValue) -> str:
    number = f" (#{change.pull_request})" if change.pull_request is not None else ""
    return f"{_join_values(change)}{number}"


def _describe_presence(change: ChangedValue) -> str:
    match change.after:
        case "found":
            return {None: "exists", "absent": "appeared"}.get(change.before, "is readable again")
        case "absent":
            return "does not exist" if change.before is None else "is gone"
        case "forbidden":
            return "is not permitted"
        case _:
            return _join_values(change)


def _describe_revision(change: ChangedValue) -> str:
    if change.after is None:
        return "synced commit unknown"
    before = f", before {shorten_revision(change.before)}" if change.before else ""
    return f"synced {shorten_revision(change.after)}{before}"


def _describe_diagnosis(change: ChangedValue) -> str:
    if change.after is None:
        return "cause unknown"
    if is_unexplained(change):
        return "cause not found"
    return "cause" if change.after else "the cause is gone"


def _describe_finding(change: ChangedValue) -> str:
    state = {"fail": "fails", "waived": "is waived", "clear": "passes"}.get(change.after or "", f"is {UNKNOWN}")
    notes = ", ".join(part for part in (change.severity if change.after == "fail" else "", change.place) if part)
    return f"{state} ({notes})" if notes else state


def _describe_pull_request(change: ChangedValue) -> str:
    if change.after == "open":
        return "is open" if change.before is None else "opened"
    states = {"merged": "merged", "absent": "closed or merged", "closed": "closed"}
    return states.get(change.after or "", change.after or UNKNOWN)


def _describe_checks(change: ChangedValue) -> str:
    return f"checks {_join_values(change)}"


def _describe_source(change: ChangedValue) -> str:
    match change.after:
        case "fresh":
            return "is read again" if change.before else "is read"
        case "stale":
            return "is not read any more"
        case None:
            return "is not read yet"
        case _:
            return "cannot be read"


_SENTENCES: Mapping[str, Callable[[ChangedValue], str]] = {
    "release": _describe_release,
    "application": _describe_presence,
    "revision": _describe_revision,
    "diagnosis": _describe_diagnosis,
    "finding": _describe_finding,
    "pull-request": _describe_pull_request,
    "checks": _describe_checks,
    "source": _describe_source,
}
