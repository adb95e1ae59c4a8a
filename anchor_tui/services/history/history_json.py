"""The timeline as JSON: the contract `anchor-tui/history/v1`. Every key is always written; an absent value is null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from anchor_tui.domain.history.causes import Cause
from anchor_tui.domain.history.gaps import ObservationGap
from anchor_tui.domain.history.records import ChangeOrigin
from anchor_tui.domain.history.timeline import TimelineEntry
from anchor_tui.domain.model import AwareDatetime, ValueObject
from anchor_tui.services.documented_application import DocumentedApplication, document_application
from anchor_tui.services.json_text import format_json

SCHEMA: Literal["anchor-tui/history/v1"] = "anchor-tui/history/v1"


def describe(text: str) -> msgspec.Meta:
    """Return the description of a key in the schema."""
    return msgspec.Meta(description=text)


class HistoryCause(ValueObject, frozen=True):
    """A change that caused another one, and the text of it."""

    text: str
    change: Annotated[int | None, describe("the id of the change that is the cause, if it is recorded")]
    pull_request: int | None


class HistoryChange(ValueObject, frozen=True):
    """One recorded change."""

    id: int
    at: Annotated[AwareDatetime, describe("the server's time if it reports one, else the time of observation")]
    observed_at: AwareDatetime
    server_at: AwareDatetime | None
    origin: Annotated[
        ChangeOrigin,
        describe("observed by anchor-tui, imported from git or Argo CD, or a local action of the operator"),
    ]
    kind: str
    environment: str | None
    application: DocumentedApplication | None
    subject: Annotated[str | None, describe("the check, the source, or the number of the pull request")]
    place: Annotated[str | None, describe("the resource or the file of a finding")]
    before: Annotated[str | None, describe("null if it was not known")]
    after: Annotated[str | None, describe("null if it is not known")]
    detail: str | None
    severity: str | None
    pull_request: int | None
    commit: str | None
    actor: str | None
    facts: Mapping[str, str]
    text: Annotated[str, describe("the change as one sentence")]
    causes: Annotated[tuple[HistoryCause, ...], describe("the chain of causes, the nearest first")]


class HistoryGap(ValueObject, frozen=True):
    """A time in which anchor-tui was not running. `until` is null if it is not running now."""

    since: AwareDatetime
    until: AwareDatetime | None


class HistoryDocument(ValueObject, frozen=True):
    """The changes of an estate, newest first."""

    schema: Literal["anchor-tui/history/v1"]
    engine_id: str
    changes: tuple[HistoryChange, ...] = ()
    gaps: Annotated[tuple[HistoryGap, ...], describe("the times without observation, newest first")] = ()
    complete: Annotated[bool, describe("false if there are older changes that match")] = True


def history_to_json(
    engine_id: str, entries: tuple[TimelineEntry, ...], gaps: tuple[ObservationGap, ...], *, complete: bool
) -> str:
    """Return the document. Each entry contains one change."""
    document = HistoryDocument(
        SCHEMA,
        engine_id,
        tuple(map(_to_document, entries)),
        tuple(HistoryGap(gap.since, gap.until) for gap in gaps),
        complete,
    )
    return format_json(document)


def history_schema() -> dict[str, Any]:
    """Return the contract's JSON Schema (2020-12)."""
    (reference,), definitions = msgspec.json.schema_components([HistoryDocument], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["required"] = list(definition["properties"])
        for described in definition["properties"].values():
            described.pop("default", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **reference,
        "$defs": definitions,
    }


def _to_document(entry: TimelineEntry) -> HistoryChange:
    change = entry.change
    return HistoryChange(
        id=change.id,
        at=change.at,
        observed_at=change.observed_at,
        server_at=change.server_at,
        origin=change.origin,
        kind=change.kind,
        environment=change.environment or None,
        application=document_application(change.application),
        subject=change.subject or None,
        place=change.place or None,
        before=change.before,
        after=change.after,
        detail=change.detail or None,
        severity=change.severity or None,
        pull_request=change.pull_request,
        commit=change.commit or None,
        actor=change.actor or None,
        facts=change.facts,
        text=f"{entry.subject} {entry.full_sentence}",
        causes=tuple(map(_to_cause, entry.causes)),
    )


def _to_cause(cause: Cause) -> HistoryCause:
    return HistoryCause(cause.describe(), cause.change_id or None, cause.pull_request)
