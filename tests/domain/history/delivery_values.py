"""Recorded changes of one environment, for tests of its delivery metrics. Times are minutes after START."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from anchor_tui.domain.history.application_states import STATE_KINDS, StateChange, StateReplay
from anchor_tui.domain.history.delivery_metrics import DeliveryRecord
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.history.time_spans import TimeSpan
from anchor_tui.domain.model import AppId
from tests.values import NOW, replace

START = NOW - timedelta(days=20)
GATEWAY, WEB = AppId("argocd", "argocd", "gateway"), AppId("argocd", "argocd", "web")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def change(kind: str, minutes: float, after: str | None, before: str | None = None, **changes: Any) -> RecordedChange:
    base = RecordedChange(kind, after, at(minutes), before=before, environment="prod")
    return replace(base, **changes)


def release(minutes: float, after: str, before: str | None = "0", **changes: Any) -> RecordedChange:
    """Return a release that was merged at a time, and seen then."""
    return change("release", minutes, after, before, server_at=at(minutes), identity=f"content of {after}", **changes)


def state(kind: str, minutes: float, after: str, before: str | None = None, **changes: Any) -> RecordedChange:
    return change(kind, minutes, after, before, application=changes.pop("application", GATEWAY), **changes)


def begin() -> tuple[RecordedChange, ...]:
    """Return the first observation: release 1.0, and an application that is Synced and Healthy."""
    return (
        release(0, "1.0", None),
        state("revision", 0, "0"),
        state("sync", 0, "Synced"),
        state("health", 0, "Healthy"),
    )


def deploy(minutes: float, version: str) -> tuple[RecordedChange, ...]:
    """Return a release that is synced after 2 minutes and healthy after 5."""
    return (
        release(minutes, version),
        state("sync", minutes + 1, "OutOfSync", "Synced"),
        state("revision", minutes + 2, version),
        state("sync", minutes + 2, "Synced", "OutOfSync"),
        state("health", minutes + 2, "Progressing", "Healthy"),
        state("health", minutes + 5, "Healthy", "Progressing"),
    )


def fail(minutes: float, restored_after: float) -> tuple[RecordedChange, ...]:
    """Return an outage of some minutes."""
    return (
        state("health", minutes, "Degraded", "Healthy"),
        state("health", minutes + restored_after, "Healthy", "Degraded"),
    )


def record(*changes: RecordedChange, watched: tuple[tuple[float, float], ...] | None = None) -> DeliveryRecord:
    """Return the record of changes. Everything since START is watched unless `watched` contains spans of minutes."""
    spans = (TimeSpan(START, NOW),) if watched is None else tuple(TimeSpan(at(one), at(end)) for one, end in watched)
    replay = StateReplay(START, is_on_demand=False)
    replay.extend(map(to_state_change, changes_of_states(changes)))
    return DeliveryRecord(
        releases=tuple(item for item in changes if item.kind == "release"),
        syncs=tuple(item.at for item in changes if item.kind == "revision"),
        steps=replay.steps,
        outages=replay.outages,
        watched=spans,
    )


def changes_of_states(changes: Iterable[RecordedChange]) -> list[RecordedChange]:
    return [item for item in changes if item.kind in STATE_KINDS]


def to_state_change(item: RecordedChange) -> StateChange:
    assert item.application is not None
    has_server_time = item.server_at is not None
    return StateChange(
        item.observed_at, item.at, item.id, item.kind, item.application, item.before, item.after, has_server_time
    )
