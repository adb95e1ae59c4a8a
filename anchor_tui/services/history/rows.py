"""The rows of the history file as values, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from anchor_tui.domain.foreign_text import mask_tokens
from anchor_tui.domain.history.records import GoodRelease, RecordedChange, RecordedState, SubjectKey
from anchor_tui.domain.model import AppId
from anchor_tui.domain.text_limits import limit_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

CHANGE_COLUMNS = (
    "id, observed_at, server_at, kind, environment, server, namespace, application, subject, place, before, after, "
    "identity, detail, severity, pull_request, commit_id, actor, origin, cause_id, facts"
)
STATE_KEY_COLUMNS = "kind, environment, server, namespace, application, subject, place"
STATE_COLUMNS = "value, compared_value, observed_at, server_at"
GOOD_COLUMNS = "environment, version, content, commit_id, healthy_since, qualified_at, last_seen_at, pull_request"


def to_microseconds(at: datetime) -> int:
    """Return a time as the file contains it."""
    return (at - _EPOCH) // _MICROSECOND


def to_time(microseconds: int) -> datetime:
    """Return a time of the file."""
    return _EPOCH + timedelta(microseconds=microseconds)


@lru_cache(maxsize=4_096)  # names of environments, servers and applications are in many changes
def clean_text(text: str) -> str:
    """Return foreign text as the file contains it: encodable, limited and without tokens."""
    return mask_tokens(limit_text(text)).replace("\x00", "")


def clean_change(change: RecordedChange) -> RecordedChange:
    """Return a change as the file contains it: every text encodable, limited and without tokens."""
    application = change.application
    return replace(
        change,
        environment=clean_text(change.environment),
        application=AppId(*map(clean_text, application)) if application is not None else None,
        subject=clean_text(change.subject),
        place=clean_text(change.place),
        before=None if change.before is None else clean_text(change.before),
        after=None if change.after is None else clean_text(change.after),
        identity=clean_text(change.identity),
        detail=clean_text(change.detail),
        commit=clean_text(change.commit),
        actor=clean_text(change.actor),
        facts={clean_text(name): clean_text(value) for name, value in change.facts.items()},
    )


def to_change_row(change: RecordedChange, session_id: int | None) -> tuple[Any, ...]:
    """Return the columns of a clean change for INSERT_CHANGE."""
    return (
        to_microseconds(change.at),
        to_microseconds(change.observed_at),
        None if change.server_at is None else to_microseconds(change.server_at),
        change.kind,
        change.environment,
        *(change.application or ("", "", "")),
        change.subject,
        change.place,
        change.before,
        change.after,
        change.identity,
        change.detail,
        change.severity,
        change.pull_request,
        change.commit,
        change.actor,
        change.origin,
        change.cause_id,
        msgspec.json.encode(change.facts).decode() if change.facts else "",
        session_id,
    )


INSERT_CHANGE = f"""
INSERT INTO changes (at, observed_at, server_at, {STATE_KEY_COLUMNS}, before, after, identity, detail, severity,
  pull_request, commit_id, actor, origin, cause_id, facts, session_id)
VALUES ({", ".join("?" * 22)})
"""


def to_change(row: Sequence[Any]) -> RecordedChange:
    """Return the change of a row with CHANGE_COLUMNS."""
    server, namespace, application = row[5:8]
    return RecordedChange(
        id=row[0],
        observed_at=to_time(row[1]),
        server_at=_to_optional_time(row[2]),
        kind=row[3],
        environment=row[4],
        application=AppId(server, namespace, application) if application else None,
        subject=row[8],
        place=row[9],
        before=row[10],
        after=row[11],
        identity=row[12],
        detail=row[13],
        severity=row[14],
        pull_request=row[15],
        commit=row[16],
        actor=row[17],
        origin=row[18],
        cause_id=row[19],
        facts=msgspec.json.decode(row[20], type=dict[str, str]) if row[20] else {},
    )


def to_state(row: Sequence[Any]) -> RecordedState:
    """Return the state of a row with STATE_COLUMNS."""
    return RecordedState(row[0], row[1], to_time(row[2]), _to_optional_time(row[3]))


def to_key(row: Sequence[Any]) -> SubjectKey:
    """Return the key of a row with STATE_KEY_COLUMNS."""
    return SubjectKey(*row)


def to_good_release(row: Sequence[Any]) -> GoodRelease:
    """Return the release of a row with GOOD_COLUMNS."""
    return GoodRelease(
        environment=row[0],
        version=row[1],
        content=row[2],
        commit=row[3],
        healthy_since=to_time(row[4]),
        qualified_at=to_time(row[5]),
        last_seen_at=to_time(row[6]),
        pull_request=row[7],
    )


def to_good_row(good: GoodRelease) -> tuple[Any, ...]:
    """Return the row of a release with GOOD_COLUMNS."""
    times = (good.healthy_since, good.qualified_at, good.last_seen_at)
    return (
        clean_text(good.environment),
        clean_text(good.version),
        clean_text(good.content),
        clean_text(good.commit),
        *map(to_microseconds, times),
        good.pull_request,
    )


def _to_optional_time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else to_time(microseconds)
