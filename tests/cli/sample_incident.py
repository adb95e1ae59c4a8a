"""An incident with one of everything, for the tests of the formats."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.history.incidents import (
    EnvironmentImpact,
    Incident,
    IncidentAction,
    IncidentEntry,
    IncidentFacts,
    IncidentNote,
    IncidentPullRequest,
    IncidentReport,
    OpenItem,
)
from tests.values import NOW

PULL_REQUEST_URL = "https://github.com/anchor/anchor-msp-ops/pull/233"


def make_report() -> IncidentReport:
    """Return the hand-over of an incident that has ended."""
    end = NOW + timedelta(minutes=42)
    incident = Incident(12, "gateway is down", NOW, "kim@laptop", end, "lee@desk")
    facts = IncidentFacts(
        end,
        (
            EnvironmentImpact("staging", ok=timedelta(minutes=42)),
            EnvironmentImpact(
                "prod", failing=timedelta(minutes=30), unknown=timedelta(seconds=20), ok=timedelta(seconds=700)
            ),
        ),
        (
            IncidentEntry(
                NOW - timedelta(minutes=4),
                "change",
                "release 1.43.1 → 1.44.0 (#231)",
                environment="prod",
                detail="Promote 1.44.0",
                actor="lee",
                url="https://github.com/anchor/anchor-msp-ops/pull/231",
                pull_request=231,
                is_imported=True,
            ),
            IncidentEntry(
                NOW + timedelta(minutes=1),
                "change",
                "12 applications Healthy → Degraded",
                "failing",
                "prod",
                until=NOW + timedelta(minutes=2),
                count=12,
            ),
            IncidentEntry(
                NOW + timedelta(minutes=9),
                "action",
                "Roll back prod to 1.43.1: done",
                "ok",
                "prod",
                detail="#233 merged, reason: errors since 1.44.0",
                actor="kim@laptop",
                url=PULL_REQUEST_URL,
            ),
            IncidentEntry(
                NOW + timedelta(minutes=20),
                "gap",
                "not observed for 1 min",
                "unknown",
                until=NOW + timedelta(minutes=21),
            ),
        ),
        (
            IncidentAction(
                NOW + timedelta(minutes=9),
                "rollback",
                "done",
                "Roll back prod to 1.43.1",
                "prod",
                "prod",
                "errors since 1.44.0",
                "#233 merged",
                "kim@laptop",
                PULL_REQUEST_URL,
            ),
        ),
        (
            IncidentPullRequest(
                233,
                "Roll back prod to 1.43.1",
                "merged",
                "success",
                PULL_REQUEST_URL,
                NOW + timedelta(minutes=9),
                NOW + timedelta(minutes=14),
            ),
        ),
        (
            OpenItem("environment", "attention since 2026-11-23 15:00 UTC: gateway is OutOfSync", "prod"),
            OpenItem("pull-request", "#200 is open: Bump", url="https://github.com/anchor/anchor-msp-ops/pull/200"),
        ),
    )
    notes = (IncidentNote(NOW + timedelta(minutes=3), "kim@laptop", "the pods restart: see the log", 1),)
    return IncidentReport(incident, notes, facts, "anchor-msp", "laptop")
