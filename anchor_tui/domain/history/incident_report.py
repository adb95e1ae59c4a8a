"""The facts of an incident, from the recorded changes: impact, timeline, actions, pull requests, open items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from msgspec.structs import replace

from anchor_tui.domain.changes import CHANGE_KINDS, PULL_REQUEST_KINDS
from anchor_tui.domain.formatting import format_count, format_duration
from anchor_tui.domain.history.change_words import (
    ChangeWords,
    describe_group,
    describe_recorded_change,
    get_change_mark,
)
from anchor_tui.domain.history.floods import group_changes
from anchor_tui.domain.history.incident_impact import measure_impact
from anchor_tui.domain.history.incidents import (
    IncidentAction,
    IncidentEntry,
    IncidentFacts,
    IncidentPullRequest,
    MarkName,
    OpenItem,
)
from anchor_tui.domain.history.records import RecordedChange, SubjectKey
from anchor_tui.domain.history.time_spans import TimeSpan
from anchor_tui.domain.history.timeline import label_applications
from anchor_tui.domain.model import AppId, ValueObject
from anchor_tui.domain.status_marks import StatusMark

LEAD_TIME = timedelta(minutes=30)
"""The timeline begins so long before the start: an incident is started after something has happened."""
MAX_OPEN_APPLICATIONS = 20
"""Applications that are listed as open items. The others are counted."""
_UNFINISHED_OUTCOMES = frozenset({"unknown", "intended", "running"})


class IncidentLinks(ValueObject, frozen=True):
    """The web addresses that links are made from. An empty address makes no link."""

    repository: str = ""
    servers: Mapping[str, str] = {}
    """The address of each Argo CD, by its name."""

    def get_pull_request_url(self, number: int | None) -> str:
        """Return the address of a pull request."""
        return f"{self.repository}/pull/{number}" if self.repository and number is not None else ""

    def get_application_url(self, application: AppId | None) -> str:
        """Return the address of an application."""
        server = self.servers.get(application.server, "") if application is not None else ""
        if not server or application is None:
            return ""
        path = f"{application.namespace}/{application.name}" if application.namespace else application.name
        return f"{server}/applications/{path}"

    def get_change_url(self, change: RecordedChange) -> str:
        """Return the address of what a change is about."""
        if change.facts.get("url"):
            return change.facts["url"]
        if change.pull_request is not None:
            return self.get_pull_request_url(change.pull_request)
        if change.kind == "release" and change.commit and self.repository:
            return f"{self.repository}/commit/{change.commit}"
        return self.get_application_url(change.application)


class IncidentEvidence(ValueObject, frozen=True):
    """Everything that the facts are made from.

    `changes` are those from LEAD_TIME before the start until `until`, `before` the last change of each subject before
    the start. `sources` is the id of the Argo CD of each environment, in the order of promotion.
    """

    started_at: datetime
    until: datetime
    changes: Sequence[RecordedChange]
    before: Sequence[RecordedChange]
    observed: Sequence[TimeSpan]
    sources: Mapping[str, str]
    links: IncidentLinks = IncidentLinks()


def build_incident_facts(evidence: IncidentEvidence) -> IncidentFacts:
    """Return the facts of an incident."""
    start, until = evidence.started_at, evidence.until
    during = [change for change in evidence.changes if start <= change.at <= until]
    known = (*evidence.before, *during)
    measured = [change for change in known if change.kind in {"verdict", "source"}]
    impact = tuple(
        measure_impact(name, source, measured, evidence.observed, start, until)
        for name, source in evidence.sources.items()
    )
    actions = tuple(_list_actions(evidence))
    return IncidentFacts(
        until,
        impact,
        tuple(_list_entries(evidence)),
        actions,
        tuple(_list_pull_requests(evidence)),
        tuple(_list_open_items(evidence, known, actions)),
    )


# --- timeline ----------------------------------------------------------------------------------------


def _list_entries(evidence: IncidentEvidence) -> Iterator[IncidentEntry]:
    """Yield changes, actions and the times in which no process was watching, oldest first."""
    shown = sorted(filter(_is_shown, evidence.changes), key=lambda change: (change.at, change.id), reverse=True)
    labels = label_applications(shown)
    groups = reversed(list(group_changes(shown)))
    entries = [_to_change_entry(group, labels, evidence.links) for group in groups]
    entries += [_to_action_entry(action) for action in _list_actions(evidence)]
    entries += _list_gaps(evidence)
    yield from sorted(entries, key=lambda entry: entry.at)


def _is_shown(change: RecordedChange) -> bool:
    """Return True for the kinds that a reader needs. The first observation of a good value is not an event."""
    if change.kind not in CHANGE_KINDS or change.origin == "local":
        return False
    return not (change.is_first_observation and get_change_mark(change) is StatusMark.OK)


def _to_change_entry(
    changes: Sequence[RecordedChange], labels: Mapping[AppId, str], links: IncidentLinks
) -> IncidentEntry:
    """Return the line of one change, or of a flood; the changes are newest first."""
    first, last = changes[-1], changes[0]
    words = _describe(first, labels) if len(changes) == 1 else describe_group(changes)
    entry = IncidentEntry(
        first.at,
        "change",
        f"{words.subject} {words.sentence}",
        cast("MarkName", get_change_mark(first).name.lower()),
        first.environment,
        words.detail,
        is_imported=first.origin == "imported",
    )
    if len(changes) > 1:
        return replace(entry, until=last.at, count=len(changes))
    return replace(entry, actor=first.actor, url=links.get_change_url(first), pull_request=first.pull_request)


def _describe(change: RecordedChange, labels: Mapping[AppId, str]) -> ChangeWords:
    """Return the words of a change without its author, who is a field of the line."""
    return describe_recorded_change(replace(change, actor=""), labels)


def _to_action_entry(action: IncidentAction) -> IncidentEntry:
    text = action.describe_order()
    detail = ", ".join(part for part in (action.message, action.reason and f"reason: {action.reason}") if part)
    mark: MarkName = "failing"
    if action.outcome == "done" or action.outcome in _UNFINISHED_OUTCOMES:
        mark = "ok" if action.outcome == "done" else "unknown"
    return IncidentEntry(
        action.at, "action", f"{text}: {action.outcome}", mark, action.environment, detail, action.actor, action.url
    )


def _list_gaps(evidence: IncidentEvidence) -> Iterator[IncidentEntry]:
    """Yield the times of the incident in which no process was watching."""
    begin = evidence.started_at
    for start, end in (*evidence.observed, (evidence.until, evidence.until)):
        finish = min(start, evidence.until)
        if finish > begin:
            text = f"not observed for {format_duration(finish - begin)}: anchor-tui was not running"
            yield IncidentEntry(begin, "gap", text, "unknown", until=finish)
        begin = max(begin, end)


# --- actions and pull requests -------------------------------------------------------------------------


def _list_actions(evidence: IncidentEvidence) -> Iterator[IncidentAction]:
    """Yield the actions since LEAD_TIME before the start."""
    for change in evidence.changes:
        if change.origin == "local":
            facts = change.facts
            yield IncidentAction(
                change.at,
                change.subject or change.kind,
                change.after or "unknown",
                facts.get("title", ""),
                change.environment,
                change.application.name if change.application else change.place,
                facts.get("reason", ""),
                change.detail,
                change.actor,
                evidence.links.get_change_url(change),
            )


def _list_pull_requests(evidence: IncidentEvidence) -> Iterator[IncidentPullRequest]:
    """Yield the pull requests that changed since LEAD_TIME before the start, by number."""
    changed = {change.subject for change in evidence.changes if change.kind in PULL_REQUEST_KINDS and _is_shown(change)}
    for number in sorted(int(subject) for subject in changed if subject.isdecimal()):
        changes = [
            change
            for change in (*evidence.before, *evidence.changes)
            if change.subject == str(number) and change.kind in PULL_REQUEST_KINDS
        ]
        state = _find_last(changes, "pull-request")
        checks = _find_last(changes, "checks")
        yield IncidentPullRequest(
            number,
            next((change.detail for change in reversed(changes) if change.detail), ""),
            (state.after or "unknown") if state else "unknown",
            (checks.after or "unknown") if checks else "unknown",
            evidence.links.get_pull_request_url(number),
            next((change.at for change in changes if change.kind == "pull-request" and change.after == "open"), None),
            next((change.at for change in changes if change.kind == "pull-request" and change.after == "merged"), None),
        )


def _find_last(changes: Sequence[RecordedChange], kind: str) -> RecordedChange | None:
    found = [change for change in changes if change.kind == kind]
    return max(found, key=lambda change: (change.at, change.id)) if found else None


# --- open items ----------------------------------------------------------------------------------------


def _list_open_items(
    evidence: IncidentEvidence, known: Sequence[RecordedChange], actions: Sequence[IncidentAction]
) -> Iterator[OpenItem]:
    latest = _index_latest(known)
    labels = label_applications(known)
    yield from _list_open_environments(evidence, latest)
    for change in latest.values():
        if change.kind == "source" and change.after in {"stale", "missing"}:
            yield OpenItem("source", _describe_since(change, labels))
    progressing = [
        change
        for change in latest.values()
        if change.kind == "health" and change.after == "Progressing" and change.application is not None
    ]
    for change in progressing[:MAX_OPEN_APPLICATIONS]:
        url = evidence.links.get_change_url(change)
        yield OpenItem("application", _describe_since(change, labels), change.environment, url)
    if (rest := len(progressing) - MAX_OPEN_APPLICATIONS) > 0:
        yield OpenItem("application", f"{format_count(rest, 'more application')} Progressing")
    for change in latest.values():
        if change.kind == "pull-request" and change.after == "open":
            title = f" {change.detail}" if change.detail else ""
            url = evidence.links.get_pull_request_url(change.pull_request)
            yield OpenItem("pull-request", f"#{change.subject} is open:{title}", change.environment, url)
    for action in actions:
        if action.outcome in _UNFINISHED_OUTCOMES:
            text = f"{action.describe_order()} at {action.at:%Y-%m-%d %H:%M} UTC: outcome {action.outcome}"
            yield OpenItem("action", text, action.environment, action.url)


def _describe_since(change: RecordedChange, labels: Mapping[AppId, str]) -> str:
    words = _describe(change, labels)
    return f"{words.subject} {words.sentence}, since {change.at:%Y-%m-%d %H:%M} UTC"


def _list_open_environments(
    evidence: IncidentEvidence, latest: Mapping[SubjectKey, RecordedChange]
) -> Iterator[OpenItem]:
    """Yield the environments that are not known to be ok at the end."""
    is_watched = any(start <= evidence.until <= end for start, end in evidence.observed)
    for name in evidence.sources:
        change = latest.get(SubjectKey("verdict", name))
        if change is None or change.after is None:
            yield OpenItem("environment", "its state is not known", name)
        elif change.after != "ok":
            detail = f": {change.detail}" if change.detail else ""
            yield OpenItem("environment", f"{change.after} since {change.at:%Y-%m-%d %H:%M} UTC{detail}", name)
        elif not is_watched:
            yield OpenItem("environment", "it was ok when it was observed last; it is not observed now", name)


def _index_latest(changes: Iterable[RecordedChange]) -> dict[SubjectKey, RecordedChange]:
    """Return the last change of each subject."""
    return {change.key: change for change in sorted(changes, key=lambda item: (item.at, item.id))}
