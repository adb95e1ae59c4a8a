"""Recorded changes for tests of what reads the history."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.history.records import RecordedChange, WatchSession
from anchor_tui.domain.model import AppId
from tests.values import NOW, replace

COMMIT = "58c99611d007a6cc61b03fc859cecf01bfcf1e22"
GATEWAY = AppId("argocd", "argocd", "gateway")


def recorded(id_: int, kind: str, after: str | None, minutes_ago: float = 0, **changes: object) -> RecordedChange:
    """Return a change of prod that was observed so many minutes before NOW."""
    at = NOW - timedelta(minutes=minutes_ago)
    base = RecordedChange(kind, after, at, before="before", environment="prod", id=id_)
    return replace(base, **changes)


def health(id_: int, after: str | None, minutes_ago: float = 0, **changes: object) -> RecordedChange:
    """Return a change of the gateway's health."""
    return recorded(id_, "health", after, minutes_ago, **{"application": GATEWAY, "before": "Healthy", **changes})


def session(from_min: float, until_min: float | None) -> WatchSession:
    """Return a session from so many minutes ago until so many minutes ago; None: it has not ended."""
    end = None if until_min is None else NOW - timedelta(minutes=until_min)
    return WatchSession(NOW - timedelta(minutes=from_min), end)


def deployment() -> tuple[RecordedChange, ...]:
    """Return a pull request, its release, the sync of it and the failure after it, newest first."""
    return (
        health(6, "Degraded", 1),
        recorded(5, "revision", COMMIT, 4, application=GATEWAY, before="a" * 40),
        recorded(4, "release", "1.44.0", 9, before="1.43.2", pull_request=233, actor="m-ito", detail="Promote 1.44.0"),
        recorded(3, "pull-request", "merged", 9.5, before="open", subject="233", pull_request=233),
        recorded(2, "checks", "success", 20, before="pending", subject="233", pull_request=233),
        recorded(1, "pull-request", "open", 60, before="absent", subject="233", pull_request=233, actor="m-ito"),
    )
