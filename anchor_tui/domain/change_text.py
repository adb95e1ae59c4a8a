"""The words for a change: one line for each, the same in the terminal, in JSON and in notifications."""

from __future__ import annotations

from anchor_tui.domain.changes import Change
from anchor_tui.domain.formatting import shorten_revision


def describe_change(change: Change) -> str:
    """Return a change as one line: "prod: anchor-msp-prod: health Healthy → Degraded". It contains foreign text."""
    places = [change.environment] if change.environment else []
    if change.application is not None:
        places.append(change.application.name)
    return ": ".join((*places, _describe_values(change)))


def _describe_values(change: Change) -> str:
    detail = f": {change.detail}" if change.detail else ""
    match change.kind:
        case "source":
            return f"source {change.subject} {_describe_source(change)}{detail if change.after != 'fresh' else ''}"
        case "verdict":
            return f"verdict {_join_values(change)}{detail if change.after != 'ok' else ''}"
        case "application":
            word = {"found": "appeared", "absent": "disappeared", "forbidden": "is forbidden"}
            return f"application {word.get(change.after or '', 'is not known')}"
        case "revision":
            return f"revision {_join_values(change, shorten=True)}"
        case "diagnosis":
            return f"cause{detail}" if change.after else "cause: no failure any more"
        case "finding":
            return _describe_finding(change)
        case "pull-request":
            return f"#{change.subject} {_describe_pull_request(change)}{detail}"
        case "checks":
            return f"#{change.subject} checks {_join_values(change)}{detail}"
        case "release":
            number = f" (#{change.pull_request})" if change.pull_request else ""
            return f"release {_join_values(change)}{number}"
        case _:
            return f"{change.kind} {_join_values(change)}"


def _join_values(change: Change, *, shorten: bool = False) -> str:
    before, after = (
        (shorten_revision(value) if shorten else value) if value is not None else None
        for value in (change.before, change.after)
    )
    after = after or "not known"
    return f"{before} → {after}" if before else after


def _describe_source(change: Change) -> str:
    if change.after == "fresh":
        return "is back" if change.before is not None else "is read"
    if change.before == "fresh":
        return f"is lost ({change.after})"
    return f"is {change.after or 'not read yet'}"


def _describe_finding(change: Change) -> str:
    place = f" {change.place}" if change.place else ""
    match change.after:
        case "fail":
            return f"check {change.subject} fails ({change.severity}){place}: {change.detail}"
        case "waived":
            return f"check {change.subject} is waived{place}"
        case "clear":
            return f"check {change.subject} does not fail any more{place}"
        case _:
            return f"check {change.subject} is not known{place}"


def _describe_pull_request(change: Change) -> str:
    match change.after:
        case "open":
            return "opened" if change.before == "absent" else "is open"
        case "merged":
            return "merged"
        case "absent":
            return "closed or merged"
        case _:
            return "is not known"
