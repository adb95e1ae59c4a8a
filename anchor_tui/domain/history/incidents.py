"""Incidents and their hand-over, as values. `services/history` stores them, screens and commands show them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias, get_args

from anchor_tui.domain.formatting import format_duration
from anchor_tui.domain.model import AwareDatetime, ValueObject

ImpactLevel: TypeAlias = Literal["failing", "violation", "unknown", "attention", "ok", "not observed"]
"""The level of a verdict, or `not observed` while anchor-tui was not running. The worst level comes first."""
IMPACT_LEVELS: tuple[ImpactLevel, ...] = get_args(ImpactLevel)
EntryKind: TypeAlias = Literal["incident", "note", "action", "change", "gap"]
MarkName: TypeAlias = Literal["failing", "unknown", "attention", "progress", "ok", "none"]
"""The name of a `StatusMark` in lower case."""
OpenItemKind: TypeAlias = Literal["environment", "source", "application", "pull-request", "action"]
MAX_TITLE_LENGTH = 200
MAX_NOTE_LENGTH = 2_000


class Incident(ValueObject, frozen=True):
    """One incident of an estate. `started_by` and `ended_by` are account and machine, as `account@machine`."""

    number: int
    title: str
    started_at: AwareDatetime
    started_by: str
    ended_at: AwareDatetime | None = None
    ended_by: str = ""

    @property
    def is_running(self) -> bool:
        """True until the incident has ended."""
        return self.ended_at is None

    @property
    def state(self) -> str:
        """The word `running` or `ended`."""
        return "running" if self.is_running else "ended"

    def measure_duration(self, now: datetime) -> timedelta:
        """Return the time from the start to the end, or until now. It is never negative."""
        return max(timedelta(), (self.ended_at or now) - self.started_at)

    @property
    def known_title(self) -> str:
        """The title, or that there is none."""
        return self.title or "without a title"

    def format_badge(self, now: datetime) -> str:
        """Return the mark of a running incident: "INCIDENT 12 · 14 min"."""
        return f"INCIDENT {self.number} · {format_duration(self.measure_duration(now))}"

    def describe_state(self, now: datetime) -> str:
        """Return the state with the duration: "running for 14 min", "ended after 2 h"."""
        verb = "running for" if self.is_running else "ended after"
        return f"{verb} {format_duration(self.measure_duration(now))}"


class IncidentNote(ValueObject, frozen=True):
    """A note of an incident. `author` is account and machine."""

    at: AwareDatetime
    author: str
    text: str
    id: int = 0


class IncidentStatus(ValueObject, frozen=True):
    """The running incident of a history, if there is one. `version` differs after each change of the history."""

    incident: Incident | None = None
    version: int = 0


class EnvironmentImpact(ValueObject, frozen=True):
    """The time that an environment spent in each level during an incident. The times add up to its duration."""

    environment: str
    failing: timedelta = timedelta()
    violation: timedelta = timedelta()
    unknown: timedelta = timedelta()
    attention: timedelta = timedelta()
    ok: timedelta = timedelta()
    not_observed: timedelta = timedelta()

    def get_span(self, level: ImpactLevel) -> timedelta:
        """Return the time in one level."""
        span: timedelta = getattr(self, level.replace(" ", "_"))
        return span

    @property
    def worst(self) -> ImpactLevel:
        """The worst level that was observed; `not observed` if none was."""
        return next((level for level in IMPACT_LEVELS if self.get_span(level)), "not observed")


class IncidentEntry(ValueObject, frozen=True):
    """One line of the timeline. `until` and `count` are set if it represents several changes, or a time."""

    at: AwareDatetime
    kind: EntryKind
    text: str
    mark: MarkName = "none"
    environment: str = ""
    detail: str = ""
    actor: str = ""
    url: str = ""
    pull_request: int | None = None
    until: AwareDatetime | None = None
    count: int = 1
    is_imported: bool = False
    """True if git or Argo CD reported it later: anchor-tui did not see it happen."""


class IncidentAction(ValueObject, frozen=True):
    """An action of an operator on this history, with its reason and its outcome."""

    at: AwareDatetime
    action: str
    outcome: str
    title: str = ""
    """The action in words: "Roll back prod to 1.43.1"."""
    environment: str = ""
    subject: str = ""
    reason: str = ""
    message: str = ""
    actor: str = ""
    url: str = ""

    def describe_order(self) -> str:
        """Return what was ordered, in words."""
        return self.title or " ".join(part for part in (self.action, self.environment, self.subject) if part)


class IncidentPullRequest(ValueObject, frozen=True):
    """A pull request that was opened, checked, merged or closed during an incident. `state` is its last known one."""

    number: int
    title: str = ""
    state: str = ""
    checks: str = ""
    url: str = ""
    opened_at: AwareDatetime | None = None
    merged_at: AwareDatetime | None = None


class OpenItem(ValueObject, frozen=True):
    """Something that is not finished at the end of an incident, or now."""

    kind: OpenItemKind
    text: str
    environment: str = ""
    url: str = ""


class IncidentFacts(ValueObject, frozen=True):
    """Everything that the history contains about an incident until a time, without its notes."""

    until: AwareDatetime
    impact: tuple[EnvironmentImpact, ...] = ()
    timeline: tuple[IncidentEntry, ...] = ()
    actions: tuple[IncidentAction, ...] = ()
    pull_requests: tuple[IncidentPullRequest, ...] = ()
    open_items: tuple[OpenItem, ...] = ()


class IncidentReport(ValueObject, frozen=True):
    """The hand-over of an incident. `machine` is the one whose history it is made from."""

    incident: Incident
    notes: tuple[IncidentNote, ...]
    facts: IncidentFacts
    engine: str = ""
    machine: str = ""

    def list_timeline(self) -> tuple[IncidentEntry, ...]:
        """Return changes, actions, notes, start and end, oldest first."""
        incident = self.incident
        entries = [*self.facts.timeline, *map(_to_entry, self.notes)]
        entries.append(IncidentEntry(incident.started_at, "incident", "incident started", actor=incident.started_by))
        if incident.ended_at is not None:
            entries.append(IncidentEntry(incident.ended_at, "incident", "incident ended", actor=incident.ended_by))
        return tuple(sorted(entries, key=_get_place))


def _to_entry(note: IncidentNote) -> IncidentEntry:
    return IncidentEntry(note.at, "note", note.text, actor=note.author)


def _get_place(entry: IncidentEntry) -> tuple[datetime, int]:
    """Return the place of an entry: the start comes before, the end after what has the same time."""
    order = {"incident started": -1, "incident ended": 1}.get(entry.text, 0) if entry.kind == "incident" else 0
    return entry.at, order
